//! The door: who a request may say that it is for, where it may come from, and what every answer
//! tells the browser.
//!
//! A page of somebody else that has its name resolved to our address (DNS rebinding) shows itself
//! in `Host`; a page that sends to us across origins shows itself in `Origin`. The port is not
//! looked at: cookies ignore it as well, which is why a cookie alone changes nothing (`access`).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::Api;
use super::problem::Problem;

/// The names by which this server may be called.
#[derive(Debug, Clone)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Loopback's own names, and `more` from the configuration.
    pub fn new(more: &[String]) -> Self {
        let own = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned);
        let more = more.iter().map(|host| host.to_ascii_lowercase());
        Self(own.into_iter().chain(more).collect())
    }

    /// `authority` is a host with or without a port.
    fn allow(&self, authority: &str) -> bool {
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        let names_user = authority.as_str().contains('@');
        let host = authority.host().to_ascii_lowercase();
        !names_user && self.0.contains(&host)
    }

    fn allow_origin(&self, origin: &str) -> bool {
        let after_scheme = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        after_scheme.is_some_and(|authority| self.allow(authority))
    }

    /// # Errors
    ///
    /// `forbidden_origin`, with what to do where the name is rightly ours.
    fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        let mut named = headers.get_all(HOST).iter().map(HeaderValue::to_str);
        let host = match (named.next(), named.next(), uri.authority()) {
            (Some(Ok(host)), None, _) => host,
            (None, None, Some(authority)) => authority.as_str(),
            _ => return Err(Problem::forbidden_origin("name one Host")),
        };
        if !self.allow(host) {
            return Err(Problem::forbidden_origin(format!(
                "Commander is not called \"{host}\" here: use 127.0.0.1, or add the name to server.hosts"
            )));
        }
        for origin in headers.get_all(ORIGIN) {
            let origin = origin.to_str().unwrap_or_default();
            if !self.allow_origin(origin) {
                return Err(Problem::forbidden_origin(format!(
                    "requests from pages of \"{origin}\" are refused: add its host to server.hosts if it is yours"
                )));
            }
        }
        Ok(())
    }
}

pub async fn check_origin(
    State(api): State<Arc<Api>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    api.hosts.check(request.headers(), request.uri())?;
    Ok(next.run(request).await)
}

/// An answer is data for whoever asked: nothing in it is run, framed, guessed at or kept.
pub async fn protect(request: Request, next: Next) -> Response {
    const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_configured_names_are_ours_on_any_port() {
        let hosts = Hosts::new(&["Commander.Example".to_owned()]);
        for ours in [
            "localhost",
            "LOCALHOST:7070",
            "127.0.0.1:1",
            "[::1]:7070",
            "[::1]",
            "commander.example:443",
        ] {
            assert!(hosts.allow(ours), "{ours}");
        }
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:7070",
            "user@localhost",
            "localhost:7070@evil.example",
            "127.0.0.2",
            "",
            "::1",
            "localhost/",
        ] {
            assert!(!hosts.allow(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_origin_is_a_scheme_and_one_of_our_names() {
        let hosts = Hosts::new(&[]);
        assert!(hosts.allow_origin("http://localhost:8080"));
        assert!(hosts.allow_origin("https://127.0.0.1"));
        for foreign in [
            "null",
            "http://evil.example",
            "file://localhost",
            "localhost",
            "",
        ] {
            assert!(!hosts.allow_origin(foreign), "{foreign}");
        }
    }

    #[test]
    fn one_host_is_named_and_only_one() {
        let hosts = Hosts::new(&[]);
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/");
        assert!(hosts.check(&headers, &uri).is_err());
        headers.append(HOST, HeaderValue::from_static("localhost"));
        assert!(hosts.check(&headers, &uri).is_ok());
        headers.append(HOST, HeaderValue::from_static("localhost"));
        assert!(hosts.check(&headers, &uri).is_err());
    }
}
