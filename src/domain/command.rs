//! A command: the sentence, who said it, from which surface, in which thread.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id::{CommandId, PlanId, ThreadId};
use super::interpret::Reading;
use super::name::PersonName;
use super::plan::Surface;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    pub id: CommandId,
    pub thread: ThreadId,
    pub by: PersonName,
    pub surface: Surface,
    /// As it was typed, made printable, with its secrets masked; of a text that was too long to be
    /// read, only how long it was.
    pub text: String,
    pub at: Timestamp,
    /// Given by the caller: the same key by the same person is the same command.
    pub idempotency_key: Option<String>,
    pub reading: Reading,
    /// The plans that came of it.
    pub plans: Vec<PlanId>,
}
