//! Which version of the engine's API is spoken: the newest that both sides know, pinned for all
//! calls.
//!
//! The client sends paths without a version, which an engine answers with its newest; a modifier
//! puts the pinned one in front.

use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker as Client};

use super::error::EngineError;
use crate::domain::text::printable;

/// The oldest API that is spoken: that of engine 20.10 (December 2020), the oldest one tried.
const OLDEST: ClientVersion = ClientVersion {
    major_version: 1,
    minor_version: 41,
};

/// The API versions that an engine offers.
#[derive(Debug)]
pub(super) struct Offer {
    pub engine: String,
    pub oldest: String,
    pub newest: String,
}

impl Offer {
    /// The newest version that both sides speak.
    pub fn choose(&self) -> Result<ClientVersion, EngineError> {
        let ours = *API_DEFAULT_VERSION;
        let unsupported = || EngineError::Unsupported {
            engine: self.engine.clone(),
            offers: printable(&format!("{} to {}", self.oldest, self.newest), 60),
            needs: format!("{OLDEST} to {ours}"),
        };
        let newest = parse_version(&self.newest).ok_or_else(unsupported)?;
        let chosen = if newest < ours { newest } else { ours };
        let too_old = chosen < OLDEST;
        let too_new = parse_version(&self.oldest).is_some_and(|oldest| chosen < oldest);
        if too_old || too_new {
            Err(unsupported())
        } else {
            Ok(chosen)
        }
    }
}

fn parse_version(text: &str) -> Option<ClientVersion> {
    let (major, minor) = text.split_once('.')?;
    Some(ClientVersion {
        major_version: major.parse().ok()?,
        minor_version: minor.parse().ok()?,
    })
}

/// The client with each path under a version.
pub(super) fn pinned(client: Client, version: &ClientVersion) -> Client {
    let prefix = format!("/v{version}");
    client.with_request_modifier(move |request| under(request, &prefix))
}

fn under(mut request: BollardRequest, prefix: &str) -> BollardRequest {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or_default();
    let authority = uri.authority().map_or("", |a| a.as_str());
    let path = uri.path_and_query().map_or("", |p| p.as_str());
    // The parts come from a URI and the prefix is digits and a dot, so this is a URI again; were
    // it not, the path without a version is the same request to the engine's newest API.
    if let Ok(uri) = format!("{scheme}://{authority}{prefix}{path}").parse() {
        *request.uri_mut() = uri;
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(oldest: &str, newest: &str) -> Result<String, EngineError> {
        let offer = Offer {
            engine: "27.0".to_owned(),
            oldest: oldest.to_owned(),
            newest: newest.to_owned(),
        };
        offer.choose().map(|v| v.to_string())
    }

    #[test]
    fn the_newest_common_version_is_pinned() {
        assert_eq!(chosen("1.12", "1.41").unwrap(), "1.41");
        assert_eq!(
            chosen("1.44", "1.99").unwrap(),
            API_DEFAULT_VERSION.to_string()
        );
    }

    #[test]
    fn an_engine_without_a_common_version_is_named() {
        for (oldest, newest) in [("1.12", "1.40"), ("1.99", "1.100"), ("", ""), ("1.12", "x")] {
            let error = chosen(oldest, newest).unwrap_err();
            assert!(matches!(error, EngineError::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains("27.0"));
        }
    }
}
