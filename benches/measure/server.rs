//! A Commander process with a data directory and a port of its own. It ends with its value.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;
use crate::http::Connection;

pub const BINARY: &str = env!("CARGO_BIN_EXE_commander");

/// Longer than a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Server {
    pub address: SocketAddr,
    /// From the start of the process to the first answer.
    pub answered_after: Duration,
    folder: TempDir,
    data: PathBuf,
    process: Child,
}

impl Server {
    /// Serves these services: `[services.*]` of a configuration.
    pub fn start(services: &str) -> Result<Self> {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        Self::start_in(folder, data, services)
    }

    /// The same on a data directory that is there already.
    pub fn start_on(data: &Path, services: &str) -> Result<Self> {
        Self::start_in(TempDir::new()?, data.to_owned(), services)
    }

    fn start_in(folder: TempDir, data: PathBuf, services: &str) -> Result<Self> {
        let address = free_address()?;
        let config = folder.path().join("commander.toml");
        std::fs::write(&config, configuration(&data, address, services))?;
        let log = std::fs::File::create(folder.path().join("log"))?;
        let begun = Instant::now();
        let process = Command::new(BINARY)
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut server = Self {
            address,
            answered_after: Duration::ZERO,
            folder,
            data,
            process,
        };
        server.answers(begun)?;
        server.answered_after = begun.elapsed();
        Ok(server)
    }

    fn answers(&mut self, begun: Instant) -> Result<()> {
        while begun.elapsed() < PATIENCE && self.process.try_wait()?.is_none() {
            let live = Connection::open(self.address, "").and_then(|mut c| c.get("/health/live"));
            if live.is_ok_and(|response| response.status == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        let log = std::fs::read_to_string(self.folder.path().join("log"))?;
        Err(format!("commander serve does not answer; it said:\n{log}").into())
    }

    /// A connection that is signed in as the person who started it.
    pub fn connect(&self) -> Result<Connection> {
        let token = std::fs::read_to_string(self.data.join("cli.token"))?;
        Connection::open(self.address, token.trim())
    }

    /// Bytes of memory that the process holds (`VmRSS`).
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("the kernel does not say how much memory the process holds")?;
        Ok(kibibytes.parse::<u64>()? * 1024)
    }

    pub fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn configuration(data: &Path, address: SocketAddr, services: &str) -> String {
    let sops = Path::new(env!("CARGO_MANIFEST_DIR")).join("sops");
    format!(
        "[server]\nlisten = \"{address}\"\n[store]\ndata_dir = {data:?}\n[advisor]\nsops = {sops:?}\n{services}",
    )
}

/// Free when it was looked for; nobody else chooses ports on a machine that measures.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
