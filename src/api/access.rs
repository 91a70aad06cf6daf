//! Who is asking. Every route below `/api` but the sign-in goes through [`require_person`]: a
//! bearer token may do all that its person may, a cookie reads, and changes only together with the
//! value that its page holds.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::Api;
use super::problem::{Problem, SurfaceCode};
use crate::domain::name::PersonName;
use crate::domain::plan::Surface;

const CSRF: &str = "x-commander-csrf";

/// The person, and through what they speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub person: PersonName,
    pub surface: Surface,
}

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only on a route that does not go through the check below.
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| Problem::internal("this route does not ask who you are"))
    }
}

pub async fn require_person(
    State(api): State<Arc<Api>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let by = identify(&api, request.headers(), request.method())?;
    tracing::Span::current().record("by", by.person.as_str());
    request.extensions_mut().insert(by);
    Ok(next.run(request).await)
}

fn identify(api: &Api, headers: &HeaderMap, method: &Method) -> Result<By, Problem> {
    if let Some(token) = bearer(headers)? {
        let person = api.flow.person_of(token)?.ok_or_else(|| {
            Problem::unauthorised(
                "this token is not valid (any more): make one with `commander token add NAME`",
            )
        })?;
        let surface = surface(headers);
        return Ok(By { person, surface });
    }
    let csrf = headers.get(CSRF).and_then(|value| value.to_str().ok());
    let known = cookie(headers, &api.cookie_name).and_then(|c| api.sessions.find(c, csrf));
    let Some(known) = known else {
        return Err(Problem::unauthorised(
            "say who you are: send `Authorization: Bearer TOKEN`, or sign in with the address that `commander serve` prints",
        ));
    };
    if !method.is_safe() && !known.may_change {
        return Err(Problem::new(
            SurfaceCode::CsrfRequired,
            "a change needs the value from the sign-in in the header X-Commander-Csrf: sign in again in this tab",
        ));
    }
    Ok(By {
        person: known.person,
        surface: Surface::Web,
    })
}

/// # Errors
///
/// When there is an `Authorization` that is no bearer token: it is not passed over for a cookie.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    token
        .map(Some)
        .ok_or_else(|| Problem::unauthorised("send `Authorization: Bearer TOKEN`"))
}

pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Our own command line names itself as every request of this program does.
fn surface(headers: &HeaderMap) -> Surface {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    match agent {
        Some(agent) if agent.starts_with("devops-commander/") => Surface::Cli,
        _ => Surface::Api,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_a_bearer_token_is_read_and_nothing_else_is_passed_over() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers), Ok(None));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("bearer tok_1"));
        assert_eq!(bearer(&headers), Ok(Some("tok_1")));
        for other in ["Basic YTpi", "tok_1", ""] {
            headers.insert(AUTHORIZATION, HeaderValue::from_static(other));
            assert!(bearer(&headers).is_err(), "{other}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_those_of_other_services() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; xcommander_1=no"));
        headers.append(COOKIE, HeaderValue::from_static("b; commander_1=yes"));
        assert_eq!(cookie(&headers, "commander_1"), Some("yes"));
        assert_eq!(cookie(&headers, "commander"), None);
    }
}
