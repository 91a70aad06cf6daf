//! Signing in, and the tokens of people.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::access::{self, By};
use super::extract::{InPath, Items, Json};
use super::problem::Problem;
use crate::domain::name::PersonName;
use crate::flow::{KnownToken, NewToken};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The sign-in token of the printed address, or a person's own token.
    token: String,
}

#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    person: PersonName,
    /// Goes into the header `X-Commander-Csrf` of every change. It is told only here.
    csrf: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: PersonName,
}

/// Exchange a token for a session: a cookie that reads, and a value that changes need.
#[utoipa::path(
    post, path = "/api/session", operation_id = "signIn", tag = "access", security(()),
    responses((status = OK, body = SignedIn), Problem),
)]
pub async fn sign_in(
    State(api): State<Arc<Api>>,
    Json(given): Json<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let person = match api.sessions.accept(&given.token) {
        Some(person) => Some(person),
        None => api.flow.person_of(&given.token)?,
    };
    let person = person.ok_or_else(|| {
        Problem::unauthorised(
            "this sign-in token was used, is too old or was never one: restart `commander serve` for a new address, or sign in with your own token",
        )
    })?;
    let opened = api
        .sessions
        .open(person.clone())
        .map_err(|error| Problem::internal(error.to_string()))?;
    let cookie = format!(
        "{}={}; HttpOnly; SameSite=Strict; Path=/",
        api.cookie_name, opened.cookie
    );
    let csrf = opened.csrf;
    Ok(([(SET_COOKIE, cookie)], Json(SignedIn { person, csrf })))
}

/// End the session of the cookie.
#[utoipa::path(
    delete, path = "/api/session", operation_id = "signOut", tag = "access",
    responses((status = NO_CONTENT), Problem),
)]
pub async fn sign_out(State(api): State<Arc<Api>>, headers: HeaderMap) -> StatusCode {
    if let Some(cookie) = access::cookie(&headers, &api.cookie_name) {
        api.sessions.close(cookie);
    }
    StatusCode::NO_CONTENT
}

/// Make a token for a person. It is shown only here; its hash is what is kept.
#[utoipa::path(
    post, path = "/api/tokens", operation_id = "addToken", tag = "access",
    responses((status = OK, body = NewToken), Problem),
)]
pub async fn add(
    State(api): State<Arc<Api>>,
    by: By,
    Json(named): Json<Named>,
) -> Result<Json<NewToken>, Problem> {
    Ok(Json(api.flow.add_token(&named.name, &by.person).await?))
}

/// The names of the tokens that may act.
#[utoipa::path(
    get, path = "/api/tokens", operation_id = "listTokens", tag = "access",
    responses((status = OK, body = Items<KnownToken>), Problem),
)]
pub async fn list(State(api): State<Arc<Api>>) -> Result<Json<Items<KnownToken>>, Problem> {
    Ok(Json(api.flow.tokens()?.into()))
}

/// Revoke a token, and end the sessions and event streams that were opened with it.
#[utoipa::path(
    delete, path = "/api/tokens/{name}", operation_id = "revokeToken", tag = "access", params(("name" = PersonName, Path)),
    responses((status = NO_CONTENT), Problem),
)]
pub async fn revoke(
    State(api): State<Arc<Api>>,
    by: By,
    InPath(name): InPath<PersonName>,
) -> Result<StatusCode, Problem> {
    api.flow.revoke_token(&name, &by.person).await?;
    api.sessions.close_all_of(&name);
    api.streams.close_all_of(&name);
    Ok(StatusCode::NO_CONTENT)
}
