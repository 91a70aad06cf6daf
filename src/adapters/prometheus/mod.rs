//! Prometheus: queries over its HTTP API, and the file by which it finds what to scrape.
//!
//! A query never fails as a Rust error. Whatever comes back, or does not, is a typed
//! [`Outcome`](crate::domain::verdict::Outcome), because "no answer" is a fact that the verdict has
//! a rule for. `answer` and `template` are pure; `query`, `scrape` and `preflight` do the asking;
//! `file_sd` writes the file.

mod answer;
mod file_sd;
mod names;
mod preflight;
mod query;
mod scrape;
mod template;

pub use file_sd::{FileSd, FileSdError, Target};
pub use query::{Asked, Prometheus};
pub use template::{TargetLabels, UnknownPlaceholder, resolve};
