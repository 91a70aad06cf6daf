//! Where an engine listens, and a client for it.

use std::fmt;
use std::time::Duration;

use bollard::errors::Error as ClientError;
use bollard::{API_DEFAULT_VERSION, Docker as Client};

use super::error::EngineError;
use crate::domain::text::printable;

pub(super) const DEFAULT_ADDRESS: &str = "unix:///var/run/docker.sock";

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Unix(String),
    Tcp(String),
}

impl Address {
    pub fn parse(host: &str) -> Result<Self, EngineError> {
        let bad = |why| EngineError::BadAddress {
            given: printable(host, 200),
            why,
        };
        let (scheme, rest) = host
            .split_once("://")
            .ok_or_else(|| bad("it has no scheme"))?;
        match scheme {
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.to_owned())),
            "unix" => Err(bad("the path of the socket must be absolute")),
            "tcp" | "http" => match rest.trim_end_matches('/').rsplit_once(':') {
                Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => {
                    Ok(Self::Tcp(rest.trim_end_matches('/').to_owned()))
                }
                _ => Err(bad("host and port are expected")),
            },
            "https" | "ssh" | "npipe" => Err(bad("this way to an engine is not supported")),
            _ => Err(bad("its scheme is not known")),
        }
    }

    pub fn is_local(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// A client whose answers must begin within a limit, counted in whole seconds.
    pub fn client(&self, limit: Duration) -> Result<Client, ClientError> {
        let seconds = limit.as_secs();
        match self {
            Self::Unix(path) => Client::connect_with_unix(path, seconds, API_DEFAULT_VERSION),
            Self::Tcp(host) => Client::connect_with_http(host, seconds, API_DEFAULT_VERSION),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sockets_or_hosts_with_a_port() {
        let parsed = |text: &str| Address::parse(text).map(|a| a.to_string());
        assert_eq!(parsed("unix:///run/d.sock").unwrap(), "unix:///run/d.sock");
        assert_eq!(
            parsed("tcp://10.0.0.1:2375/").unwrap(),
            "tcp://10.0.0.1:2375"
        );
        assert_eq!(parsed("http://h:2375").unwrap(), "tcp://h:2375");
        for bad in [
            "",
            "/run/d.sock",
            "unix://d.sock",
            "tcp://h",
            "tcp://:1",
            "ssh://h",
            "x://y",
        ] {
            assert!(
                matches!(parsed(bad), Err(EngineError::BadAddress { .. })),
                "{bad}"
            );
        }
    }
}
