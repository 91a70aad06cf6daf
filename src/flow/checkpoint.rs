//! Signed checkpoints of the audit trail, in the background: first the line in the file, then the
//! entry that tells of it. A process that is killed in between leaves a line without an entry,
//! which harms nobody.

use std::sync::Arc;
use std::time::Duration;

use super::Flow;
use super::error::{Code, FlowError};
use crate::domain::audit::AuditEntry;
use crate::domain::checkpoint::is_due;
use crate::domain::transition::{Change, Transition};
use crate::os::clock;

/// How often it is looked whether one is due; one query on the end of a table.
const LOOK: Duration = Duration::from_secs(2);
/// While the file cannot be written.
const AWAY: Duration = Duration::from_secs(60);

impl Flow {
    /// Runs until the process stops, and makes a last one then.
    pub fn keep_checkpoints(self: &Arc<Self>) {
        let flow = self.clone();
        self.tasks.spawn(async move {
            flow.compare_with_last();
            loop {
                let pause = match flow.checkpoint_if_due().await {
                    Ok(_) => LOOK,
                    Err(error) => {
                        tracing::error!(%error, "there is no checkpoint of the audit trail");
                        AWAY
                    }
                };
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = flow.stop.cancelled() => break,
                }
            }
            if let Err(error) = flow.checkpoint_if(true).await {
                tracing::error!(%error, "there is no checkpoint of the audit trail");
            }
        });
    }

    /// Whether one was made.
    ///
    /// # Errors
    ///
    /// When the file or the ledger cannot be written.
    pub async fn checkpoint_if_due(&self) -> Result<bool, FlowError> {
        self.checkpoint_if(false).await
    }

    /// `at_once`: whatever is new is reason enough.
    async fn checkpoint_if(&self, at_once: bool) -> Result<bool, FlowError> {
        let mut interval = self.settings.checkpoints;
        if at_once {
            interval.rows = 1;
        }
        let head = self.store.audit_head()?;
        let now = clock::now();
        if !is_due(
            self.checkpoints.last().as_ref(),
            self.checkpoints.opened_at(),
            head,
            now,
            interval,
        ) {
            return Ok(false);
        }
        let Some(row) = self.store.audit(head.saturating_sub(1), 1)?.pop() else {
            return Ok(false);
        };
        let made = self
            .checkpoints
            .append(row.seq, &row.hash, now)
            .map_err(|error| FlowError::new(Code::Storage, error.to_string()))?;
        let entry = AuditEntry::new(now, "commander", "audit.checkpointed", made.seq)
            .with("hash", &made.hash)
            .with("publicKey", &made.public_key)
            .with("signature", &made.signature);
        self.store
            .write(Transition::of(vec![Change::Audit(entry)]))
            .await?;
        Ok(true)
    }

    /// A trail that is not the one of the last checkpoint is told of at once. It may have been
    /// restored from a backup, which a person knows.
    fn compare_with_last(&self) {
        let Some(last) = self.checkpoints.last() else {
            return;
        };
        match self.store.audit(last.seq.saturating_sub(1), 1) {
            Ok(rows) if rows.iter().any(|row| row.hash == last.hash) => {}
            Ok(_) => tracing::error!(
                row = last.seq,
                "the audit trail is not the one that the last checkpoint saw: run `commander audit verify --checkpoint`"
            ),
            Err(error) => tracing::error!(%error, "the audit trail cannot be read"),
        }
    }
}
