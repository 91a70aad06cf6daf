//! A whole Commander for a test, without its surfaces: a data directory, a repository, an engine
//! with a base image, and the application on top of them. A test speaks to it as a person would:
//! ask, approve, wait.
//!
//! Whatever it made on the engine carries its data directory's random instance id, and goes with
//! the value, also on panic; for looking and cleaning this file speaks to the engine by itself,
//! without the adapter that is under test.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use commander::adapters::db::{Selection, Store};
use commander::app::App;
use commander::config::Config;
use commander::domain::execution::{
    Execution, ExecutionState, ExecutionStatus, JournalEvent, StepOutput, StepStatus,
};
use commander::domain::id::{ExecutionId, PlanId, ReleaseId, WatchId};
use commander::domain::incident::{Incident, IncidentKind};
use commander::domain::lock::Place;
use commander::domain::name::{EnvironmentName, PersonName, ServiceName};
use commander::domain::plan::{Origin, Plan, Requester, Surface};
use commander::domain::release::{self, Release};
use commander::domain::step::StepId;
use commander::domain::transition::{Change, Transition};
use commander::domain::watch::{Evaluation, Watch, WatchStatus};
use commander::engine::Journal;
use commander::flow::{Approved, Asked, Flow, FlowError};
use commander::os::clock;
use commander::os::http::{Client, Limits, Route};
use serde_json::Value;
use tempfile::TempDir;

use super::docker_image::{TestEngine, escaped, request};
use super::shop::Repository;

/// How long a test waits for what takes a moment on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// Makes a journal of the one that it stands before.
pub type Between = fn(Arc<dyn Journal>) -> Arc<dyn Journal>;

/// What a test's configuration says besides the usual.
#[derive(Default, Clone)]
pub struct Setup {
    /// Lines of `[watchdog]`.
    pub watchdog: String,
    /// Lines of `[services.shop]`.
    pub service: String,
    /// How long the health gate waits; 3 s unless set.
    pub deadline: Option<&'static str>,
    /// Lines of `[services.shop.health]` instead of the usual ones.
    pub health: Option<&'static str>,
    /// Tables after it; without any there is `staging`, and `production` after it.
    pub environments: String,
    /// Other sections.
    pub sections: String,
    /// Procedures: file name and text.
    pub procedures: Vec<(&'static str, String)>,
    /// Puts a journal with a defect between the engine and its own.
    pub journal: Option<Between>,
}

pub struct House {
    pub repository: Repository,
    pub setup: Setup,
    app: Option<App>,
    instance: String,
    http: Client,
    directory: TempDir,
    // Last, for all that is made from it goes before it.
    _base: Arc<TestEngine>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let directory = TempDir::new().unwrap();
        let base = base_image();
        let repository = Repository::make(directory.path().join("shop"), base.base.as_str());
        let app = build(directory.path(), &setup).await;
        let instance = app.flow.instance.to_string();
        let house = Self {
            repository,
            setup,
            app: Some(app),
            instance,
            http: Client::new(Route::Direct).unwrap(),
            directory,
            _base: base,
        };
        house.app().start().await.unwrap();
        for name in ["ada", "bob"] {
            let token = Change::AddToken {
                name: person(name),
                hash: format!("the hash of {name}'s token"),
                at: clock::now(),
            };
            house.write(token).await;
        }
        house
    }

