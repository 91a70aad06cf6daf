//! What an HTTP answer of Prometheus means. Pure: status and body in, outcome out.

use serde::Deserialize;

use crate::domain::text::printable;
use crate::domain::verdict::{Outcome, QueryError, WrongType};
use crate::os::http::{Answer, HttpError};

/// Characters of an error message or warning that are kept.
const MESSAGE: usize = 300;

/// Since 2.48 Prometheus puts remarks on style beside the warnings that parts are missing.
const REMARK: &str = "PromQL info:";

#[derive(Debug, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Body<T> {
    Success {
        data: T,
        #[serde(default = "Vec::new")]
        warnings: Vec<String>,
    },
    #[serde(rename_all = "camelCase")]
    Error {
        #[serde(default)]
        error_type: String,
        #[serde(default)]
        error: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar(Sample),
    String(serde::de::IgnoredAny),
    Matrix(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
pub(super) struct Series {
    #[serde(default)]
    pub metric: std::collections::BTreeMap<String, String>,
    pub value: Sample,
}

/// A time and a number; the number comes as a text, because JSON knows neither NaN nor infinity.
#[derive(Debug, Deserialize)]
pub(super) struct Sample(
    #[allow(dead_code, reason = "its place in the array")] f64,
    String,
);

impl Sample {
    /// `None` where the text is no number, which Prometheus never sends.
    pub fn number(&self) -> Option<f64> {
        self.1.parse().ok()
    }
}

/// The one number that a query is expected to answer with, or what came instead.
pub(super) fn outcome(answer: &Result<Answer, HttpError>) -> Outcome {
    let (data, warnings) = match success::<Data>(answer) {
        Ok(success) => success,
        Err(error) => return Outcome::Failed { error },
    };
    if let Some(warning) = partial(&warnings) {
        return Outcome::Partial { warning };
    }
    let sample = match &data {
        Data::Vector(series) => match series.as_slice() {
            [] => return Outcome::Empty,
            [one] => &one.value,
            several => {
                let count = u32::try_from(several.len()).unwrap_or(u32::MAX);
                return Outcome::SeveralSeries { count };
            }
        },
        Data::Scalar(sample) => sample,
        Data::String(_) => return wrong_type(WrongType::Text),
        Data::Matrix(_) => return wrong_type(WrongType::Matrix),
    };
    match sample.number() {
        None => Outcome::Failed {
            error: QueryError::Malformed,
        },
        Some(value) if value.is_nan() => Outcome::NotANumber,
        Some(value) if value.is_infinite() => Outcome::Infinite,
        Some(value) => Outcome::Value { value },
    }
}

/// The series of a query that is expected to answer with several.
pub(super) fn series(answer: &Result<Answer, HttpError>) -> Result<Vec<Series>, QueryError> {
    match success::<Data>(answer)? {
        (Data::Vector(series), _) => Ok(series),
        _ => Err(QueryError::Malformed),
    }
}

/// The list of names that the label API answers with.
pub(super) fn names(answer: &Result<Answer, HttpError>) -> Result<Vec<String>, QueryError> {
    Ok(success(answer)?.0)
}

fn wrong_type(found: WrongType) -> Outcome {
    Outcome::WrongType { found }
}

fn partial(warnings: &[String]) -> Option<String> {
    let warning = warnings.iter().find(|text| !text.starts_with(REMARK))?;
    Some(printable(warning, MESSAGE))
}

fn success<T: for<'de> Deserialize<'de>>(
    answer: &Result<Answer, HttpError>,
) -> Result<(T, Vec<String>), QueryError> {
    let answer = answer.as_ref().map_err(unanswered)?;
    let status = answer.status;
    if (300..400).contains(&status) {
        let to = answer.location.as_deref().unwrap_or("nowhere");
        let to = printable(to, MESSAGE);
        return Err(QueryError::Redirect { to });
    }
    match serde_json::from_slice::<Body<T>>(&answer.body) {
        Ok(Body::Success { data, warnings }) if (200..300).contains(&status) => {
            Ok((data, warnings))
        }
        Ok(Body::Error { error_type, error }) => Err(reported(status, &error_type, &error)),
        Err(_) if (200..300).contains(&status) => Err(QueryError::Malformed),
        // A proxy in between, or an address that is not Prometheus at all.
        Ok(Body::Success { .. }) | Err(_) => Err(QueryError::HttpStatus { status }),
    }
}

/// An error that Prometheus put into words. What kind it is stands in its type, whatever the HTTP
/// status in front of it.
fn reported(status: u16, error_type: &str, message: &str) -> QueryError {
    let message = printable(message, MESSAGE);
    match (error_type, status) {
        ("bad_data", _) | ("", 400) => QueryError::BadQuery { message },
        ("execution", _) | ("", 422) => QueryError::Execution { message },
        _ => QueryError::Reported {
            error_type: printable(error_type, 40),
            message,
        },
    }
}

fn unanswered(error: &HttpError) -> QueryError {
    match error {
        HttpError::Refused => QueryError::Refused,
        HttpError::Timeout(_) => QueryError::Timeout,
        HttpError::TooLarge(max) => QueryError::TooLarge {
            max_bytes: *max as u64,
        },
        HttpError::Interrupted(_) => QueryError::Malformed,
        HttpError::InvalidAddress | HttpError::Unreachable(_) | HttpError::Client(_) => {
            QueryError::Unreachable {
                what: printable(&error.to_string(), MESSAGE),
            }
        }
    }
}
