//! What the tests of this suite tell with: how long is watched, a release that turns bad on
//! command, and what must be so after a rollback.

use std::time::Duration;

use commander::domain::approval::Approver;
use commander::domain::execution::{Execution, ExecutionStatus};
use commander::domain::incident::{Incident, IncidentKind, IncidentSeverity, IncidentStatus};
use commander::domain::intent::Action;
use commander::domain::plan::Requester;
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::watch::WatchStatus;
use commander::flow::FlowError;
use serde_json::Value;
use tokio::time::timeout;

use crate::docker_image::request;
use crate::house::{House, Setup, until};

/// A bake that ends while a test waits for it; nothing has to happen within it.
pub const SHORT: &str = "interval = \"200ms\"\nbake = \"2s\"\nconsecutive = 2";
/// A bake that does not end while a test looks on.
pub const LONG: &str = "interval = \"200ms\"\nbake = \"10m\"\nconsecutive = 2";

/// A gate that a busy machine does not fail.
pub fn patient() -> Setup {
    Setup {
        deadline: Some("45s"),
        ..Setup::default()
    }
}

pub async fn watched(watchdog: &str) -> House {
    House::with(Setup {
        watchdog: watchdog.to_owned(),
        ..patient()
    })
    .await
}

impl House {
    /// The health that Commander and the gate ask for goes away; everything else still answers.
    pub async fn sicken(&self, release: &Release) {
        assert_eq!(self.page_of(release, "/cgi-bin/sicken").await, "200 OK\n");
    }

    /// Its process ends with this code, now and after every start.
    pub async fn end(&self, release: &Release, code: u8) {
        // The server may be gone before its answer is read.
        self.page_of(release, &format!("/cgi-bin/end?{code}")).await;
    }

    pub fn rollbacks(&self) -> Vec<Execution> {
        let mut all = self.executions();
        all.retain(|execution| execution.action == Action::Rollback);
        all
    }

    /// The bad release was taken back by itself, once, and everything about it is said.
    pub async fn is_taken_back(&self, bad: &Release, to: &Release) -> Incident {
        let incident = until("the bad release's incident is closed", || {
            self.incidents().into_iter().find(|incident| {
                incident.release.as_ref() == Some(&bad.id)
                    && incident.status != IncidentStatus::Open
            })
        })
        .await;
        assert_eq!(
            (incident.kind, incident.severity),
            (IncidentKind::Rollback, IncidentSeverity::Notice),
            "{}",
            incident.title
        );
        assert_eq!(incident.rollback_target.as_ref(), Some(&to.id));

        let plan = self.stored(incident.plan.as_ref().unwrap());
        let under = self.flow().store.approvals(&bad.plan).unwrap()[0]
            .id
            .clone();
        assert_eq!(
            plan.origin.by,
            Requester::Policy {
                under: under.clone()
            }
        );
        let approvals = self.flow().store.approvals(&plan.id).unwrap();
        assert_eq!(approvals.len(), 1);
        assert_eq!(approvals[0].by, Approver::Policy { under });
        assert_eq!(approvals[0].plan_digest, plan.digest);
        let executions: Vec<_> = self
            .rollbacks()
            .into_iter()
            .filter(|execution| execution.replaces.as_ref() == Some(&bad.id))
            .collect();
        assert_eq!(executions.len(), 1, "exactly one rollback");
        assert_eq!(executions[0].status, ExecutionStatus::Succeeded);
        assert_eq!(Some(&executions[0].id), incident.execution.as_ref());

        let left = self.release(bad);
        assert_eq!(
            (left.presence, left.quality),
            (Presence::Standby, Quality::Quarantined)
        );
        assert!(!self.is_running(bad));
        assert_eq!(
            self.flow()
                .store
                .watches(&all_watches())
                .unwrap()
                .iter()
                .find(|watch| watch.release == bad.id)
                .unwrap()
                .status(),
            WatchStatus::RolledBack
        );
        self.serves(to).await;
        incident
    }

    /// By the ledger, by inspection and by its own answer.
    pub async fn serves(&self, release: &Release) {
        let live = self.live();
        assert_eq!(live.id, release.id);
        assert_eq!(live.quality, self.release(release).quality);
        let container = self.inspect(release).expect("it has a container");
        assert_eq!(container["State"]["Running"], true);
        assert_eq!(
            container["Image"],
            release.image_id.as_ref().unwrap().as_str()
        );
        assert_eq!(
            container["Config"]["Labels"]["commander.configuration"],
            release.configuration_digest.as_str()
        );
        // What an unwind has started again needs a moment until it listens.
        let answers = async {
            while self.page("/version").await != release.version {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let answered = timeout(Duration::from_secs(90), answers).await;
        assert!(answered.is_ok(), "{} does not answer", release.version);
    }
}

fn all_watches() -> commander::adapters::db::Selection {
    commander::adapters::db::Selection {
        limit: 1000,
        ..Default::default()
    }
}

/// What was asked for is refused.
#[track_caller]
pub fn refused<T>(answer: Result<T, FlowError>) -> FlowError {
    match answer {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

/// A container that Commander did not make. It goes with its value.
pub struct Stranger {
    pub id: String,
}

impl Stranger {
    /// `description`: what the engine is asked for, without a name.
    pub fn create(name: &str, description: &Value) -> Self {
        let body = description.to_string();
        let path = format!("/containers/create?name={name}");
        let (status, answer) = request("POST", &path, body.as_bytes());
        assert_eq!(status, 201, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        Self {
            id: answer["Id"].as_str().unwrap().to_owned(),
        }
    }

    pub fn start(&self) {
        let path = format!("/containers/{}/start", self.id);
        let (status, answer) = request("POST", &path, b"");
        assert_eq!(status, 204, "{answer}");
    }

    pub fn exists(&self) -> bool {
        request("GET", &format!("/containers/{}/json", self.id), b"").0 == 200
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        request("DELETE", &format!("/containers/{}?force=1", self.id), b"");
    }
}

pub fn remove_container(container: &Value) {
    let id = container["Id"].as_str().unwrap();
    let (status, answer) = request("DELETE", &format!("/containers/{id}?force=1"), b"");
    assert_eq!(status, 204, "{answer}");
}

pub fn name(container: &Value) -> &str {
    container["Name"].as_str().unwrap().trim_start_matches('/')
}
