//! The correlation id: the caller's own, or a new one; in every log line of the request, in the
//! answer's `X-Request-Id` and in the body of an error.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::Api;
use super::problem::Problem;
use crate::domain::id::{Id, is_id};
use crate::os::{clock, ids};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: CorrelationId;
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelationId(String);

impl Id for CorrelationId {
    const PREFIX: &'static str = "req";
    fn from_digits(digits: &str) -> Self {
        Self(format!("{}_{digits}", Self::PREFIX))
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl CorrelationId {
    /// The caller's, where it has the form of an id: it ends up in logs.
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        given
            .filter(|text| is_well_formed(text))
            .map_or_else(ids::new, |text| Self(text.to_owned()))
    }
}

fn is_well_formed(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The id of the request that is being answered; a new one outside of any.
pub fn current() -> CorrelationId {
    CURRENT
        .try_with(Clone::clone)
        .unwrap_or_else(|_| ids::new())
}

/// Gives the request its id and span, counts it, and writes its one line into the log. Neither
/// headers nor the query are logged, and of the path only the route and the ids in it: somebody
/// may have put a token there.
pub async fn correlate(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let id = CorrelationId::of(request.headers());
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("unmatched", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        correlation = %id,
        %method,
        path = %shown(&route, request.uri().path()),
        by = tracing::field::Empty,
    );
    let begun = clock::monotonic();
    let mut response = CURRENT
        .scope(id.clone(), next.run(request))
        .instrument(span.clone())
        .await;
    let took = begun.elapsed();
    api.metrics
        .request(&route, method.as_str(), response.status(), took);
    span.in_scope(|| log(&response, took));
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The route, with ids in place of its parameters; other parameters stay unnamed.
fn shown(route: &str, path: &str) -> String {
    let parts = route.split('/').zip(path.split('/'));
    let shown = parts.map(|(of_route, of_path)| match of_route.starts_with('{') {
        true if is_id(of_path) => of_path,
        _ => of_route,
    });
    shown.collect::<Vec<_>>().join("/")
}

fn log(response: &Response, took: std::time::Duration) {
    let status = response.status().as_u16();
    let milliseconds = took.as_secs_f64() * 1000.0;
    let problem = response.extensions().get::<Problem>();
    let why = problem.map_or("", Problem::logged);
    if response.status() >= StatusCode::INTERNAL_SERVER_ERROR {
        tracing::warn!(status, milliseconds, why, "answered");
    } else if problem.is_some() {
        tracing::info!(status, milliseconds, why, "refused");
    } else {
        tracing::info!(status, milliseconds, "answered");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_only_the_route_and_ids_are_logged() {
        let id = "pln_018f3c5e7d0a7c31b2a44f6f0c9d1e22";
        let secret = "tok_018f3c5e7d0a7c31b2a44f6f0c9d1e22018f3c5e7d0a7c31b2a44f6f0c9d1e22";
        for (route, path, expected) in [
            ("/api/plans", "/api/plans", "/api/plans".to_owned()),
            (
                "/api/plans/{id}/approve",
                &format!("/api/plans/{id}/approve"),
                format!("/api/plans/{id}/approve"),
            ),
            (
                "/api/plans/{id}",
                &format!("/api/plans/{secret}"),
                "/api/plans/{id}".to_owned(),
            ),
            ("unmatched", &format!("/{secret}"), "unmatched".to_owned()),
        ] {
            assert_eq!(shown(route, path), expected);
        }
    }

    #[test]
    fn an_id_of_the_caller_is_kept_where_it_may_stand_in_a_log() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static("ci-run.42_A"));
        assert_eq!(CorrelationId::of(&headers).to_string(), "ci-run.42_A");
        for bad in ["", "a b", "a\"b", "ä", &"x".repeat(65)] {
            headers.insert(HEADER, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            let id = CorrelationId::of(&headers).to_string();
            assert!(
                id.starts_with("req_") && id.len() == 36,
                "{bad:?} became {id}"
            );
        }
    }
}
