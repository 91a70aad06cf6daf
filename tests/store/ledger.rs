//! A data directory with a ledger in it, and the transitions that flows write.

use std::path::Path;

use commander::adapters::db::{Store, StoreError, Verification};
use commander::domain::approval::Approval;
use commander::domain::audit::AuditEntry;
use commander::domain::digest::Digest;
use commander::domain::execution::{
    Execution, ExecutionStatus, GRAPH_VERSION, JournalEvent, StepOutput,
};
use commander::domain::incident::{Freeze, Incident, IncidentKind, IncidentStatus};
use commander::domain::plan::{Plan, PlanEvent};
use commander::domain::release::{Presence, Quality, Quarantine, Release};
use commander::domain::step::StepId;
use commander::domain::transition::{Change, Transition};
use commander::domain::verdict::{
    Baseline, ContainerFacts, ContainerReport, ContainerState, Evidence,
};
use commander::domain::watch::{
    Stepped, Tick, Watch, WatchEvent, WatchSettings, WatchState, WatchStatus, step,
};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::plans::{Scenario, at, build_body, deploy, id, image, person, place, plan, release};

pub struct Ledger {
    pub directory: TempDir,
    pub store: Store,
}

impl Ledger {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        Self { directory, store }
    }

    pub async fn write(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.write(Transition::of(changes)).await
    }

    /// As a person with an editor of databases would open it.
    pub fn by_hand(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    pub fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("commander.db")
    }

    pub fn verify(&self) -> Verification {
        verify(self.directory.path())
    }

    pub fn count(&self, table: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let by_hand = self.by_hand();
        by_hand.query_row(&sql, [], |row| row.get(0)).unwrap()
    }

    /// A plan that was stored, approved, and run to its end; and another one that is pending.
    pub async fn with_history() -> (Self, Scenario) {
        let ledger = Self::new();
        let scenario = deploy(4, &[]);
        let Scenario {
            plan,
            approvals,
            execution,
        } = &scenario;
        ledger.write(stored(&pending(plan))).await.unwrap();
        ledger.write(approved(&approvals[0])).await.unwrap();
        ledger.write(opened(execution)).await.unwrap();
        ledger.write(begun(&scenario)).await.unwrap();
        ledger.write(ended(execution)).await.unwrap();
        ledger.write(stored(&another_plan(7))).await.unwrap();
        (ledger, scenario)
    }
}

pub fn verify(directory: &Path) -> Verification {
    Store::verify(directory).unwrap()
}

pub fn pending(approved: &Plan) -> Plan {
    plan(0xe0, approved.body.clone(), approved.target_release.clone())
}

pub fn another_plan(number: u64) -> Plan {
    plan(number, build_body(), None)
}

pub fn stored(plan: &Plan) -> Vec<Change> {
    vec![
        Change::StorePlan(Box::new(plan.clone())),
        Change::Audit(
            AuditEntry::new(plan.created_at, "ada", "plan.stored", &plan.id)
                .with("digest", &plan.digest),
        ),
    ]
}

pub fn approved(approval: &Approval) -> Vec<Change> {
    vec![
        Change::AddApproval(Box::new(approval.clone())),
        Change::MovePlan {
            plan: approval.plan.clone(),
            event: PlanEvent::Approve,
            reason: None,
        },
        Change::Audit(AuditEntry::new(
            approval.at,
            "ada",
            "plan.approved",
            &approval.plan,
        )),
    ]
}

pub fn opened(execution: &Execution) -> Vec<Change> {
    vec![Change::OpenExecution(Box::new(execution.clone()))]
}

pub fn begun(scenario: &Scenario) -> Vec<Change> {
    let plan = &scenario.plan;
    let events = vec![
        (
            at(61),
            JournalEvent::Started {
                graph_version: GRAPH_VERSION,
                plan_digest: plan.digest.clone(),
                approvals: vec![scenario.approvals[0].id.clone()],
            },
        ),
        (at(61), step_started()),
    ];
    vec![journal(
        &scenario.execution,
        0,
        events,
        ExecutionStatus::Running,
    )]
}

pub fn step_started() -> JournalEvent {
    let step = StepId::from("fetch");
    JournalEvent::StepStarted { step }
}

