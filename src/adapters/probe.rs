//! Commander's own requests to a service, on the address where it is published.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;

use crate::domain::snapshot::Publish;
use crate::domain::verdict::ProbeSummary;
use crate::os::clock;
use crate::os::http::{Client, HttpError, Route};

/// Cloning it is cheap.
#[derive(Debug, Clone)]
pub struct Probe {
    client: Client,
}

/// What one GET came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAnswer {
    pub result: ProbeResult,
    pub took: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeResult {
    Status(u16),
    Refused,
    Timeout,
    /// The connection broke, or the answer was no HTTP.
    Broken(String),
}

impl ProbeAnswer {
    pub fn is_success(&self) -> bool {
        matches!(self.result, ProbeResult::Status(200..=299))
    }
}

impl Probe {
    /// # Errors
    ///
    /// When the HTTP client cannot be set up.
    pub fn new() -> Result<Self, HttpError> {
        Ok(Self {
            client: Client::new(Route::Direct)?,
        })
    }

    /// One GET: what the health gate asks with.
    pub async fn get(&self, publish: Publish, path: &str, timeout: Duration) -> ProbeAnswer {
        let begun = clock::monotonic();
        let answer = self.client.status(&url(publish, path), timeout).await;
        ProbeAnswer {
            result: match answer {
                Ok(status) => ProbeResult::Status(status),
                Err(HttpError::Refused) => ProbeResult::Refused,
                Err(HttpError::Timeout(_)) => ProbeResult::Timeout,
                Err(error) => ProbeResult::Broken(error.to_string()),
            },
            took: begun.elapsed(),
        }
    }

    /// The GETs of one evaluation, side by side, so that a service that hangs costs one timeout.
    pub async fn round(
        &self,
        publish: Publish,
        path: &str,
        requests: u32,
        timeout: Duration,
    ) -> ProbeSummary {
        let asked = (0..requests).map(|_| self.get(publish, path, timeout));
        summary(url(publish, path), &join_all(asked).await)
    }
}

/// A service that is published on every address is asked on loopback.
fn url(publish: Publish, path: &str) -> String {
    let address = match publish.address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    let address = SocketAddr::new(address, publish.port);
    format!("http://{address}/{}", path.trim_start_matches('/'))
}

fn summary(url: String, answers: &[ProbeAnswer]) -> ProbeSummary {
    let mut summary = ProbeSummary {
        url,
        sent: 0,
        ok: 0,
        server_errors: 0,
        other_statuses: 0,
        refused: 0,
        timeouts: 0,
        broken: 0,
        slowest_milliseconds: 0,
    };
    for answer in answers {
        summary.sent += 1;
        *match answer.result {
            ProbeResult::Status(200..=299) => &mut summary.ok,
            ProbeResult::Status(500..=599) => &mut summary.server_errors,
            ProbeResult::Status(_) => &mut summary.other_statuses,
            ProbeResult::Refused => &mut summary.refused,
            ProbeResult::Timeout => &mut summary.timeouts,
            ProbeResult::Broken(_) => &mut summary.broken,
        } += 1;
        let took = u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX);
        summary.slowest_milliseconds = summary.slowest_milliseconds.max(took);
    }
    summary
}
