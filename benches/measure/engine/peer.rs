//! The peer's side: `benches/peers/langgraph`, run as a process of its own on the same disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::graphs::Shape;
use super::house;
use crate::Result;

/// Both ways in which LangGraph stores checkpoints in SQLite; the faster one counts in each round.
const SAVERS: [&str; 2] = ["threads", "tasks"];

pub struct Peer {
    python: PathBuf,
    script: PathBuf,
}

/// What its script says of one run.
pub struct Ran {
    pub per_second: f64,
    pub bytes_per_step: f64,
    /// Milliseconds; only of the line, one after the other.
    pub step_p50: Option<f64>,
    pub step_p95: Option<f64>,
}

impl Peer {
    /// Where `scripts/bench` has installed it.
    pub fn find() -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // `target/tmp` is what Cargo gives a benchmark.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
        let python = target.join("peers/langgraph/bin/python");
        if !python.exists() {
            eprintln!(
                "LangGraph is not installed: `scripts/bench engine` does that; ours is measured alone"
            );
            return None;
        }
        Some(Self {
            python,
            script: root.join("benches/peers/langgraph/measure.py"),
        })
    }

    pub fn run(&self, shape: Shape, executions: usize, at_once: usize) -> Result<Ran> {
        let mut best: Option<Ran> = None;
        for saver in SAVERS {
            let ran = self.run_with(saver, shape, executions, at_once)?;
            if best.as_ref().is_none_or(|b| b.per_second < ran.per_second) {
                best = Some(ran);
            }
        }
        best.ok_or_else(|| "the peer was not run".into())
    }

    fn run_with(
        &self,
        saver: &str,
        shape: Shape,
        executions: usize,
        at_once: usize,
    ) -> Result<Ran> {
        let folder: TempDir = house::folder()?;
        let output = Command::new(&self.python)
            .arg(&self.script)
            .args(["--graph", shape.name(), "--saver", saver])
            .args(["--executions", &executions.to_string()])
            .args(["--at-once", &at_once.to_string()])
            .arg("--database")
            .arg(folder.path().join("checkpoints.db"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", self.script.display(), output.status).into());
        }
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let number = |name: &str| said[name].as_f64();
        let needed =
            |name: &str| number(name).ok_or_else(|| format!("the peer does not say {name}"));
        Ok(Ran {
            per_second: needed("executionsPerSecond")?,
            bytes_per_step: needed("bytesPerStep")?,
            step_p50: number("stepMillisecondsP50"),
            step_p95: number("stepMillisecondsP95"),
        })
    }
}
