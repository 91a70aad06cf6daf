//! The stage: everything that the story needs beside Commander's own code, started for it alone
//! and taken down after it, whatever happened.
//!
//! ```text
//!   set     directory ─> repository ─> Prometheus ─> base image ─> Commander ─> visitors
//!   strike  visitors, Commander, Prometheus (whole process groups)
//!           ─> what stands on the base image, containers and images ─> the image ─> directory
//! ```
//!
//! Everything that the demo's Commander makes on the engine is built on the demo's own base image.
//! So it can be found and removed without asking that Commander, which may have died.

use std::fs::File;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::props::Props;
use super::telling::Telling;
use super::visits::{Visit, Visits};
use crate::cli::exit::Failure;
use crate::cli::server::{SERVER_FILE, Server};
use crate::os::http::{Client, HttpError, Route};
use crate::os::process::{self, Background, Command, ProcessError, Stream};
use crate::os::scratch::Scratch;
use crate::os::{env, ids, net};

/// Requests a second: enough for a ratio within seconds, and no load.
const VISITORS: u32 = 50;
/// Longer than the whole story may take.
const LONGEST: Duration = Duration::from_secs(3600);
/// What Commander logs: not each request, for the story asks ten times a second.
const LOGGED: &str = "info,commander::api=warn";
/// Lines of Commander's output that are shown when the story breaks off.
const LAST_WORDS: usize = 8;
/// How often something that starts is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Variables that say where programs are, and what the Docker command line speaks to.
const INHERITED: [&str; 11] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TZ",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
];
/// Says where Docker is, as for `commander serve`.
const ENGINE: &str = "COMMANDER_DOCKER__HOST";

