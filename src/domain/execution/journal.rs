//! What is written in the journal of an execution.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fault::Fault;
use super::status::ExecutionStatus;
use crate::domain::digest::Digest;
use crate::domain::id::ApprovalId;
use crate::domain::name::PersonName;
use crate::domain::plan::Requester;
use crate::domain::question::Shown;
use crate::domain::step::StepId;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "event"
)]
pub enum JournalEvent {
    #[schema(rename_all = "camelCase")]
    Started {
        graph_version: u32,
        plan_digest: Digest,
        approvals: Vec<ApprovalId>,
    },
    StepStarted {
        step: StepId,
    },
    StepDone {
        step: StepId,
        output: StepOutput,
    },
    StepFailed {
        step: StepId,
        fault: Fault,
    },
    /// A try failed; the next one begins after the pause.
    #[schema(rename_all = "camelCase")]
    StepRetried {
        step: StepId,
        fault: Fault,
        /// The number of the try that failed, counted from 1.
        attempt: u32,
        pause_milliseconds: u64,
    },
    StepSkipped {
        step: StepId,
        reason: String,
    },
    /// A person is shown this and has until then to answer.
    Asked {
        step: StepId,
        shown: Shown,
        digest: Digest,
        until: Timestamp,
    },
    Answered {
        step: StepId,
        by: PersonName,
        choice: String,
        comment: Option<String>,
    },
    CancelRequested {
        by: Requester,
        reason: String,
    },
    UnwindStarted {
        reason: String,
    },
    UndoStarted {
        step: StepId,
    },
    UndoDone {
        step: StepId,
    },
    UndoFailed {
        step: StepId,
        fault: Fault,
    },
    Ended {
        status: ExecutionStatus,
    },
}

impl JournalEvent {
    /// As it is written in the journal.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::StepStarted { .. } => "step_started",
            Self::StepDone { .. } => "step_done",
            Self::StepFailed { .. } => "step_failed",
            Self::StepRetried { .. } => "step_retried",
            Self::StepSkipped { .. } => "step_skipped",
            Self::Asked { .. } => "asked",
            Self::Answered { .. } => "answered",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::UnwindStarted { .. } => "unwind_started",
            Self::UndoStarted { .. } => "undo_started",
            Self::UndoDone { .. } => "undo_done",
            Self::UndoFailed { .. } => "undo_failed",
            Self::Ended { .. } => "ended",
        }
    }
}

/// What a step leaves for later steps and for people.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOutput {
    /// The image it built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Digest>,
    /// The images it built from, by the reference in the Dockerfile.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub base_images: BTreeMap<String, String>,
    /// When the old container was told to stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// When the release first answered well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// What a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// One sentence for people.
    pub summary: String,
}
