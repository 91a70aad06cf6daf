//! The running server, as the command line sees it: where it is, and one function for each kind
//! of request.
//!
//! It is found by `COMMANDER_URL` and `COMMANDER_TOKEN`, else by the two files that the server
//! keeps in its data directory: `server.json` (where it listens) and `cli.token` (readable by its
//! owner only).

use std::fmt::Display;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::exit::{Failure, Problem};
use crate::config::Config;
use crate::os::env;
use crate::os::http::{Answer, Client, HttpError, Limits, Opened, Patience, Request, Route, Verb};

/// Where the server is, in its data directory.
pub(super) const SERVER_FILE: &str = "server.json";
/// The token of the person who started it, beside that.
pub(super) const TOKEN_FILE: &str = "cli.token";

const URL_VARIABLE: &str = "COMMANDER_URL";
const TOKEN_VARIABLE: &str = "COMMANDER_TOKEN";

/// A plan of a branch that moved waits for a fetch, which has five minutes.
const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(330),
    max_body_bytes: 64 * 1024 * 1024,
};

/// The server says something at least every 15 s.
const PATIENCE: Patience = Patience {
    open: Duration::from_secs(30),
    silence: Duration::from_secs(60),
    max_event_bytes: 4 * 1024 * 1024,
};

#[derive(Debug, Clone)]
pub struct Server {
    client: Client,
    /// Scheme, host and port, without a slash at the end.
    base: String,
    /// `Bearer ...`, where there is a token.
    authorization: Option<String>,
}

/// What the server writes when it listens.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ServerFile {
    pub address: SocketAddr,
    /// For whoever looks for the process; nothing here asks for it.
    pub pid: u32,
}

impl Server {
    /// # Errors
    ///
    /// When nothing says where the server is, or what does cannot be read.
    pub fn find(config: impl FnOnce() -> Result<Config, Failure>) -> Result<Self, Failure> {
        let given = |name| {
            let value = env::variable(name)?.into_string().ok()?;
            (!value.is_empty()).then_some(value)
        };
        let (url, token) = (given(URL_VARIABLE), given(TOKEN_VARIABLE));
        if let (Some(url), Some(token)) = (&url, &token) {
            return Self::at(url, Some(token));
        }
        let directory = config()?.store.directory();
        let directory = directory.map_err(|error| Failure::Usage(error.to_string()))?;
        let url = match url {
            Some(url) => url,
            None => address(&directory)?,
        };
        let token = match token {
            Some(token) => Some(token),
            None => stored_token(&directory)?,
        };
        Self::at(&url, token.as_deref())
    }

    /// The server on a data directory, with the right of the person who started it.
    ///
    /// # Errors
    ///
    /// When it has not started, or its files cannot be read.
    pub fn of(directory: &Path) -> Result<Self, Failure> {
        Self::at(&address(directory)?, stored_token(directory)?.as_deref())
    }

    /// # Errors
    ///
    /// When the address is none, or the HTTP client cannot be set up.
    pub fn at(url: &str, token: Option<&str>) -> Result<Self, Failure> {
        let client = Client::new(Route::Direct);
        Ok(Self {
            client: client.map_err(|error| Failure::Internal(error.to_string()))?,
            base: url.trim_end_matches('/').to_owned(),
            authorization: token.map(|token| format!("Bearer {}", token.trim())),
        })
    }

