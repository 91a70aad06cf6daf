//! What this person's command line did last, for each server: so that `approve` knows which plan
//! is meant, and a plain answer reaches the question that was asked.
//!
//! It is a convenience: where it cannot be kept, everything still works with ids.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{PlanId, ThreadId};
use crate::os::{env, files};

/// A question is forgotten after this: whoever comes back later begins a new conversation, and is
/// not understood as answering.
const QUESTION_SECONDS: i64 = 3600;
const FILE: &str = "last.json";

/// The last command that led to plans or to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Last {
    pub plans: Vec<PlanId>,
    /// The conversation whose question is open.
    pub question: Option<OpenQuestion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenQuestion {
    pub thread: ThreadId,
    pub asked_at: Timestamp,
}

impl Last {
    /// The conversation that a plain answer belongs to.
    pub fn open_thread(&self, now: Timestamp) -> Option<&ThreadId> {
        let question = self.question.as_ref()?;
        let age = now.duration_since(question.asked_at).as_secs();
        (age <= QUESTION_SECONDS).then_some(&question.thread)
    }
}

/// The file, by the address of the server.
pub struct Memory {
    /// Absent without a home directory.
    file: Option<PathBuf>,
}

impl Memory {
    pub fn open() -> Self {
        Self {
            file: env::state_dir().map(|directory| directory.join(FILE)),
        }
    }

    /// What was last with this server; nothing where the file is missing or no longer understood.
    pub fn recall(&self, server: &str) -> Last {
        let all = self.file.as_deref().map(read).unwrap_or_default();
        all.get(server).cloned().unwrap_or_default()
    }

    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn keep(&self, server: &str, last: Last) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let mut all = read(file);
        all.insert(server.to_owned(), last);
        if let Some(directory) = file.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        files::write_private(file, &serde_json::to_string(&all)?)
    }
}

fn read(file: &Path) -> BTreeMap<String, Last> {
    fs::read_to_string(file)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Id;

    #[test]
    fn each_server_has_its_own_last_command_and_a_question_grows_old() {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory {
            file: Some(directory.path().join("commander").join(FILE)),
        };
        let thread = ThreadId::from_digits(&"a".repeat(32));
        let asked_at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let last = Last {
            plans: vec![PlanId::from_digits(&"b".repeat(32))],
            question: Some(OpenQuestion {
                thread: thread.clone(),
                asked_at,
            }),
        };
        memory.keep("http://127.0.0.1:1", last.clone()).unwrap();
        memory.keep("http://127.0.0.1:2", Last::default()).unwrap();
        assert_eq!(memory.recall("http://127.0.0.1:1"), last);
        assert_eq!(memory.recall("http://127.0.0.1:2"), Last::default());
        assert_eq!(memory.recall("http://127.0.0.1:3"), Last::default());
        let soon = "2026-11-21T10:59:00Z".parse().unwrap();
        let late = "2026-11-21T11:01:00Z".parse().unwrap();
        assert_eq!(last.open_thread(soon), Some(&thread));
        assert_eq!(last.open_thread(late), None);
    }
}
