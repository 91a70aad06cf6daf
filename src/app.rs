//! The application: handles built from the configuration, in the order in which they depend on
//! each other. It knows no surface; `cli::serve` hands it to them.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::adapters::checkpoints::{self, CheckpointError, Checkpoints};
use crate::adapters::db::{Store, StoreError};
use crate::adapters::docker::{Docker, EngineError, Instance};
use crate::adapters::git::Git;
use crate::adapters::logbook::Logbook;
use crate::adapters::notify::{Patience, Webhook};
use crate::adapters::probe::Probe;
use crate::adapters::procedures::{LoadError, ProcedureFolder};
use crate::adapters::prometheus::{FileSd, Prometheus};
use crate::adapters::scripts::Scripts;
use crate::agents;
use crate::config::{self, Config, NoTraffic, Watchdog};
use crate::domain::approval::ApprovalWindows;
use crate::domain::catalogue::Settings as PlaceSettings;
use crate::domain::checkpoint::Interval;
use crate::domain::history::{History, Keep};
use crate::domain::interpret::{Definition, Vocabulary};
use crate::domain::lock::Place;
use crate::domain::sop::statement;
use crate::domain::transition::{Change, Transition};
use crate::domain::verdict::{NoTrafficPolicy, ScrapeInterval, Thresholds};
use crate::domain::watch::{BadOf, ProbeSettings, WatchSettings};
use crate::engine::outside::{Adapters, LedgerJournal, SecretKey, secret_value};
use crate::engine::{Engine, LogLine, LogSink, LogStream, SystemTimer};
use crate::flow::{Flow, FlowError, Settings};
use crate::os::http::HttpError;
use crate::os::{clock, env, ids};