    /// What the state of this person's command line is kept under.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.send(Verb::Get, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Result<Reply, Failure> {
        self.send(Verb::Delete, path, None).await
    }

    pub async fn put(&self, path: &str, body: &impl Serialize) -> Result<Reply, Failure> {
        self.send(Verb::Put, path, Some(json(body)?)).await
    }

    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Reply, Failure> {
        self.send(Verb::Post, path, Some(json(body)?)).await
    }

    /// Opens a stream of events behind the event `after`.
    pub async fn events(
        &self,
        path: &str,
        after: &str,
    ) -> Result<crate::os::http::Events, Failure> {
        let resume = (!after.is_empty()).then_some(("last-event-id", after));
        let headers: Vec<_> = resume.into_iter().chain(self.authorized()).collect();
        let request = Request {
            verb: Verb::Get,
            url: &format!("{}{path}", self.base),
            headers: &headers,
            body: None,
        };
        match self.client.events(request, PATIENCE).await {
            Ok(Opened::Events(events)) => Ok(events),
            Ok(Opened::Answer(answer)) => {
                accepted(answer)?;
                Err(Failure::NotUnderstood(format!(
                    "{path} is no stream of events"
                )))
            }
            Err(error) => Err(self.no_answer(error)),
        }
    }

    async fn send(&self, verb: Verb, path: &str, body: Option<String>) -> Result<Reply, Failure> {
        let headers: Vec<_> = self.authorized().into_iter().collect();
        let request = Request {
            verb,
            url: &format!("{}{path}", self.base),
            headers: &headers,
            body,
        };
        let answer = self.client.send(request, LIMITS).await;
        accepted(answer.map_err(|error| self.no_answer(error))?)
    }

    fn authorized(&self) -> Option<(&str, &str)> {
        let value = self.authorization.as_deref()?;
        Some(("authorization", value))
    }

    fn no_answer(&self, error: HttpError) -> Failure {
        match error {
            HttpError::Refused => Failure::NoServer {
                why: format!("nobody listens at {}", self.base),
            },
            source => Failure::NoAnswer {
                address: self.base.clone(),
                source,
            },
        }
    }
}

/// What the server answered, as it came.
#[derive(Debug, Clone)]
pub struct Reply {
    body: String,
}

impl Reply {
    /// # Errors
    ///
    /// When it is not what this version expects.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.body).map_err(not_understood)
    }

    pub fn body(&self) -> &str {
        &self.body
    }
}

/// A list, as every list comes.
#[derive(Debug, Deserialize)]
pub struct Items<T> {
    pub items: Vec<T>,
}

fn json(body: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(body).map_err(|error| Failure::Internal(error.to_string()))
}

fn accepted(answer: Answer) -> Result<Reply, Failure> {
    let body = String::from_utf8(answer.body).map_err(not_understood)?;
    if (200..300).contains(&answer.status) {
        return Ok(Reply { body });
    }
    let unexplained = Problem {
        status: answer.status,
        code: None,
        detail: String::new(),
        correlation_id: None,
        findings: Vec::new(),
    };
    Err(Failure::Problem(Box::new(
        serde_json::from_str(&body).unwrap_or(unexplained),
    )))
}

fn not_understood(error: impl Display) -> Failure {
    Failure::NotUnderstood(error.to_string())
}

/// Where the server of a data directory says that it listens.
///
/// # Errors
///
/// When no server runs on it.
pub fn address(directory: &Path) -> Result<String, Failure> {
    let file = directory.join(SERVER_FILE);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let why = format!("no server has started on {}", directory.display());
            return Err(Failure::NoServer { why });
        }
        Err(source) => return Err(unreadable(&file, source)),
    };
    let found: ServerFile = serde_json::from_str(&text)
        .map_err(|error| Failure::NotUnderstood(format!("{}: {error}", file.display())))?;
    Ok(format!("http://{}", reachable(found.address)))
}

/// Who listens everywhere is reached on loopback.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn stored_token(directory: &Path) -> Result<Option<String>, Failure> {
    let file = directory.join(TOKEN_FILE);
    match fs::read_to_string(&file) {
        Ok(token) => Ok(Some(token)),
        // The server says what is missing.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(unreadable(&file, source)),
    }
}

fn unreadable(file: &Path, source: std::io::Error) -> Failure {
    Failure::Unreadable {
        what: file.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached_on_loopback() {
        let address = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(address("0.0.0.0:7070"), "127.0.0.1:7070");
        assert_eq!(address("[::]:7070"), "[::1]:7070");
        assert_eq!(address("192.168.1.5:7070"), "192.168.1.5:7070");
    }
}