    /// Ends the process as far as a test can: what is under way is dropped where it stands.
    pub async fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }

    /// A new process on the same data directory, with the setup as it is now.
    pub async fn start(&mut self) {
        self.app = Some(build(self.directory.path(), &self.setup).await);
        self.app().start().await.unwrap();
    }

    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// A second application on the same data directory.
    pub async fn second(&self) -> Result<App, commander::app::BuildError> {
        App::build(configuration(self.directory.path(), &self.setup)).await
    }

    fn app(&self) -> &App {
        self.app.as_ref().expect("the house is stopped")
    }

    pub fn flow(&self) -> &Arc<Flow> {
        &self.app().flow
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// What a person does.
impl House {
    pub async fn try_ask(&self, sentence: &str) -> Result<Asked, FlowError> {
        self.flow()
            .ask(sentence, &person("ada"), Surface::Web, None, None)
            .await
    }

    pub async fn ask(&self, sentence: &str) -> Asked {
        self.try_ask(sentence).await.unwrap()
    }

    /// The one plan that a sentence makes.
    pub async fn plan(&self, sentence: &str) -> Plan {
        let mut asked = self.ask(sentence).await;
        assert_eq!(
            asked.plans.len(),
            1,
            "{sentence}: {:?} {:?}",
            asked.outcome,
            asked.question
        );
        asked.plans.remove(0)
    }

    pub async fn try_approve(&self, plan: &Plan, by: &str) -> Result<Approved, FlowError> {
        self.flow()
            .approve(&plan.id, &plan.digest, &person(by), None)
            .await
    }

    /// Approves, and gives the execution that begins by it.
    pub async fn approve(&self, plan: &Plan) -> Execution {
        let approved = self.try_approve(plan, "ada").await.unwrap();
        approved.execution.expect("one approval is enough")
    }

    /// Asks, approves and waits for the end.
    pub async fn carry_out(&self, sentence: &str) -> Ended {
        let plan = self.plan(sentence).await;
        let execution = self.approve(&plan).await;
        self.end_of(&execution.id).await
    }

    /// Asks, approves and waits for the end, which must be a good one.
    pub async fn deploy(&self, version: &str) -> Release {
        let ended = self
            .carry_out(&format!("deploy tag {version} of shop to staging"))
            .await;
        ended.must_succeed();
        self.live()
    }

    /// Deploys and waits until the watch has ended.
    pub async fn deploy_and_verify(&self, version: &str) -> Release {
        let release = self.deploy(version).await;
        let watch = self.end_of_watch_over(&release).await;
        assert_eq!(watch.status().to_string(), "verified", "{:?}", watch.reason);
        self.flow().store.release(&release.id).unwrap()
    }

    /// A person's word makes a release the last known good without a bake.
    pub async fn deploy_and_vouch(&self, version: &str) -> Release {
        let release = self.deploy(version).await;
        self.vouch(&release).await;
        self.release(&release)
    }

    /// A person verifies a release by name, instead of waiting for its watch.
    pub async fn vouch(&self, release: &Release) {
        let watch = self.watch_over(release);
        self.flow()
            .stop_watch(&watch.id, &person("ada"))
            .await
            .unwrap();
        self.flow()
            .verify_release(&release.id, &person("ada"))
            .await
            .unwrap();
    }

    /// A person lifts the quarantine of a release.
    pub async fn lift(&self, release: &Release) {
        self.flow()
            .lift_quarantine(&release.id, &person("ada"))
            .await
            .unwrap();
    }

    async fn write(&self, change: Change) {
        self.flow()
            .store
            .write(Transition::of(vec![change]))
            .await
            .unwrap();
    }

    pub async fn roll_back(&self) -> Result<Plan, FlowError> {
        let origin = Origin {
            by: Requester::Person {
                name: person("ada"),
            },
            surface: Surface::Web,
            command: None,
            thread: None,
            intent: None,
            text: None,
            rerun_of: None,
        };
        self.flow().plan_rollback(&staging(), None, origin).await
    }
}

/// How an execution ended.
#[derive(Debug)]
pub struct Ended {
    pub execution: Execution,
    pub state: ExecutionState,
    pub plan: Plan,
}

impl Ended {
    pub fn status(&self) -> ExecutionStatus {
        self.execution.status
    }

    pub fn must_succeed(&self) {
        assert_eq!(
            self.status(),
            ExecutionStatus::Succeeded,
            "{:?}",
            self.plan.reason
        );
    }

    /// The sentence that says why.
    pub fn why(&self) -> &str {
        self.plan.reason.as_deref().unwrap_or_default()
    }

    pub fn step(&self, id: &str) -> StepStatus {
        self.state.steps[&StepId::from(id)].status
    }
}

/// Waiting and looking.
impl House {
    pub async fn end_of(&self, execution: &ExecutionId) -> Ended {
        let store = &self.flow().store;
        until("the execution ends", || {
            let execution = store.execution(execution).unwrap();
            execution.status.has_ended().then_some(execution)
        })
        .await;
        let execution = store.execution(execution).unwrap();
        Ended {
            state: store.execution_state(&execution).unwrap(),
            plan: store.plan(&execution.plan).unwrap(),
            execution,
        }
    }

    /// An execution in the middle of its test whose journal makes no sense: no process goes on with
    /// it, and a person has to end it.
    pub async fn broken_execution(&self) -> Execution {
        let sentence = "deploy tag slow-tests of shop to staging and run the tests";
        let plan = self.plan(sentence).await;
        let broken = self.approve(&plan).await;
        self.step_is(&broken.id, "test-unit", StepStatus::Running)
            .await;
        let nonsense = JournalEvent::StepDone {
            step: StepId::from("switch"),
            output: StepOutput::default(),
        };
        let store = &self.flow().store;
        let forged = Change::Journal {
            execution: broken.id.clone(),
            after: store.journal_length(&broken.id).unwrap(),
            events: vec![(clock::now(), nonsense)],
            status: ExecutionStatus::Running,
        };
        store.write(Transition::of(vec![forged])).await.unwrap();
        broken
    }

    pub async fn step_is(&self, execution: &ExecutionId, step: &str, status: StepStatus) {
        let store = &self.flow().store;
        until(&format!("{step} is {status:?}"), || {
            let execution = store.execution(execution).unwrap();
            let state = store.execution_state(&execution).unwrap();
            assert!(
                !execution.status.has_ended() || state.steps[&StepId::from(step)].status == status,
                "it ended before: {state:?}"
            );
            (state.steps[&StepId::from(step)].status == status).then_some(())
        })
        .await;
    }

    pub fn watch_over(&self, release: &Release) -> Watch {
        let watches = self.flow().store.watches(&all()).unwrap();
        watches
            .into_iter()
            .find(|watch| watch.release == release.id)
            .expect("it is watched")
    }

    pub async fn end_of_watch_over(&self, release: &Release) -> Watch {
        let id = self.watch_over(release).id;
        self.end_of_watch(&id).await
    }

    pub async fn end_of_watch(&self, watch: &WatchId) -> Watch {
        let store = &self.flow().store;
        until("the watch ends", || {
            let watch = store.watch(watch).unwrap();
            (!watch.status().is_open()).then_some(watch)
        })
        .await
    }

    pub async fn watch_is(&self, release: &Release, status: WatchStatus) {
        until(&format!("the watch is {status}"), || {
            (self.watch_over(release).status() == status).then_some(())
        })
        .await;
    }

    pub fn stored(&self, plan: &PlanId) -> Plan {
        self.flow().store.plan(plan).unwrap()
    }

    pub fn ledger(&self) -> Vec<Release> {
        self.flow().store.ledger(&staging()).unwrap()
    }

    pub fn try_live(&self) -> Option<Release> {
        release::live(&self.ledger()).cloned()
    }

    /// What is live in staging.
    pub fn live(&self) -> Release {
        self.try_live().expect("something is live")
    }

    pub fn release(&self, release: &Release) -> Release {
        self.flow().store.release(&release.id).unwrap()
    }

    /// Newest first.
    pub fn executions(&self) -> Vec<Execution> {
        self.flow().store.executions(&all()).unwrap()
    }

    /// Newest first.
    pub fn incidents(&self) -> Vec<Incident> {
        self.flow().store.incidents(&all()).unwrap()
    }

    pub async fn incident(&self, kind: IncidentKind) -> Incident {
        until(&format!("an incident {kind:?}"), || {
            self.incidents()
                .into_iter()
                .find(|incident| incident.kind == kind)
        })
        .await
    }

    /// What the live release answers.
    pub async fn page(&self, path: &str) -> String {
        self.page_of(&self.live(), path).await
    }

    /// What answers where the release is published.
    pub async fn page_of(&self, release: &Release, path: &str) -> String {
        let answer = self.answer_of(release, path).await;
        answer.unwrap_or_else(|error| error)
    }

    async fn answer_of(&self, release: &Release, path: &str) -> Result<String, String> {
        let publish = release.configuration.publish;
        let url = format!("http://{publish}{path}");
        let limits = Limits {
            timeout: Duration::from_secs(5),
            max_body_bytes: 4096,
        };
        match self.http.get(&url, &[], limits).await {
            Ok(answer) => Ok(String::from_utf8(answer.body).unwrap()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The live release answers, and it is this version. A container that was just started again
    /// takes a moment until its service listens.
    pub async fn answers_as(&self, version: &str) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.answer_of(&self.live(), "/version").await {
                Ok(answer) => return assert_eq!(answer, version),
                Err(error) => assert!(Instant::now() < give_up, "{version}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Oldest first.
    pub fn evaluations(&self, watch: &Watch) -> Vec<Evaluation> {
        self.flow().store.evaluations(&watch.id, 1000).unwrap()
    }

    /// The newest watch over the release has judged it so often.
    pub async fn evaluations_are(&self, release: &Release, at_least: u32) {
        until(&format!("{at_least} evaluations"), || {
            (self.watch_over(release).state.evaluations >= at_least).then_some(())
        })
        .await;
    }

    /// The lines that the execution's steps printed.
    pub fn printed(&self, execution: &ExecutionId) -> String {
        let lines = self.flow().logbook.read(execution, 0, 1000).unwrap();
        lines
            .iter()
            .map(|line| format!("{} {}\n", line.step, line.text))
            .collect()
    }
}

/// The engine, asked by the test itself.
impl House {
    /// The release's container as the engine describes it.
    pub fn inspect(&self, release: &Release) -> Option<Value> {
        self.container_of(&release.id)
    }

    pub fn container_of(&self, release: &ReleaseId) -> Option<Value> {
        self.containers()
            .into_iter()
            .find(|container| label(container, "commander.release") == release.as_str())
    }

    /// Somebody takes a release's container away.
    pub fn remove_container(&self, release: &ReleaseId) {
        let container = self.container_of(release).expect("it has a container");
        let id = container["Id"].as_str().unwrap();
        let (status, body) = request("DELETE", &format!("/containers/{id}?force=true"), b"");
        assert_eq!(status, 204, "{body}");
    }

    /// All containers that carry this house's instance id, described.
    pub fn containers(&self) -> Vec<Value> {
        containers_of(&self.instance)
    }

    pub fn is_running(&self, release: &Release) -> bool {
        self.inspect(release)
            .is_some_and(|container| container["State"]["Running"] == true)
    }

    /// Ids of the images that this house built.
    pub fn images(&self) -> Vec<String> {
        images_of(&self.instance)
    }

    pub fn kill_container(&self, release: &Release) {
        let id = self.inspect(release).unwrap()["Id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (status, body) = request("POST", &format!("/containers/{id}/kill"), b"");
        assert_eq!(status, 204, "{body}");
    }

    /// As `docker system prune -a` does with what does not run.
    pub fn prune(&self, release: &Release) {
        if let Some(container) = self.inspect(release) {
            let id = container["Id"].as_str().unwrap();
            let (status, body) = request("DELETE", &format!("/containers/{id}?force=1"), b"");
            assert_eq!(status, 204, "{body}");
        }
        let image = release.image_id.as_ref().unwrap();
        let (status, body) = request("DELETE", &format!("/images/{image}?force=1"), b"");
        assert_eq!(status, 200, "{body}");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.flow.stop.cancel();
            app.flow.tasks.close();
            let until = Instant::now() + Duration::from_secs(5);
            while !app.flow.tasks.is_empty() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        remove_all_of(&self.instance);
        if !std::thread::panicking() {
            // Whatever a test did, the trail that it left is whole.
            let found = Store::verify(&self.directory.path().join("data")).unwrap();
            assert!(found.is_ok(), "{found:?}");
        }
    }
}

/// All containers that carry an instance id, described.
pub fn containers_of(instance: &str) -> Vec<Value> {
    of_instance(instance)
        .iter()
        .filter_map(|id| {
            let (status, body) = request("GET", &format!("/containers/{id}/json"), b"");
            (status == 200).then(|| serde_json::from_str(&body).unwrap())
        })
        .collect()
}

/// Removes what an instance made on the engine.
pub fn remove_all_of(instance: &str) {
    for id in of_instance(instance) {
        request("DELETE", &format!("/containers/{id}?force=1&v=1"), b"");
    }
    for id in images_of(instance) {
        request("DELETE", &format!("/images/{id}?force=1"), b"");
    }
}

fn of_instance(instance: &str) -> Vec<String> {
    let filter = format!(r#"{{"label":["commander.instance={instance}"]}}"#);
    ids(&format!(
        "/containers/json?all=1&filters={}",
        escaped(&filter)
    ))
}

fn images_of(instance: &str) -> Vec<String> {
    let filter = format!(r#"{{"label":["commander.instance={instance}"]}}"#);
    ids(&format!("/images/json?filters={}", escaped(&filter)))
}

fn ids(path: &str) -> Vec<String> {
    let found: Vec<Value> = serde_json::from_str(&request("GET", path, b"").1).unwrap_or_default();
    found
        .iter()
        .filter_map(|one| Some(one["Id"].as_str()?.to_owned()))
        .collect()
}

pub fn label<'a>(container: &'a Value, name: &str) -> &'a str {
    container["Config"]["Labels"][name]
        .as_str()
        .unwrap_or_default()
}

/// One base image for all houses of a test binary that live at the same time.
pub fn base_image() -> Arc<TestEngine> {
    static SHARED: Mutex<Weak<TestEngine>> = Mutex::new(Weak::new());
    let mut shared = SHARED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    match shared.upgrade() {
        Some(base) => base,
        None => {
            let base = Arc::new(TestEngine::start());
            *shared = Arc::downgrade(&base);
            base
        }
    }
}

/// The application on a directory of a house, not started.
pub async fn build(directory: &Path, setup: &Setup) -> App {
    let mut app = App::build(configuration(directory, setup)).await.unwrap();
    if let Some(between) = setup.journal {
        let flow = Arc::get_mut(&mut app.flow).expect("it has not begun");
        flow.engine.journal = between(flow.engine.journal.clone());
    }
    app
}

fn configuration(directory: &Path, setup: &Setup) -> Config {
    let text = configuration_text(directory, setup);
    match Config::parse(&directory.join("commander.toml"), &text, []) {
        Ok(config) => config,
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// The file `commander.toml` in the directory; the procedures are written beside it.
pub fn configuration_text(directory: &Path, setup: &Setup) -> String {
    let sops = directory.join("sops");
    std::fs::create_dir_all(&sops).unwrap();
    for (file, text) in &setup.procedures {
        std::fs::write(sops.join(file), text).unwrap();
    }
    let environments = match setup.environments.as_str() {
        "" => {
            "[services.shop.environments.staging]\n[services.shop.environments.production]\nafter = \"staging\""
        }
        given => given,
    };
    let deadline = setup.deadline.unwrap_or("3s");
    let health = match setup.health {
        None => format!(
            "path = \"/health\"\ninterval = \"200ms\"\ntimeout = \"1s\"\ndeadline = \"{deadline}\""
        ),
        Some(given) => given.to_owned(),
    };
    format!(
        r#"
{sections}
[store]
data_dir = "data"
[watchdog]
{watchdog}
[services.shop]
repository = "shop"
drain = "2s"
{service}
[services.shop.health]
{health}
[services.shop.tests.unit]
argv = ["/bin/sh", "/app/unit.sh"]
[services.shop.tests.smoke]
argv = ["/bin/sh", "/app/smoke.sh"]
when = "live"
{environments}
"#,
        sections = setup.sections,
        watchdog = setup.watchdog,
        service = setup.service,
    )
}

pub fn person(name: &str) -> PersonName {
    PersonName::parse(name).unwrap()
}

pub fn staging() -> Place {
    place("staging")
}

pub fn place(environment: &str) -> Place {
    Place {
        service: ServiceName::parse("shop").unwrap(),
        environment: Some(EnvironmentName::parse(environment).unwrap()),
    }
}

fn all() -> Selection {
    Selection {
        limit: 1000,
        ..Selection::default()
    }
}

/// Looks again and again until there is something to see.
pub async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            Instant::now() < give_up,
            "waited {PATIENCE:?} in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
