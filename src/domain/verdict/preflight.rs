//! What can be said about a metric query before anything is deployed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evidence::QueryError;
use super::thresholds::Metric;

/// One query of a service, tried out when a plan is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    pub metric: Metric,
    pub query: String,
    pub asked_at: Timestamp,
    pub findings: Vec<PreflightFinding>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum PreflightFinding {
    /// It can never be judged as it stands.
    Refused {
        error: QueryError,
    },
    SeveralSeries {
        count: u32,
    },
    NotANumber,
    /// It gives a value for a release that does not exist, so that it cannot tell releases apart.
    SameForAnyRelease {
        value: f64,
    },
    /// A misspelling, or a metric that nothing has exposed yet.
    UnknownMetrics {
        names: Vec<String>,
    },
    /// Prometheus could not be asked; nothing is known about the query.
    NotChecked {
        error: QueryError,
    },
}

impl PreflightFinding {
    /// Whether the plan should not be made before somebody corrects the query.
    pub fn is_config_error(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::SeveralSeries { .. }
            | Self::NotANumber
            | Self::SameForAnyRelease { .. } => true,
            Self::UnknownMetrics { .. } | Self::NotChecked { .. } => false,
        }
    }

    pub fn sentence(&self, metric: Metric) -> String {
        match self {
            Self::Refused { error } => {
                format!("The query of the {metric} cannot be used with this Prometheus: {error}.")
            }
            Self::SeveralSeries { count } => format!(
                "The query of the {metric} answers with {count} series: aggregate it to one, for example with sum(...)."
            ),
            Self::NotANumber => format!(
                "The query of the {metric} answers with a text or a range: let it answer with one number."
            ),
            Self::SameForAnyRelease { value } => format!(
                "The query of the {metric} answers with {value} even for a release that does not exist: filter every series by release=\"{{{{release}}}}\"."
            ),
            Self::UnknownMetrics { names } => format!(
                "The query of the {metric} uses {}, which Prometheus has never seen: check the spelling.",
                names.join(", ")
            ),
            Self::NotChecked { error } => format!(
                "The query of the {metric} could not be tried out, for Prometheus gives no answer: {error}."
            ),
        }
    }
}
