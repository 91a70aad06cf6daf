//! Approved executions of the graphs that are measured. The steps of a plan are a closed set and each
//! action may have some of them only: a `test` may have a fetch, a build and any number of image
//! tests, of which each makes one call to the outside. That gives both graphs exactly, and they pass
//! the same check as every plan.

use commander::domain::advice::Advice;
use commander::domain::approval::{Approval, Approver};
use commander::domain::audit::AuditEntry;
use commander::domain::catalogue::{Confirmation, Settings};
use commander::domain::digest::Digest;
use commander::domain::execution::{Execution, ExecutionStatus};
use commander::domain::id::{Id, ReleaseId};
use commander::domain::intent::Action;
use commander::domain::lock::Place;
use commander::domain::name::{EnvironmentName, PersonName, ServiceName, TestName};
use commander::domain::plan::{Origin, Plan, PlanBody, PlanEvent, PlanStatus, Requester, Surface};
use commander::domain::planner::{self, Extras, PlaceFacts, Source};
use commander::domain::revision::RefKind;
use commander::domain::snapshot::Publish;
use commander::domain::step::{ImageSource, Step, StepAction, StepId};
use commander::domain::transition::Change;
use commander::os::{clock, ids};

/// As this file is read in by the suite that counts commits, too.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// fetch, build, three tests: one after the other.
    Line,
    /// fetch, then the build and 49 tests of a pinned image, then one more test.
    Fan,
    /// A promotion that asks a person before anything is created.
    Asks,
    /// A fetch that may take a few seconds and is not tried again, and a build.
    Brief,
}

/// Seconds that the fetch of [`Shape::Brief`] may take.
pub const BRIEF: u32 = 5;

impl Shape {
    pub fn title(self) -> &'static str {
        match self {
            Self::Line => "5 steps in a line",
            Self::Fan => "1 to 50 to 1 steps",
            Self::Asks => "a promotion that asks",
            Self::Brief => "a step with a short limit",
        }
    }

    /// As the peer's script calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Fan => "fan",
            Self::Asks => "asks",
            Self::Brief => "brief",
        }
    }

    fn body(self, service: &ServiceName) -> Result<PlanBody> {
        let built = ImageSource::Built {
            step: StepId::from("build"),
        };
        let mut body = match self {
            Self::Asks => return asking(service),
            Self::Line | Self::Fan | Self::Brief => {
                planner::build(Action::Test, service, &Settings::default(), &source(), &[])
            }
        };
        match self {
            Self::Line => {
                for (number, before) in ["build", "test-1", "test-2"].into_iter().enumerate() {
                    add_test(&mut body, number + 1, &built, &[before])?;
                }
            }
            Self::Fan => {
                for number in 1..50 {
                    add_test(&mut body, number, &pinned(), &["fetch"])?;
                }
                let middle: Vec<String> = (1..50).map(|n| format!("test-{n}")).collect();
                let middle: Vec<&str> = middle.iter().map(String::as_str).collect();
                add_test(&mut body, 50, &built, &[&["build"], &middle[..]].concat())?;
            }
            Self::Brief => {
                add_test(&mut body, 1, &built, &["build"])?;
                for step in &mut body.steps {
                    step.timeout_seconds = BRIEF;
                    step.retry = None;
                }
            }
            Self::Asks => {}
        }
        body.steps.sort_by(|a, b| a.id.cmp(&b.id));
        body.edges.sort();
        body.check()?;
        Ok(body)
    }
}

fn add_test(
    body: &mut PlanBody,
    number: usize,
    image: &ImageSource,
    before: &[&str],
) -> Result<()> {
    let id = StepId(format!("test-{number}"));
    let edges = before
        .iter()
        .map(|before| (StepId::from(*before), id.clone()));
    body.edges.extend(edges);
    body.steps.push(Step {
        action: StepAction::RunTest {
            test: TestName::parse(&id.0)?,
            argv: vec!["/bin/true".to_owned()],
            image: image.clone(),
        },
        id,
        timeout_seconds: 60,
        retry: None,
        when: None,
    });
    Ok(())
}

fn pinned() -> ImageSource {
    ImageSource::Pinned { image_id: image() }
}

fn image() -> Digest {
    Digest::of_bytes(b"an image")
}