/// Why the stage cannot be set or struck.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(
        "Prometheus is not installed: `apt-get install --no-install-recommends prometheus` brings it"
    )]
    NoPrometheus,
    #[error("the program `visitors` is not beside this one: build both with `cargo build --bins`")]
    NoVisitors,
    #[error(transparent)]
    Program(#[from] ProcessError),
    #[error("{program} ended before it was ready")]
    EndedWell { program: &'static str },
    #[error("{what}: {source}")]
    Io {
        what: &'static str,
        source: io::Error,
    },
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Server(#[from] Failure),
}

fn io(what: &'static str) -> impl FnOnce(io::Error) -> StageError {
    move |source| StageError::Io { what, source }
}

pub struct Stage {
    scratch: Scratch,
    props: Props,
    /// Where Docker is.
    engine: String,
    base_image: BaseImage,
    prometheus: Option<Background>,
    commander: Option<Background>,
    visitors: Option<Background>,
    visits: Arc<Mutex<Visits>>,
}

/// The image that the shop is built from.
enum BaseImage {
    Absent,
    /// This is never interrupted: an import that is cut off may still give its image after
    /// somebody has looked for one to remove.
    Making(JoinHandle<Result<(), StageError>>),
    Made,
}

impl BaseImage {
    /// Waits until it is made.
    async fn ready(&mut self) -> Result<(), StageError> {
        let Self::Making(making) = self else {
            return Ok(());
        };
        let made = making.await.map_err(io::Error::other);
        let made = made.map_err(io("the base image was not made")).flatten();
        *self = match made {
            Ok(()) => Self::Made,
            Err(_) => Self::Absent,
        };
        made
    }
}

impl Stage {
    /// An empty stage: a directory with the example in it.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written.
    pub fn new() -> Result<Self, StageError> {
        let unique = ids::secret(4).map_err(io("there is no randomness for a name"))?;
        let scratch = Scratch::new(&format!("commander-demo-{unique}"))
            .map_err(io("no temporary directory can be made"))?;
        let props = Props::new(scratch.path(), format!("commander-demo/{unique}:local"));
        props
            .unpack()
            .map_err(io("the example cannot be unpacked"))?;
        Ok(Self {
            scratch,
            props,
            engine: String::new(),
            base_image: BaseImage::Absent,
            prometheus: None,
            commander: None,
            visitors: None,
            visits: Arc::default(),
        })
    }

    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// What visitors have met so far.
    pub fn visits(&self) -> Visits {
        let visits = self.visits.lock();
        visits.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes and starts everything; ready when Commander answers.
    ///
    /// # Errors
    ///
    /// When something is missing, or does not start.
    pub async fn set(&mut self, telling: &Telling) -> Result<Server, StageError> {
        self.engine = engine().await?;
        telling.waits_for("the shop's repository");
        let make = self.script("make-repository", self.props.repository());
        run(&make).await?;
        telling.did("repository of the shop, with seven versions");
        let prometheus = self.start_prometheus(telling).await?;
        self.make_base_image(telling).await?;
        let server = self.start_commander(&prometheus, telling).await?;
        self.start_visitors()?;
        telling.did(&format!(
            "visitors: {VISITORS} requests a second to whatever is live"
        ));
        Ok(server)
    }

    async fn start_prometheus(&mut self, telling: &Telling) -> Result<String, StageError> {
        telling.waits_for("Prometheus");
        let port = net::free_loopback_port().map_err(io("no port is free"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = self.props.prometheus();
        let flag = |name: &str, value: &dyn std::fmt::Display| format!("--{name}={value}");
        let command = program("prometheus").args([
            flag("config.file", &folder.join("prometheus.yml").display()),
            flag("storage.tsdb.path", &folder.join("data").display()),
            flag("web.listen-address", &address),
            flag("log.level", &"warn"),
        ]);
        let started = self
            .prometheus
            .insert(self.props.start("prometheus", command)?);
        let url = format!("http://{address}");
        match ready("prometheus", started, &format!("{url}/-/ready")).await {
            Err(StageError::Program(ProcessError::NotFound { .. })) => {
                return Err(StageError::NoPrometheus);
            }
            other => other?,
        }
        telling.did(&format!(
            "Prometheus on {address}, which looks every second"
        ));
        Ok(url)
    }

    async fn make_base_image(&mut self, telling: &Telling) -> Result<(), StageError> {
        telling.waits_for("an image to build on");
        let tag = self.props.base_image.clone();
        let make = self.script("make-base-image", &tag);
        self.base_image = BaseImage::Making(tokio::spawn(async move { run(&make).await }));
        self.base_image.ready().await?;
        telling.did(&format!(
            "image {tag} to build on, from this machine's own programs"
        ));
        Ok(())
    }

    async fn start_commander(
        &mut self,
        prometheus: &str,
        telling: &Telling,
    ) -> Result<Server, StageError> {
        telling.waits_for("Commander");
        // The operating system chooses the port, and Commander writes it down.
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let configured = self.props.configure(listen, prometheus, &self.engine);
        configured.map_err(io("the configuration cannot be written"))?;
        let own = process::own_program().map_err(io("this program cannot be found"))?;
        let command = program(own)
            .arg("serve")
            .arg("--config")
            .arg(self.props.configuration())
            .env("RUST_LOG", LOGGED);
        let started = self
            .commander
            .insert(self.props.start("commander", command)?);
        let listening = self.props.data().join(SERVER_FILE);
        while !listening.exists() {
            tokio::select! {
                ending = started.ended() => return Err(ended("commander", ending)),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        let server = Server::of(&self.props.data())?;
        ready(
            "commander",
            started,
            &format!("{}/health/ready", server.base()),
        )
        .await?;
        telling.did(&format!("Commander on {}", server.base()));
        Ok(server)
    }

    fn start_visitors(&mut self) -> Result<(), StageError> {
        let own = process::own_program().map_err(io("this program cannot be found"))?;
        let visitors = own.with_file_name("visitors");
        if !visitors.exists() {
            return Err(StageError::NoVisitors);
        }
        let command = program(visitors)
            .args(["--each", "--rate"])
            .arg(VISITORS.to_string())
            .arg("--discover")
            .arg(self.props.targets());
        let visits = self.visits.clone();
        let mut log = self.props.open_log("visitors")?;
        self.visitors = Some(Background::start(command, move |stream, line| {
            match (stream, serde_json::from_str::<Visit>(line)) {
                (Stream::Stdout, Ok(visit)) => {
                    visits
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .add(visit);
                }
                _ => log.line(line),
            }
        }));
        Ok(())
    }

    /// The end of what Commander printed, where something went wrong.
    pub fn last_words(&self) -> String {
        let printed = std::fs::read_to_string(self.props.log("commander")).unwrap_or_default();
        let lines: Vec<&str> = printed.lines().collect();
        let surplus = lines.len().saturating_sub(LAST_WORDS);
        lines[surplus..].join("\n")
    }

    /// Ends and removes everything that was begun; with `keep`, all but the directory.
    ///
    /// # Errors
    ///
    /// When something is left on the engine.
    pub async fn strike(mut self, keep: bool) -> Result<(), StageError> {
        let programs = [
            self.visitors.take(),
            self.commander.take(),
            self.prometheus.take(),
        ];
        for program in programs.into_iter().flatten() {
            program.stop().await;
        }
        if keep {
            self.scratch.keep();
        }
        // Why it could not be made was said where it was waited for, if anybody still wanted it.
        let _ = self.base_image.ready().await;
        if let BaseImage::Absent = self.base_image {
            return Ok(());
        }
        run(&self.script("remove-base-image", &self.props.base_image)).await
    }

    fn script(&self, name: &str, argument: impl Into<std::ffi::OsString>) -> Command {
        program(self.props.shop().join(name))
            .arg(argument)
            // What a script that is killed hard leaves behind goes with the directory.
            .env("TMPDIR", self.scratch.path())
            .env("DOCKER_HOST", &self.engine)
    }
}

impl Props {
    fn start(&self, name: &str, command: Command) -> Result<Background, StageError> {
        let mut log = self.open_log(name)?;
        Ok(Background::start(command, move |_, line| log.line(line)))
    }

    fn open_log(&self, name: &str) -> Result<Log, StageError> {
        let file = File::create(self.log(name)).map_err(io("a log cannot be written"))?;
        Ok(Log(file))
    }
}

/// What a program prints, for somebody who kept the directory.
struct Log(File);

impl Log {
    fn line(&mut self, line: &str) {
        // A log that cannot be written changes nothing about the story.
        let _ = writeln!(self.0, "{line}");
    }
}

fn program(path: impl Into<std::ffi::OsString>) -> Command {
    Command::new(path).inherit(&INHERITED).time_limit(LONGEST)
}

/// The engine that the Docker command line speaks to, which is not always the usual one; scripts
/// and Commander must speak to the same.
async fn engine() -> Result<String, StageError> {
    if let Some(host) = env::variable(ENGINE) {
        return Ok(host.to_string_lossy().into_owned());
    }
    let format = "--format={{.Endpoints.docker.Host}}";
    let ask = program("docker").args(["context", "inspect", format]);
    let never = CancellationToken::new();
    let answer = process::run(&ask, &never, |_, _| {}).await?;
    Ok(answer.stdout.text().trim().to_owned())
}

async fn run(command: &Command) -> Result<(), StageError> {
    let never = CancellationToken::new();
    process::run(command, &never, |_, _| {}).await?;
    Ok(())
}

/// Waits until an address answers with 200, or the program behind it has ended.
async fn ready(name: &'static str, program: &mut Background, url: &str) -> Result<(), StageError> {
    let client = Client::new(Route::Direct)?;
    loop {
        tokio::select! {
            ending = program.ended() => return Err(ended(name, ending)),
            status = client.status(url, Duration::from_secs(1)) => {
                if status == Ok(200) {
                    return Ok(());
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn ended(program: &'static str, ending: Option<ProcessError>) -> StageError {
    match ending {
        Some(error) => StageError::Program(error),
        None => StageError::EndedWell { program },
    }
}
