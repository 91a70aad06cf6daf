//! The HTTP shape of an error, in one place: `application/problem+json` (RFC 9457) with a stable
//! code, a sentence that a person can act on, and the correlation id of the log lines about it.

use std::collections::BTreeMap;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{self, RefOr};

use super::correlation;
use crate::adapters::db::StoreError;
use crate::domain::advice::Finding;
use crate::domain::text::printable;
use crate::flow::{Code, FlowError};

/// Characters of a sentence that quotes what was sent.
const DETAIL: usize = 1_000;

/// What a handler, an extractor or a check at the door answers instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: StatusCode,
    code: ProblemCode,
    detail: String,
    findings: Vec<Finding>,
    /// What the log says instead of `detail`, where that quotes what was sent: a token may have
    /// been put there by mistake.
    logged: Option<&'static str>,
}

/// Why it was not done. Stable: scripts and pages decide by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ProblemCode {
    Flow(Code),
    Surface(SurfaceCode),
}

/// What can be wrong with a request before anything is asked of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SurfaceCode {
    /// It cannot be read: not JSON, an unknown field, a wrong type, no such parameter.
    BadRequest,
    /// The body has another content type than JSON.
    UnsupportedMediaType,
    /// There is no token or session, or it is not valid any more.
    Unauthorised,
    /// A change by cookie lacks the value that the page holds.
    CsrfRequired,
    /// `Host` or `Origin` names somebody else.
    ForbiddenOrigin,
    /// No such route.
    NotFound,
    MethodNotAllowed,
    /// The body is longer than 64 KiB.
    TooLarge,
    /// This person has so many event streams open that there are no more.
    TooManyStreams,
    /// A broken own invariant.
    Internal,
}

/// The body as it is sent.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Always `about:blank`: the code says which problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The phrase of the HTTP status.
    title: &'static str,
    status: u16,
    code: ProblemCode,
    /// What is wrong and what to do, in one sentence.
    detail: String,
    /// In every log line about this request, and in the answer's `X-Request-Id`.
    correlation_id: String,
    /// What the procedures found, where they are the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

impl SurfaceCode {
    const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::UnsupportedMediaType,
        Self::Unauthorised,
        Self::CsrfRequired,
        Self::ForbiddenOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::TooManyStreams,
        Self::Internal,
    ];

    fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::CsrfRequired | Self::ForbiddenOrigin => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyStreams => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Every code with its status, by status.
pub fn codes() -> Vec<(StatusCode, ProblemCode)> {
    let flow = Code::ALL.map(|code| (status(code), ProblemCode::Flow(code)));
    let surface = SurfaceCode::ALL.map(|code| (code.status(), ProblemCode::Surface(code)));
    let mut codes: Vec<_> = flow.into_iter().chain(surface).collect();
    codes.sort_by_key(|(status, _)| *status);
    codes
}

impl Problem {
    pub fn new(code: SurfaceCode, detail: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            code: ProblemCode::Surface(code),
            detail: printable(&detail.into(), DETAIL),
            findings: Vec::new(),
            logged: None,
        }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(SurfaceCode::BadRequest, detail)
    }

    /// `detail` may quote what was sent, `what` says in the log which part of the request it was.
    fn unreadable(what: &'static str, detail: String) -> Self {
        Self {
            logged: Some(what),
            ..Self::bad_request(detail)
        }
    }

    pub fn unauthorised(detail: impl Into<String>) -> Self {
        Self::new(SurfaceCode::Unauthorised, detail)
    }

    pub fn forbidden_origin(detail: impl Into<String>) -> Self {
        Self::new(SurfaceCode::ForbiddenOrigin, detail)
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(SurfaceCode::Internal, detail)
    }

    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
            correlation_id: correlation::current().to_string(),
            findings: self.findings.clone(),
        }
    }

    /// What may stand in the log: it quotes nothing of what was sent.
    pub fn logged(&self) -> &str {
        self.logged.unwrap_or(&self.detail)
    }
}

/// The table of statuses.
fn status(code: Code) -> StatusCode {
    match code {
        Code::InvalidInput => StatusCode::BAD_REQUEST,
        Code::NotAllowed => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Conflict
        | Code::DigestMismatch
        | Code::Drift
        | Code::Expired
        | Code::Superseded
        | Code::NotPending
        | Code::TooLate => StatusCode::CONFLICT,
        Code::Blocked | Code::Quarantined | Code::NothingToRollBackTo | Code::NothingLive => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Code::Shortened => StatusCode::GONE,
        Code::Unavailable | Code::Storage => StatusCode::SERVICE_UNAVAILABLE,
        Code::Tampered => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Self {
        Self {
            status: status(error.code),
            code: ProblemCode::Flow(error.code),
            detail: printable(&error.message, DETAIL),
            findings: error.findings,
            logged: None,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        FlowError::from(error).into()
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let detail = rejection.body_text();
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                SurfaceCode::TooLarge,
                "the body is longer than 64 KiB: say it shorter",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                SurfaceCode::UnsupportedMediaType,
                "send the body as JSON, with Content-Type: application/json",
            ),
            _ => Self::unreadable("the body cannot be read", detail),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::unreadable("the path cannot be read", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::unreadable("the query cannot be read", rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body();
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        // The log line of the request says why.
        response.extensions_mut().insert(self);
        response
    }
}

/// In the description, any answer of another status than those named is a problem.
impl utoipa::IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        let body = openapi::Ref::from_schema_name("Problem");
        let content = openapi::Content::new(Some(body));
        let response = openapi::ResponseBuilder::new()
            .description("It was not done; `code` says why.")
            .content("application/problem+json", content);
        BTreeMap::from([("default".to_owned(), response.build().into())])
    }
}

pub async fn no_such_route() -> Problem {
    Problem::new(
        SurfaceCode::NotFound,
        "there is nothing here: GET /openapi.json lists all routes",
    )
}

pub async fn no_such_method() -> Problem {
    Problem::new(
        SurfaceCode::MethodNotAllowed,
        "this route does not have that method: GET /openapi.json lists all routes",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_status_that_a_client_expects() {
        for (code, expected) in [
            (Code::InvalidInput, 400),
            (Code::NotAllowed, 403),
            (Code::NotFound, 404),
            (Code::Conflict, 409),
            (Code::DigestMismatch, 409),
            (Code::Drift, 409),
            (Code::Expired, 409),
            (Code::Superseded, 409),
            (Code::NotPending, 409),
            (Code::TooLate, 409),
            (Code::Shortened, 410),
            (Code::Blocked, 422),
            (Code::Quarantined, 422),
            (Code::NothingToRollBackTo, 422),
            (Code::NothingLive, 422),
            (Code::Tampered, 500),
            (Code::Unavailable, 503),
            (Code::Storage, 503),
        ] {
            assert_eq!(status(code).as_u16(), expected, "{code:?}");
        }
    }

    #[test]
    fn what_was_sent_is_quoted_without_its_control_characters() {
        let problem = Problem::bad_request("no \u{1b}[2J field \u{202e}");
        assert!(
            problem
                .detail
                .chars()
                .all(crate::domain::text::is_printable)
        );
    }
}