fn source() -> Source {
    Source {
        repository: "https://git.example/service.git".to_owned(),
        reference: "v1.0.0".to_owned(),
        reference_kind: RefKind::Tag,
        commit: "c".repeat(40),
        tree: "7".repeat(40),
        dockerfile_blob: "d".repeat(40),
    }
}

fn asking(service: &ServiceName) -> Result<PlanBody> {
    let settings = Settings {
        confirmation: Confirmation {
            before_switch: true,
            within_seconds: 24 * 3600,
            by: Default::default(),
        },
        ..Settings::default()
    };
    let publish = Publish {
        address: [127, 0, 0, 1].into(),
        port: 20_000,
    };
    let environment = EnvironmentName::parse("staging")?;
    let place = PlaceFacts {
        service,
        environment: &environment,
        settings: &settings,
        ledger: &[],
        quarantines: &[],
        frozen: false,
    };
    let configuration = planner::snapshot(&settings.run, 8080, publish);
    let extras = Extras::default();
    let commit = source().commit;
    Ok(planner::promote(
        place,
        &image(),
        &commit,
        configuration,
        &extras,
    ))
}

/// A plan, who approved it, and its execution that waits.
pub struct Approved {
    pub plan: Plan,
    pub approval: Approval,
    pub execution: Execution,
}

impl Approved {
    /// For the service with this number.
    pub fn make(shape: Shape, service: usize) -> Result<Self> {
        let body = shape.body(&ServiceName::parse(&format!("service-{service}"))?)?;
        Self::of(body, "build and test v1.0.0", None)
    }

    /// What ada asked for with this sentence, where that release is live.
    pub fn of(body: PlanBody, sentence: &str, replaces: Option<ReleaseId>) -> Result<Self> {
        let by = PersonName::parse("ada")?;
        let now = clock::now();
        let plan = Plan {
            id: ids::new(),
            digest: body.digest(),
            status: PlanStatus::PendingApproval,
            reason: None,
            origin: Origin {
                by: Requester::Person { name: by.clone() },
                surface: Surface::Api,
                command: None,
                thread: None,
                intent: None,
                text: Some(sentence.to_owned()),
                rerun_of: None,
            },
            created_at: now,
            expires_at: now + std::time::Duration::from_secs(24 * 3600),
            target_release: None,
            changes: None,
            advice: Advice::default(),
            chain: Vec::new(),
            notes: Vec::new(),
            body,
        };
        let approval = Approval {
            id: ids::new(),
            plan: plan.id.clone(),
            plan_digest: plan.digest.clone(),
            advice_digest: plan.advice.digest(),
            by: Approver::Person { name: by.clone() },
            at: now,
            comment: None,
        };
        let execution = Execution {
            id: ids::new(),
            plan: plan.id.clone(),
            action: plan.body.action,
            place: Place {
                service: plan.body.service.clone(),
                environment: plan.body.environment.clone(),
            },
            status: ExecutionStatus::Waiting,
            created_at: now,
            ended_at: None,
            release: None,
            replaces,
            requested_by: Requester::Person { name: by },
        };
        let makes_release = matches!(plan.body.action, Action::Deploy | Action::Promote);
        let release = makes_release.then(|| ReleaseId::from_digits(execution.id.digits()));
        Ok(Self {
            plan,
            approval,
            execution: Execution {
                release,
                ..execution
            },
        })
    }

    /// What the stages before the engine write, with the entries of the trail.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = self.offered();
        changes.extend([
            Change::AddApproval(Box::new(self.approval.clone())),
            Change::MovePlan {
                plan: self.plan.id.clone(),
                event: PlanEvent::Approve,
                reason: None,
            },
            Change::Audit(self.entry("plan.approved")),
            Change::OpenExecution(Box::new(self.execution.clone())),
        ]);
        changes
    }

    /// A plan that waits for its approval.
    pub fn offered(&self) -> Vec<Change> {
        vec![
            Change::StorePlan(Box::new(self.plan.clone())),
            Change::Audit(self.entry("plan.stored")),
        ]
    }

    fn entry(&self, act: &'static str) -> AuditEntry {
        let subject = self.plan.id.to_string();
        AuditEntry::new(self.plan.created_at, "ada", act, subject).with("digest", &self.plan.digest)
    }

    /// As it is once those are stored.
    pub fn stored(mut self) -> Self {
        self.plan.status = PlanStatus::Approved;
        self
    }
}
