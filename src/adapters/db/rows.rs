//! Domain values as columns, and back.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::domain::lock::Place;

/// RFC 3339 in UTC with milliseconds, so that times sort as text.
pub fn at(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

pub fn parse_time(what: &'static str, id: &str, text: &str) -> Result<Timestamp, StoreError> {
    text.parse().map_err(|error| tampered(what, id, &error))
}

/// Empty where there is none: a build belongs to its service.
pub fn environment(place: &Place) -> &str {
    place.environment.as_ref().map_or("", |e| e.as_str())
}

pub fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unwritable(error.to_string()))
}

/// The word that serde writes for an enum without values.
pub fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    Ok(json(value)?.trim_matches('"').to_owned())
}

pub fn from_word<T: DeserializeOwned>(
    what: &'static str,
    id: &str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| tampered(what, id, &error))
}

pub fn from_json<T: DeserializeOwned>(
    what: &'static str,
    id: &str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| tampered(what, id, &error))
}

pub fn tampered(what: &'static str, id: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Tampered {
        what,
        id: id.to_owned(),
        why: why.to_string(),
    }
}
