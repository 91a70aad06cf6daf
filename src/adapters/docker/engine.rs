//! The connection, and the one place where a request is sent, timed, and (if it is idempotent) sent
//! again.
//!
//! `Docker::connect` only reads the address, so that a server can start while its engine is
//! down; the first call asks for the version and pins it.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error as ClientError;
use bollard::{ClientVersion, Docker as Client};
use tokio::sync::OnceCell;

use super::address::{Address, DEFAULT_ADDRESS};
use super::api_version::{Offer, pinned};
use super::error::{EngineError, classify};
use super::identifiers::Instance;
use crate::domain::text::printable;

/// What a reading call may take: it answers in milliseconds, and in seconds on a disk that is
/// busy with a build.
pub(super) const QUERY: Duration = Duration::from_secs(15);

/// What a changing call may take: removing a large layer from a busy disk is the slowest.
pub(super) const CHANGE: Duration = Duration::from_secs(60);

/// Pauses before an idempotent call is sent again: together long enough for the restart of an
/// engine that has few containers.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// The door to one engine, for one instance of Commander. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Docker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: Address,
    instance: Instance,
    speaking: OnceCell<Speaking>,
}

/// What the two sides agreed on at the first call.
#[derive(Debug)]
struct Speaking {
    client: Client,
    version: ClientVersion,
}

/// What the engine says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    pub version: String,
    /// The API version that is pinned for all calls.
    pub api_version: String,
    /// The system whose containers it runs: `linux` or `windows`.
    pub os: String,
    pub storage_driver: String,
    /// Where images and containers lie, on the engine's machine.
    pub root_dir: String,
    /// As the engine's kernel calls it, like `x86_64`.
    pub architecture: String,
}

impl Docker {
    /// `host` is the value of `DOCKER_HOST`, if there is one; an empty one counts as none, as for
    /// Docker's own client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`EngineError::BadAddress`].
    pub fn connect(host: Option<&str>, instance: Instance) -> Result<Self, EngineError> {
        let given = host.filter(|host| !host.is_empty());
        let address = Address::parse(given.unwrap_or(DEFAULT_ADDRESS))?;
        Ok(Self {
            inner: Arc::new(Inner {
                address,
                instance,
                speaking: OnceCell::new(),
            }),
        })
    }

    pub fn instance(&self) -> &Instance {
        &self.inner.instance
    }

    /// Whether the engine answers now. Not sent again: a person waits for it.
    ///
    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn ping(&self) -> Result<(), EngineError> {
        self.once("answer a ping", QUERY, |client| async move {
            client.ping().await.map(drop)
        })
        .await
    }

    /// # Errors
    ///
    /// Says what is in the way.
    pub async fn info(&self) -> Result<EngineInfo, EngineError> {
        let doing = "describe itself";
        let info = self
            .idempotent(doing, QUERY, |client| async move { client.info().await })
            .await?;
        // The client itself would name the newest version that it knows.
        let api = self.speaking(doing).await?.version;
        let text = |value: Option<String>| printable(&value.unwrap_or_default(), 300);
        Ok(EngineInfo {
            version: text(info.server_version),
            api_version: api.to_string(),
            os: text(info.os_type),
            storage_driver: text(info.driver),
            root_dir: text(info.docker_root_dir),
            architecture: text(info.architecture),
        })
    }

    /// Free bytes on the disk of the engine's root directory; `None` when the engine is on
    /// another machine or its directory cannot be looked at.
    ///
    /// # Errors
    ///
    /// When the engine does not say where its root directory is.
    pub async fn free_disk_bytes(&self) -> Result<Option<u64>, EngineError> {
        if !self.is_local() {
            return Ok(None);
        }
        Ok(free_bytes(Path::new(&self.info().await?.root_dir)))
    }

    /// Whether the engine runs on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.inner.address.is_local()
    }

    /// Sends a request once.
    pub(super) async fn once<T, F, S>(
        &self,
        doing: &'static str,
        limit: Duration,
        send: S,
    ) -> Result<T, EngineError>
    where
        S: FnOnce(Client) -> F,
        F: Future<Output = Result<T, ClientError>>,
    {
        let client = self.client(doing, limit).await?;
        match tokio::time::timeout(limit, send(client)).await {
            Ok(answer) => answer.map_err(|error| self.classify(&error, doing, limit)),
            Err(_) => Err(EngineError::Hanging {
                doing,
                after: limit,
            }),
        }
    }

    /// Sends a request that does no harm when it arrives twice, again after a pause where the
    /// engine was away. A hanging engine is not asked again: the time is already lost.
    ///
    /// These are all readings, and start, stop, remove, tag and untag. Create, rename, restart,
    /// pull, build and a run to its end are sent once.
    pub(super) async fn idempotent<T, F, S>(
        &self,
        doing: &'static str,
        limit: Duration,
        send: S,
    ) -> Result<T, EngineError>
    where
        S: Fn(Client) -> F,
        F: Future<Output = Result<T, ClientError>>,
    {
        for pause in PAUSES {
            match self.once(doing, limit, &send).await {
                Err(error) if error.is_away() => tokio::time::sleep(pause).await,
                answer => return answer,
            }
        }
        self.once(doing, limit, &send).await
    }

    pub(super) fn classify(
        &self,
        error: &ClientError,
        doing: &'static str,
        limit: Duration,
    ) -> EngineError {
        classify(error, doing, &self.inner.address.to_string(), limit)
    }

    /// The client with the pinned version, whose answers must begin within `limit`.
    pub(super) async fn client(
        &self,
        doing: &'static str,
        limit: Duration,
    ) -> Result<Client, EngineError> {
        let client = self.speaking(doing).await?.client.clone();
        // The client counts in whole seconds; the exact limit is kept by whoever asks.
        Ok(client.with_timeout(limit.saturating_add(Duration::from_secs(1))))
    }

    async fn speaking(&self, doing: &'static str) -> Result<&Speaking, EngineError> {
        let agree = || self.negotiate(doing);
        self.inner.speaking.get_or_try_init(agree).await
    }

    async fn negotiate(&self, doing: &'static str) -> Result<Speaking, EngineError> {
        let failed = |error: &ClientError| self.classify(error, doing, QUERY);
        let client = self.inner.address.client(QUERY).map_err(|e| failed(&e))?;
        let answer = tokio::time::timeout(QUERY, client.version())
            .await
            .map_err(|_| EngineError::Hanging {
                doing,
                after: QUERY,
            })?
            .map_err(|e| failed(&e))?;
        let offers = Offer {
            engine: printable(&answer.version.unwrap_or_default(), 100),
            oldest: answer.min_api_version.unwrap_or_default(),
            newest: answer.api_version.unwrap_or_default(),
        };
        let version = offers.choose()?;
        Ok(Speaking {
            client: pinned(client, &version),
            version,
        })
    }
}

fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_answer_with_values_cannot_reach_a_log() {
        // The client writes whole requests and answers, environment values among them, to the
        // `log` crate at debug level; the feature in Cargo.toml compiles that away.
        assert!(log::STATIC_MAX_LEVEL <= log::LevelFilter::Info);
    }
}
