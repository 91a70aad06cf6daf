//! axum's extractors with our own shape of refusal, and what several handlers extract alike.

use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::adapters::db::Selection;
use crate::domain::id::InvalidId;
use crate::domain::name::{EnvironmentName, ServiceName};

/// Rows of a list where nobody says how many, and at most.
const USUAL_LIMIT: u32 = 50;
const LARGEST_LIMIT: u32 = 500;

/// A body of JSON, asked for or answered.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A body that may be left out.
impl<T, S> OptionalFromRequest<S> for Json<T>
where
    T: serde::de::DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let found: Option<axum::Json<T>> =
            <axum::Json<T> as OptionalFromRequest<S>>::from_request(request, state).await?;
        Ok(found.map(|axum::Json(body)| Self(body)))
    }
}

/// The variable parts of the path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct InPath<T>(pub T);

#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// A list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    pub items: Vec<T>,
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items }
    }
}

/// Which part of a list is wanted; newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Listed {
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    /// The id of one of the list: what is older than it is wanted.
    pub before: Option<String>,
    /// At most so many: 1 to 500.
    #[serde(default)]
    #[param(value_type = Option<u32>, default = 50, minimum = 1, maximum = 500)]
    pub limit: Limit,
}

impl Listed {
    /// Of a list of what has such ids.
    ///
    /// # Errors
    ///
    /// Where `before` is no such id.
    pub fn of<I: TryFrom<String, Error = InvalidId>>(self) -> Result<Selection, Problem> {
        Ok(Selection {
            service: self.service,
            environment: self.environment,
            before: before::<I>(self.before)?,
            limit: self.limit.0,
        })
    }
}

/// The same text, where it is such an id.
///
/// # Errors
///
/// Where it is none.
pub fn before<I: TryFrom<String, Error = InvalidId>>(
    id: Option<String>,
) -> Result<Option<String>, Problem> {
    if let Some(id) = id.clone() {
        I::try_from(id).map_err(|error| Problem::bad_request(error.to_string()))?;
    }
    Ok(id)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Limit(pub u32);

impl Default for Limit {
    fn default() -> Self {
        Self(USUAL_LIMIT)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("limit is a number from 1 to {LARGEST_LIMIT}")]
pub struct InvalidLimit;

impl TryFrom<u32> for Limit {
    type Error = InvalidLimit;
    fn try_from(limit: u32) -> Result<Self, InvalidLimit> {
        match limit {
            1..=LARGEST_LIMIT => Ok(Self(limit)),
            _ => Err(InvalidLimit),
        }
    }
}

/// What the client saw last of a stream.
///
/// # Errors
///
/// When the header is there and is no such mark.
pub fn last_event_id<T: std::str::FromStr>(headers: &HeaderMap) -> Result<Option<T>, Problem> {
    let Some(value) = headers.get("last-event-id").filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    let mark = value.to_str().ok().and_then(|text| text.parse().ok());
    mark.map(Some).ok_or_else(|| {
        Problem::bad_request("Last-Event-ID is not the id of an event of this stream")
    })
}
