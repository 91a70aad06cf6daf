//! The story of a change, one file per stage, in the order of life:
//!
//! ```text
//!   command ─> plan ─> advise ─> approve ─> execute ─> after ─> watch ─> rollback ─┐
//!                ^                  ^          ^                                   │
//!                └──────────────────┴──────────┴───────────────────────────────────┘
//! ```
//!
//! The decision of each stage is a pure function of the domain; what stands here gathers the facts
//! and carries the decision out. A surface calls one function of this module for each request.

mod abandon;
mod advise;
mod after;
mod answer;
mod approve;
mod checkpoint;
mod command;
mod crash;
mod error;
mod evidence;
mod execute;
mod health;
mod history;
mod incident;
mod ledger;
mod leftover;
mod listen;
mod mirrors;
mod past;
mod people;
mod plan;
mod preflight;
mod reconcile;
mod release;
mod retention;
mod rollback;
mod suggestions;
mod view;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use approve::Approved;
pub use command::{Asked, Interpreted, LiveAnswer};
pub use error::{Code, FlowError};
pub use execute::Running;
pub use health::{Health, Part, PartState};
pub use ledger::{ExecutionView, ListedExecution, WatchView, interruption};
pub use people::{KnownToken, NewToken};
pub use suggestions::{Suggestion, SuggestionStatus};
pub use view::{LiveView, PlaceView, SeenContainer, SeenState, ServiceView, View};
pub use watch::Witness;

use crate::adapters::checkpoints::Checkpoints;
use crate::adapters::db::{Selection, Store};
use crate::adapters::docker::Docker;
use crate::adapters::git::Git;
use crate::adapters::logbook::Logbook;
use crate::adapters::notify::Webhook;
use crate::adapters::probe::Probe;
use crate::adapters::procedures::ProcedureFolder;
use crate::adapters::prometheus::{FileSd, Prometheus};
use crate::adapters::scripts::Scripts;
use crate::domain::approval::ApprovalWindows;
use crate::domain::catalogue::Catalogue;
use crate::domain::checkpoint::Interval;
use crate::domain::history::History;
use crate::domain::holidays::Holidays;
use crate::domain::interpret::{Definition, Vocabulary};
use crate::domain::lock::Place;
use crate::domain::watch::WatchSettings;
use crate::engine::Engine;

/// Everything that the stages work with. One for a process, shared by all surfaces.
pub struct Flow {
    pub store: Store,
    pub engine: Engine,
    pub git: Git,
    pub docker: Docker,
    /// Absent where none is configured.
    pub prometheus: Option<Prometheus>,
    pub targets: Option<FileSd>,
    pub probe: Probe,
    pub webhook: Option<Webhook>,
    pub scripts: Arc<Scripts>,
    pub procedures: ProcedureFolder,
    pub logbook: Logbook,
    pub checkpoints: Checkpoints,
    pub definition: Definition,
    pub vocabulary: Vocabulary,
    pub catalogue: Catalogue,
    pub settings: Settings,
    /// The data directory's random id.
    pub instance: Arc<str>,
    pub view: View,
    pub running: Running,
    /// Held while an approval is counted and recorded.
    pub approving: Mutex<()>,
    pub witness: Witness,
    /// An image was removed or lost a tag.
    pub images_changed: Notify,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// What the configuration says about the stages.
#[derive(Debug, Clone)]
pub struct Settings {
    pub windows: ApprovalWindows,
    pub timezone: TimeZone,
    pub holidays: Holidays,
    /// Standby releases kept besides the last known good.
    pub keep: usize,
    /// How often the audit trail gets a checkpoint.
    pub checkpoints: Interval,
    /// How long what ended executions leave is kept.
    pub history: History,
    /// How a release of each place is watched.
    pub watches: Arc<BTreeMap<Place, WatchSettings>>,
}

fn selection(place: &Place, limit: u32) -> Selection {
    Selection {
        service: Some(place.service.clone()),
        environment: place.environment.clone(),
        before: None,
        limit,
    }
}