pub fn ended(execution: &Execution) -> Vec<Change> {
    let done = JournalEvent::StepDone {
        step: StepId::from("fetch"),
        output: StepOutput::default(),
    };
    let end = JournalEvent::Ended {
        status: ExecutionStatus::Succeeded,
    };
    vec![
        journal(
            execution,
            2,
            vec![(at(62), done), (at(63), end)],
            ExecutionStatus::Succeeded,
        ),
        Change::SealJournal {
            execution: execution.id.clone(),
            entry: AuditEntry::new(at(63), "commander", "execution.ended", &execution.id)
                .with("status", "succeeded"),
        },
    ]
}

pub fn journal(
    execution: &Execution,
    after: u64,
    events: Vec<(jiff::Timestamp, JournalEvent)>,
    status: ExecutionStatus,
) -> Change {
    Change::Journal {
        execution: execution.id.clone(),
        after,
        events,
        status,
    }
}

pub fn kept(release: &Release) -> Vec<Change> {
    vec![Change::StoreRelease(Box::new(release.clone()))]
}

pub fn noted(n: i64) -> Vec<Change> {
    let entry = AuditEntry::new(at(n), "commander", "noted", n);
    vec![Change::Audit(entry.with("digest", Digest::of(&n)))]
}

/// The release that is live when the scenario's execution is opened.
pub fn replaced() -> Release {
    release(1, Presence::Live, Quality::Verified)
}

/// Transitions after which there is one row of each kind that changes.
pub fn one_of_each(scenario: &Scenario) -> Vec<Vec<Change>> {
    let release = replaced();
    let quarantine = Quarantine {
        release: release.id.clone(),
        image_id: image(1),
        commit: release.commit.clone(),
        configuration: release.configuration_digest.clone(),
        since: at(70),
        reason: "it was bad".to_owned(),
    };
    let freeze = Freeze {
        place: place(),
        since: at(70),
        reason: "it failed".to_owned(),
        incident: None,
    };
    let token = Change::AddToken {
        name: person("bob"),
        hash: "the hash of bob's token".to_owned(),
        at: at(0),
    };
    let entry = AuditEntry::new(at(70), "ada", "environment.frozen", place());
    let watch = watch(scenario);
    let stepped = evaluated(&watch);
    vec![
        kept(&release),
        vec![Change::OpenWatch(Box::new(watch.clone()))],
        vec![
            Change::Audit(entry),
            Change::Quarantine {
                place: place(),
                quarantine: Box::new(quarantine),
            },
            Change::Freeze(Box::new(freeze)),
        ],
        vec![Change::OpenIncident(Box::new(incident()))],
        vec![token],
        vec![Change::SaveWatch {
            watch: watch.id,
            from: WatchStatus::Baking,
            state: Box::new(stepped.state),
            reason: None,
            evaluation: Some(Box::new(stepped.evaluation)),
        }],
    ]
}

pub fn watch_ended(scenario: &Scenario) -> Vec<Change> {
    vec![Change::MoveWatch {
        watch: watch(scenario).id,
        event: WatchEvent::Stop,
        reason: None,
        at: at(90),
    }]
}

fn watch(scenario: &Scenario) -> Watch {
    Watch {
        id: id(1),
        release: replaced().id,
        place: place(),
        plan: scenario.plan.id.clone(),
        predecessor: None,
        restored: false,
        grant: None,
        settings: WatchSettings::default(),
        state: WatchState::begin(0, Baseline::default()),
        reason: None,
        started_at: at(70),
        ended_at: None,
    }
}

/// Its container has ended once.
fn evaluated(watch: &Watch) -> Stepped {
    let facts = ContainerFacts {
        state: ContainerState::Running,
        restart_count: 1,
        exits: 1,
        oom_kills: 0,
        exit_code: Some(2),
        health: None,
    };
    let evidence = Evidence {
        metrics: None,
        probe: None,
        container: ContainerReport::Known { facts },
    };
    let tick = Tick {
        elapsed: std::time::Duration::from_secs(10),
        now: at(80),
    };
    step(&watch.state, &watch.settings, evidence, tick).unwrap()
}

fn incident() -> Incident {
    Incident {
        id: id(1),
        kind: IncidentKind::Stuck,
        severity: IncidentKind::Stuck.severity(),
        service: place().service,
        environment: place().environment,
        status: IncidentStatus::Open,
        opened_at: at(70),
        title: "something went wrong".to_owned(),
        release: None,
        rollback_target: None,
        watch: None,
        plan: None,
        execution: None,
        rule: None,
        evidence: Vec::new(),
        baseline: None,
        container_log: Vec::new(),
        left: Vec::new(),
        acts: Vec::new(),
        timeline: Vec::new(),
        notifications: Vec::new(),
    }
}