/// Why Commander does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    NoHome(#[from] env::NoHome),
    #[error("the data directory {path} cannot be used: {source}")]
    DataDirectory {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Docker(#[from] EngineError),
    #[error("{what}: {source}")]
    Http {
        what: &'static str,
        source: HttpError,
    },
    #[error("the procedures cannot be read:\n{0}")]
    Procedures(#[from] LoadError),
    #[error("the scripts of infra-scripts/ are refused:\n{0}")]
    Scripts(String),
    #[error("notify.webhook names a secret that cannot be had: {0}")]
    Webhook(String),
    #[error("the watch settings of {place} are wrong: {mistakes}")]
    Watch { place: String, mistakes: String },
    #[error("the embedded interpreter's definition is broken: {0}")]
    Definition(String),
    #[error("the embedded advisor's definition is broken: {0}")]
    Advisor(#[from] statement::InvalidDefinition),
    #[error("checkpoints of the audit trail cannot be kept: {0}")]
    Checkpoints(#[from] CheckpointError),
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// The keys in the data directory, which belong into a backup.
pub const KEYS: [&str; 2] = [SECRETS_KEY, checkpoints::KEY_FILE];
/// Of the hashes by which a changed secret is noticed.
const SECRETS_KEY: &str = "secrets.key";

pub struct App {
    pub flow: Arc<Flow>,
    pub data_dir: PathBuf,
}

impl App {
    /// Opens everything that belongs to this process. Docker, Prometheus and the repositories are
    /// not asked yet: Commander starts without them and says what is missing when it matters.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        let data_dir = config.store.directory()?;
        make_private(&data_dir)?;
        let store = Store::open(&data_dir)?;
        let instance = instance(&store).await?;
        let docker = docker(&config, &instance)?;
        let git = Git::new(data_dir.join("mirrors"));
        let http = |what| move |source| BuildError::Http { what, source };
        let probe = Probe::new().map_err(http("the HTTP client cannot be set up"))?;
        let prometheus = config
            .watchdog
            .prometheus
            .as_deref()
            .map(|address| Prometheus::new(address, config.watchdog.query_timeout))
            .transpose()
            .map_err(http("watchdog.prometheus is no address"))?;
        let scripts = Arc::new(scripts(&config)?);
        let logbook =
            Logbook::open(data_dir.join("logs")).map_err(|source| BuildError::DataDirectory {
                path: data_dir.clone(),
                source,
            })?;
        let watches = Arc::new(watches(&config)?);
        let engine = Engine {
            world: Arc::new(Adapters {
                git: git.clone(),
                docker: docker.clone(),
                probe: probe.clone(),
                scripts: scripts.clone(),
                secrets: secret_key(&data_dir)?,
                fences: Arc::default(),
            }),
            journal: Arc::new(LedgerJournal::new(store.clone(), watches.clone())),
            timer: Arc::new(SystemTimer::default()),
            log: Arc::new(IntoLogbook(logbook.clone())),
            instance: instance.clone(),
        };
        let names = scripts
            .iter()
            .map(|script| script.name.to_string())
            .collect();
        let flow = Flow {
            targets: targets(&config, &data_dir, &instance)?,
            procedures: procedures(&config, &data_dir)?,
            webhook: webhook(&config)?,
            definition: Definition::with_languages(agents::INTERPRETER, &agents::LANGUAGES)
                .map_err(|error| BuildError::Definition(error.to_string()))?,
            vocabulary: Vocabulary::from_catalogue(&config.catalogue, names),
            settings: settings(&config, watches),
            checkpoints: checkpoints(&config, &data_dir)?,
            catalogue: config.catalogue,
            view: Default::default(),
            running: Default::default(),
            approving: Default::default(),
            images_changed: Default::default(),
            witness: Default::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            store,
            engine,
            git,
            docker,
            prometheus,
            probe,
            scripts,
            logbook,
            instance,
        };
        Ok(Self {
            flow: Arc::new(flow),
            data_dir,
        })
    }

    /// Takes up what an earlier process left, and begins to listen to Docker.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn start(&self) -> Result<(), FlowError> {
        let unknown = self
            .flow
            .procedures
            .current()
            .unknown_names(&self.flow.catalogue);
        for mistake in unknown {
            tracing::warn!("a procedure names what the catalogue does not have: {mistake}");
        }
        self.flow.take_up().await?;
        self.flow.listen();
        self.flow.keep_checkpoints();
        self.flow.keep_history();
        Ok(())
    }

    /// Ends all tasks of this process. Executions go on at the next start.
    pub async fn stop(&self) {
        self.flow.stop.cancel();
        self.flow.tasks.close();
        // A step that does not let go is left to the next start, which adopts it.
        if tokio::time::timeout(Duration::from_secs(5), self.flow.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some tasks were still at work; they are taken up at the next start");
        }
    }
}

fn make_private(path: &Path) -> Result<(), BuildError> {
    let failed = |source| BuildError::DataDirectory {
        path: path.to_owned(),
        source,
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}

/// The random id in all names and labels: made with the data directory, and then never changed.
async fn instance(store: &Store) -> Result<Arc<str>, BuildError> {
    if store.instance()?.is_none() {
        let id = ids::secret(3).map_err(|e| StoreError::Unwritable(e.to_string()))?;
        store
            .write(Transition::of(vec![Change::SetInstance { id }]))
            .await?;
    }
    let id = store.instance()?;
    Ok(Arc::from(id.ok_or_else(|| {
        StoreError::Unreadable("the instance id was not stored".to_owned())
    })?))
}

/// The engine that the configuration, or else `DOCKER_HOST`, names; nothing is asked of it yet.
///
/// # Errors
///
/// When what is named is no address.
pub fn docker(config: &Config, instance: &str) -> Result<Docker, BuildError> {
    let instance =
        Instance::parse(instance).map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let variable = env::variable("DOCKER_HOST").and_then(|value| value.into_string().ok());
    let host = config
        .docker
        .host
        .clone()
        .or(variable.filter(|value| !value.is_empty()));
    Ok(Docker::connect(host.as_deref(), instance)?)
}

/// The folder beside the procedures; without one there are no scripts.
///
/// # Errors
///
/// When the manifest has a mistake, or a script is not the file that it was written for.
pub fn scripts(config: &Config) -> Result<Scripts, BuildError> {
    let beside = config.advisor.sops.parent().unwrap_or(Path::new("."));
    let folder = beside.join("infra-scripts");
    if !folder.join("manifest.toml").exists() {
        return Ok(Scripts::default());
    }
    Scripts::load(&folder).map_err(|error| BuildError::Scripts(error.to_string()))
}

/// The configured folder, or an empty one of our own where the usual one does not exist.
fn procedures(config: &Config, data_dir: &Path) -> Result<ProcedureFolder, BuildError> {
    let folder = &config.advisor.sops;
    let is_usual = folder.file_name() == Some("sops".as_ref());
    if !folder.exists() && is_usual {
        tracing::warn!(folder = %folder.display(), "there are no procedures here: plans are not checked against any");
        let own = data_dir.join("sops");
        make_private(&own)?;
        return Ok(ProcedureFolder::open(&own, advisor()?)?);
    }
    Ok(ProcedureFolder::open(folder, advisor()?)?)
}

/// The advisor's definition, as the binary carries it.
///
/// # Errors
///
/// When it was written wrongly, which a test would have told.
pub fn advisor() -> Result<Arc<statement::Definition>, statement::InvalidDefinition> {
    statement::Definition::parse(agents::ADVISOR, &agents::ADVISOR_LANGUAGES).map(Arc::new)
}

/// Prometheus finds the releases through files in a folder that is ours alone.
fn targets(config: &Config, data_dir: &Path, instance: &str) -> Result<Option<FileSd>, BuildError> {
    if config.watchdog.prometheus.is_none() {
        return Ok(None);
    }
    let usual = || data_dir.join("prometheus").join("targets");
    let folder = config.watchdog.file_sd.clone().unwrap_or_else(usual);
    std::fs::create_dir_all(&folder).map_err(|source| BuildError::DataDirectory {
        path: folder.clone(),
        source,
    })?;
    Ok(Some(FileSd::new(&folder, instance)))
}

fn webhook(config: &Config) -> Result<Option<Webhook>, BuildError> {
    let Some(configured) = &config.notify.webhook else {
        return Ok(None);
    };
    let address = match configured {
        config::Webhook::Address(address) => address.clone(),
        config::Webhook::Secret(reference) => {
            secret_value("notify.webhook", reference).map_err(|f| BuildError::Webhook(f.message))?
        }
    };
    let webhook =
        Webhook::new(&address, Patience::default()).map_err(|source| BuildError::Http {
            what: "notify.webhook is no address",
            source,
        })?;
    Ok(Some(webhook))
}

/// The key of the hashes by which a changed secret is noticed; it never leaves the data directory.
fn secret_key(data_dir: &Path) -> Result<SecretKey, BuildError> {
    let path = data_dir.join(SECRETS_KEY);
    let failed = |source| BuildError::DataDirectory {
        path: path.clone(),
        source,
    };
    if !path.exists() {
        crate::os::files::write_private(&path, &ids::secret(32).map_err(failed)?)
            .map_err(failed)?;
    }
    Ok(SecretKey::new(std::fs::read(&path).map_err(failed)?))
}

fn checkpoints(config: &Config, data_dir: &Path) -> Result<Checkpoints, BuildError> {
    let usual = || data_dir.join(checkpoints::FILE);
    let file = config.audit.checkpoints.clone().unwrap_or_else(usual);
    let is_new = !data_dir.join(checkpoints::KEY_FILE).exists();
    let opened = Checkpoints::open(file, data_dir)?;
    if is_new {
        let public_key = opened.public_key();
        tracing::info!(
            public_key,
            "a key for checkpoints of the audit trail was made"
        );
    }
    Ok(opened)
}

fn settings(config: &Config, watches: Arc<BTreeMap<Place, WatchSettings>>) -> Settings {
    let seconds = |duration: Duration| u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
    Settings {
        windows: ApprovalWindows {
            offered_for_seconds: seconds(config.approval.offered_for),
            start_within_seconds: seconds(config.approval.start_within),
        },
        timezone: config.advisor.timezone.clone(),
        holidays: config.advisor.holidays.clone(),
        keep: config.docker.keep as usize,
        checkpoints: Interval {
            time: config.audit.checkpoint_every,
            rows: config.audit.checkpoint_rows.into(),
        },
        history: History {
            journals: Keep {
                days: config.history.journal_days,
                newest: config.history.journal_newest,
            },
            logs: Keep {
                days: config.history.log_days,
                newest: config.history.log_newest,
            },
        },
        watches,
    }
}

fn watches(config: &Config) -> Result<BTreeMap<Place, WatchSettings>, BuildError> {
    let mut found = BTreeMap::new();
    for (service, settings) in &config.catalogue.services {
        for (environment, settings) in &settings.environments {
            let place = Place {
                service: service.clone(),
                environment: Some(environment.clone()),
            };
            let settings = watch_settings(&config.watchdog, &settings.settings);
            let mistakes = settings.mistakes();
            if !mistakes.is_empty() {
                let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
                return Err(BuildError::Watch {
                    place: place.to_string(),
                    mistakes: mistakes.join("; "),
                });
            }
            found.insert(place, settings);
        }
    }
    Ok(found)
}

fn watch_settings(watchdog: &Watchdog, place: &PlaceSettings) -> WatchSettings {
    let milliseconds = |d: Duration| u32::try_from(d.as_millis()).unwrap_or(u32::MAX);
    let seconds = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX);
    WatchSettings {
        interval_milliseconds: milliseconds(watchdog.interval),
        window_seconds: seconds(watchdog.window),
        query_timeout_milliseconds: milliseconds(watchdog.query_timeout),
        bake_seconds: place.bake_seconds,
        consecutive_bad: watchdog.consecutive,
        bad_of: BadOf {
            bad: watchdog.of_last.bad,
            last: watchdog.of_last.last,
        },
        thresholds: Thresholds {
            error_rate_max: watchdog.max_error_rate,
            p95_max_seconds: watchdog.max_p95.map(|d| d.as_secs_f64()),
            min_requests: watchdog.min_requests,
            no_traffic: match watchdog.no_traffic {
                NoTraffic::Probe => NoTrafficPolicy::Probe,
                NoTraffic::Hold => NoTrafficPolicy::Hold,
                NoTraffic::Pass => NoTrafficPolicy::Pass,
            },
            scrape_interval: watchdog
                .scrape_interval
                .map_or_else(ScrapeInterval::default, |d| ScrapeInterval::Known {
                    seconds: seconds(d),
                }),
        },
        // Without a server to ask there is nothing to judge by but Commander's own requests.
        queries: match watchdog.prometheus {
            Some(_) => place.metrics.clone(),
            None => Default::default(),
        },
        probe: place.run.health_path.as_deref().map(ProbeSettings::on),
    }
}

/// The engine's lines go to the logbook.
struct IntoLogbook(Logbook);

impl LogSink for IntoLogbook {
    fn line(&self, line: LogLine) {
        let stream = match line.stream {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
            LogStream::Commander => "commander",
        };
        self.0.append(
            line.execution,
            &line.step.0,
            stream,
            &line.text,
            clock::now(),
        );
    }
}
