//! `commander serve`: builds the application, hands it to the surfaces, and ends both in order.
//!
//! ```text
//!   lock of the data directory ─> port ─> what an earlier process left ─> server.json ─> serving
//!   SIGINT, SIGTERM ─> event streams end ─> open requests are answered ─> tasks end
//!   a second signal ─> at once; the next start takes everything up
//! ```
//!
//! While it runs, the data directory holds `server.json`, by which the command line finds it, and
//! `cli.token`, the token of the person who started it; only that user can read them.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::exit::Exit;
use super::server::{SERVER_FILE, ServerFile, TOKEN_FILE, reachable};
use crate::adapters::db::StoreError;
use crate::api::{self, Api};
use crate::app::{App, BuildError};
use crate::config::Config;
use crate::flow::{FlowError, NewToken};
use crate::os::signals::StopSignals;
use crate::os::{env, files};

/// What is logged, as for other Rust programs.
const LOG_VARIABLE: &str = "RUST_LOG";
const USUAL_LOG: &str = "info";
/// How long open requests may take to be answered at the stop.
const GRACE: Duration = Duration::from_secs(5);

/// Why it does not serve. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Flow(#[from] FlowError),
    #[error(
        "nothing can listen at {address}: {source}; stop what listens there, or set server.listen"
    )]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("{} cannot be written: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the operating system refuses: {0}")]
    System(#[from] std::io::Error),
}

impl ServeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Build(BuildError::Store(StoreError::InUse(_))) => Exit::TryLater,
            _ => Exit::Unavailable,
        }
    }
}

/// Serves until it is told to stop. The configuration has been checked.
pub fn serve(config: Config) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "there are no threads to work with");
            return Exit::Internal.into();
        }
    };
    let served = runtime.block_on(until_told_to_stop(config));
    // A blocking read that hangs is not waited for.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            error.exit().into()
        }
    }
}

async fn until_told_to_stop(config: Config) -> Result<(), ServeError> {
    let mut signals = StopSignals::new()?;
    let serving = Serving::start(config).await?;
    greet(&serving);
    signals.next().await;
    tracing::info!("stopping; what runs is taken up at the next start");
    tokio::select! {
        () = serving.stop() => {}
        () = signals.next() => tracing::warn!("stopped at once"),
    }
    Ok(())
}

/// A server that answers.
pub struct Serving {
    /// Where it listens.
    pub address: SocketAddr,
    /// Of the person who started it.
    pub own: NewToken,
    /// Signs the browser of that person in, once.
    pub sign_in_token: String,
    pub app: App,
    api: Arc<Api>,
    server: JoinHandle<()>,
    file: PathBuf,
}

impl Serving {
    /// # Errors
    ///
    /// See [`ServeError`]. Nothing runs then.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        let settings = config.server.clone();
        let app = App::build(config).await?;
        let listen = |source| ServeError::Listen {
            address: settings.listen,
            source,
        };
        let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
        let address = listener.local_addr()?;
        let own = own_token(&app).await?;
        let api = Api::open(&app, &settings)?;
        app.start().await?;
        let file = app.data_dir.join(SERVER_FILE);
        let found_by = ServerFile {
            address,
            pid: std::process::id(),
        };
        write(&file, &found_by)?;
        let sign_in_token = api.sessions.invite(own.name.clone())?;
        let closing = api.closing.clone().cancelled_owned();
        let service = api::router(api.clone());
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, service).with_graceful_shutdown(closing);
            if let Err(error) = served.await {
                tracing::error!(%error, "the server broke off");
            }
        });
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        Ok(Self {
            address,
            own,
            sign_in_token,
            app,
            api,
            server,
            file,
        })
    }

    /// Ends the event streams, lets open requests be answered, and ends all tasks.
    pub async fn stop(self) {
        self.api.closing.cancel();
        if tokio::time::timeout(GRACE, self.server).await.is_err() {
            tracing::warn!("some requests were not answered");
        }
        self.app.stop().await;
        if let Err(error) = std::fs::remove_file(&self.file) {
            tracing::warn!(%error, "{} stays", self.file.display());
        }
    }
}

fn write(file: &Path, content: &impl Serialize) -> Result<(), ServeError> {
    let json = serde_json::to_string(content).map_err(std::io::Error::other);
    let written = json.and_then(|json| files::write_private(file, &json));
    written.map_err(|source| ServeError::File {
        path: file.to_owned(),
        source,
    })
}

/// The token in the data directory, made where there is none that is valid.
async fn own_token(app: &App) -> Result<NewToken, ServeError> {
    let path = app.data_dir.join(TOKEN_FILE);
    let kept = std::fs::read_to_string(&path).ok();
    let kept = kept.map(|token| token.trim().to_owned());
    let login = ["USER", "LOGNAME"].into_iter().find_map(env::variable);
    let login = login.unwrap_or_default();
    let own = app
        .flow
        .own_token(&login.to_string_lossy(), kept.clone())
        .await?;
    if kept.as_ref() != Some(&own.token) {
        files::write_private(&path, &own.token)
            .map_err(|source| ServeError::File { path, source })?;
    }
    Ok(own)
}

/// Says on standard output where it is. The sign-in token goes there and into no log.
fn greet(serving: &Serving) {
    let address = reachable(serving.address);
    let greeting = format!(
        "Commander {} serves at http://{address}\nsign in (once, within the hour): http://{address}/#t={}\n",
        env!("CARGO_PKG_VERSION"),
        serving.sign_in_token,
    );
    let mut out = std::io::stdout();
    let said = out
        .write_all(greeting.as_bytes())
        .and_then(|()| out.flush());
    if let Err(error) = said {
        tracing::warn!(%error, "the address could not be printed");
    }
}

fn log_to_stderr() {
    let is_terminal = std::io::stderr().is_terminal();
    let filter = env::variable(LOG_VARIABLE).and_then(|value| value.into_string().ok());
    let form = match is_terminal {
        true => LogForm::Text,
        false => LogForm::Json,
    };
    let log = log(form, filter.as_deref(), std::io::stderr);
    // An error says that a log was set up before this one, which then gets the lines.
    let _ = tracing::subscriber::set_global_default(log);
}

/// For whom the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// A person at a terminal.
    Text,
    /// A program: one JSON object a line.
    Json,
}

/// The log of the server. `filter` is in the form of `RUST_LOG`.
pub fn log<W>(
    form: LogForm,
    filter: Option<&str>,
    writer: W,
) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = filter
        .and_then(|filter| EnvFilter::try_new(filter).ok())
        .unwrap_or_else(|| EnvFilter::new(USUAL_LOG));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match form {
        LogForm::Text => Box::new(builder.finish()),
        LogForm::Json => Box::new(builder.json().flatten_event(true).finish()),
    }
}
