//! The command line on a data directory, without a server.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A configuration that names a data directory; the folder is the one of the configuration.
pub fn configure(folder: &Path, data_dir: &Path) -> PathBuf {
    let file = folder.join("commander.toml");
    let text = format!("[store]\ndata_dir = \"{}\"\n", data_dir.display());
    std::fs::write(&file, text).unwrap();
    file
}

pub fn command(configuration: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commander"));
    command
        .env_clear()
        .current_dir(configuration.parent().unwrap())
        .arg("--config")
        .arg(configuration)
        .args(words)
        .stdin(Stdio::null());
    command
}

pub fn run(configuration: &Path, words: &[&str]) -> Output {
    command(configuration, words).output().unwrap()
}

/// What it prints with `--json`, and the code with which it ended.
pub fn json(configuration: &Path, words: &[&str]) -> (i32, Value) {
    let output = command(configuration, words)
        .arg("--json")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{words:?}: {text}"));
    (output.status.code().unwrap(), value)
}

/// A command that is killed when it is not waited for.
pub struct Running(pub Child);

impl Running {
    pub fn start(configuration: &Path, words: &[&str]) -> Self {
        let mut command = command(configuration, words);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
