//! The preflight: each metric query of a place is tried out in the background, so that a query
//! that can never be judged is known before a release depends on it, and a sentence does not wait
//! for Prometheus.

use super::Flow;
use super::error::{Code, FlowError};
use crate::adapters::prometheus::TargetLabels;
use crate::domain::id::{Id, ReleaseId};
use crate::domain::lock::Place;
use crate::domain::release;
use crate::domain::verdict::{Preflight, PreflightFinding};

/// Labels for a place without a release: a UUID of zeros is made by nobody.
const NOBODY: &str = "00000000000000000000000000000000";

impl Flow {
    /// Tries out the queries of all places and keeps what was found.
    pub(super) async fn preflight_all(&self) {
        for (place, settings) in self.settings.watches.iter() {
            if !settings.queries.any() {
                continue;
            }
            match self.preflight(place).await {
                Ok(found) => self.view.keep_preflight(place.clone(), found),
                Err(error) => {
                    tracing::warn!(%place, %error, "the metric queries were not tried out")
                }
            }
        }
    }

    async fn preflight(&self, place: &Place) -> Result<Vec<Preflight>, FlowError> {
        let (Some(prometheus), Some(environment)) = (&self.prometheus, &place.environment) else {
            return Ok(Vec::new());
        };
        let Some(settings) = self.settings.watches.get(place) else {
            return Ok(Vec::new());
        };
        // The newest watch is over what is live.
        let newest = self.store.watches(&super::selection(place, 1))?.pop();
        let labels = match newest {
            Some(watch) => super::evidence::labels(&watch)?,
            None => TargetLabels {
                service: place.service.clone(),
                environment: environment.clone(),
                release: ReleaseId::from_digits(NOBODY),
            },
        };
        Ok(prometheus
            .preflight(&settings.queries, &labels, settings.window_seconds)
            .await)
    }

    /// What the last preflight means for a plan: a query that can never be judged stops it, the
    /// rest is said.
    pub(super) fn preflight_notes(&self, place: &Place) -> Result<Vec<String>, FlowError> {
        let ledger = self.store.ledger(place)?;
        let mut notes = Vec::new();
        for preflight in self.view.preflight(place) {
            for finding in &preflight.findings {
                let sentence = finding.sentence(preflight.metric);
                if finding.is_config_error() {
                    return Err(FlowError::new(
                        Code::InvalidInput,
                        format!("{sentence} (metrics of {place}: {})", preflight.query),
                    ));
                }
                // Before the first release nothing has exposed its metrics yet.
                let is_news = !matches!(finding, PreflightFinding::UnknownMetrics { .. });
                if is_news || release::live(&ledger).is_some() {
                    notes.push(sentence);
                }
            }
        }
        Ok(notes)
    }
}
