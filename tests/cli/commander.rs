//! A server and the command lines of those who use it.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::docker_image::TestEngine;
use crate::golden;
use crate::house::{Setup, configuration_text, remove_all_of};
use crate::shop::Repository;

/// How long is waited for what takes a moment on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// A version that dies when it is live, and one whose answers are errors.
pub const CRASHES: &str = "v6.0.0";
pub const ERRORS: &str = "v7.0.0";

/// What a command printed, and the code that it ended with.
pub struct Said {
    pub out: String,
    pub err: String,
    pub code: i32,
    /// What was typed, for when something goes wrong.
    typed: String,
}

impl Said {
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        let said = self.ends_with(0);
        assert_eq!(said.err, "", "{said}");
        said
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.out.contains(words), "\"{words}\" is not in {self}");
        self
    }

    #[track_caller]
    pub fn does_not_say(self, words: &str) -> Self {
        assert!(!self.out.contains(words), "\"{words}\" is in {self}");
        self
    }

    /// On the stream for people, and nothing on the other.
    #[track_caller]
    pub fn complains(self, code: i32, words: &str) -> Self {
        let said = self.ends_with(code);
        assert!(said.err.contains(words), "\"{words}\" is not in {said}");
        assert_eq!(said.out, "", "{said}");
        said
    }

    /// The one JSON document that is all of it.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.err, "", "{self}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// JSON, one document a line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let line = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.out.lines().map(line).collect()
    }

    #[track_caller]
    pub fn must_be_golden(self, name: &str) -> Self {
        golden::compare(name, &self.out);
        self
    }

    /// The last digits of the newest id with this prefix.
    #[track_caller]
    pub fn short(&self, prefix: &str) -> String {
        let begin = format!("{prefix}_");
        let found = self.out.rfind(&begin);
        let found = found.unwrap_or_else(|| panic!("no {begin} in {self}"));
        let id = &self.out[found + begin.len()..][..32];
        id[24..].to_owned()
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            out,
            err,
            code,
            typed,
        } = self;
        write!(
            f,
            "\ncommander {typed}  -> {code}\n--- stdout\n{out}--- stderr\n{err}---"
        )
    }
}

/// A home without a server: a directory with a configuration, and who works in it.
pub struct Home {
    pub directory: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The command in this home and nothing of the surroundings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commander"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("USER", "ada")
            .env("TZ", zone())
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments), arguments)
    }
}

pub fn said(command: &mut Command, arguments: &[&str]) -> Said {
    let output = command.output().unwrap();
    Said {
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap_or(-1),
        typed: arguments.join(" "),
    }
}

/// A time zone in which no midnight is near, after which times are printed with their dates.
fn zone() -> &'static str {
    match jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .hour()
    {
        6..18 => "UTC",
        _ => "Etc/GMT+12",
    }
}

/// A home, a service and a server.
pub struct Commander {
    pub home: Home,
    server: Option<Child>,
    instance: String,
    // Last, for all that is made from it goes before it.
    _base: TestEngine,
}

impl Commander {
    pub fn start(setup: &Setup) -> Self {
        let home = Home::new();
        let base = TestEngine::start();
        let repository = Repository::make(home.path("shop"), base.base.as_str());
        // Names of versions, because in a sentence these words mean something else.
        repository.move_tag(CRASHES, "crashes");
        repository.move_tag(ERRORS, "errors");
        let listen = format!("[server]\nlisten = \"{}\"\n", free_address());
        let text = configuration_text(home.directory.path(), setup);
        home.write("commander.toml", &format!("{listen}{text}"));
        let mut commander = Self {
            home,
            server: None,
            instance: String::new(),
            _base: base,
        };
        commander.serve();
        let status: Value = commander.run(&["status", "--json"]).ok().json();
        commander.instance = status["instance"].as_str().unwrap().to_owned();
        commander
    }

    /// Starts the server, and waits until it answers.
    pub fn serve(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.home.path("log"));
        let log = log.unwrap();
        let configuration = self.home.path("commander.toml");
        let mut command =
            self.home
                .command(&["serve", "--config", configuration.to_str().unwrap()]);
        // Each request is a line of its own, and a test asks often.
        let filter = "info,commander::api::correlation=warn";
        command.env("RUST_LOG", filter);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(command.spawn().unwrap());
        self.until("the server answers", |it| it.run(&["status"]).code == 0);
    }

    /// Ends the server as an operator does.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Ends the server as a power cut does.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    fn end(&mut self, signal: Signal) {
        if let Some(mut server) = self.server.take() {
            // One that has ended by itself has nothing left to end.
            let _ = kill_process(Pid::from_child(&server), signal);
            server.wait().unwrap();
        }
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        self.home.run(arguments)
    }

    /// As somebody else.
    pub fn run_as(&self, token: &str, arguments: &[&str]) -> Said {
        let mut command = self.home.command(arguments);
        said(command.env("COMMANDER_TOKEN", token), arguments)
    }

    /// A command that goes on while the test does.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        let file = |name| File::create(self.home.path(name)).unwrap();
        let mut command = self.home.command(arguments);
        command.stdout(file("out")).stderr(file("err"));
        Running {
            child: command.spawn().unwrap(),
            home: self.home.directory.path().to_owned(),
            typed: arguments.join(" "),
        }
    }

    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < give_up, "in vain: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.path("log")).unwrap_or_default()
    }

    /// Asks for a deploy to staging and says yes; what was printed while it was followed.
    pub fn deploy(&self, version: &str) -> Said {
        self.ask_to_deploy(version);
        self.run(&["approve"])
    }

    /// Deploys, and says by name that the release is good instead of waiting for its bake.
    pub fn deploy_and_vouch(&self, version: &str) {
        self.ask_to_deploy(version);
        let approved: Value = self.run(&["approve", "--detach", "--json"]).ok().json();
        let execution = approved["execution"]["id"].as_str().unwrap();
        let is_live = |it: &Self| it.run(&["executions", execution]).out.contains("succeeded");
        self.until("it is live", is_live);
        let watch = self.newest("watch");
        self.run(&["watch", "stop", &watch])
            .ok()
            .says("is stopped: its release stays as it is, and nothing is automatic");
        let release = self.newest("releases");
        self.run(&["releases", "verify", &release])
            .ok()
            .says(&format!("{version} in staging: verified by you"));
    }

    /// What stands first in the first line of a list.
    pub fn newest(&self, list: &str) -> String {
        let listed = self.run(&[list, "--limit", "1"]).ok();
        let row = listed.out.lines().nth(1);
        let id = row.and_then(|row| row.split(' ').next());
        id.unwrap_or_else(|| panic!("nothing in {listed}"))
            .to_owned()
    }

    pub fn ask_to_deploy(&self, version: &str) -> Said {
        let sentence = format!("deploy tag {version} of shop to staging");
        self.run(&["ask", &sentence]).ok()
    }
}

/// A command whose output goes into files.
pub struct Running {
    child: Child,
    home: PathBuf,
    typed: String,
}

impl Running {
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.join(name)).unwrap()
    }

    pub fn end(mut self) -> Said {
        Said {
            code: self.child.wait().unwrap().code().unwrap_or(-1),
            out: self.read("out"),
            err: self.read("err"),
            typed: self.typed.clone(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Commander {
    fn drop(&mut self) {
        self.end(Signal::TERM);
        remove_all_of(&self.instance);
        if std::thread::panicking() {
            eprintln!("the log of the server:\n{}", self.log());
        }
    }
}

/// A port of its own, so that a server that is started anew is where it was.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
