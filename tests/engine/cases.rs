//! The situations that every suite walks through, and what each must look like before and after.

use commander::domain::execution::ExecutionStatus;
use commander::domain::intent::Action;
use commander::domain::naming;
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::step::StepAction;

use crate::support::plans::{self, INSTANCE, Scenario, built_from, id, image, release};
use crate::support::simulated_world::{Container, Host, Nature, Simulation};

pub struct Case {
    pub title: &'static str,
    pub scenario: Scenario,
    ledger: Vec<Release>,
    /// The container that serves once all went well; none where nothing is deployed.
    serving: Option<String>,
}

/// One of each action, a deploy both as the first ever and over a predecessor.
pub fn cases() -> Vec<Case> {
    let live = release(1, Presence::Live, Quality::Verified);
    let bad = release(3, Presence::Live, Quality::Unproven);
    let good = release(2, Presence::Standby, Quality::Verified);
    let case = Case::of;
    let over = vec![live.clone()];
    let back = vec![good.clone(), bad];
    vec![
        case("first deploy", plans::deploy(4, &[]), Vec::new()),
        case("deploy", plans::deploy(4, &over), over.clone()),
        case(
            "deploy of what is live",
            plans::deploy(1, &over),
            over.clone(),
        ),
        case("promote", plans::promote(4, &over), over.clone()),
        case(
            "deploy with a question",
            plans::asking_deploy(4, &over),
            over.clone(),
        ),
        case(
            "promote with a question",
            plans::asking_promote(4, &over),
            over.clone(),
        ),
        case("rollback", plans::rollback(&good, &back), back),
        case("restart", plans::restart(&over), over),
        case("test", plans::test(4), Vec::new()),
    ]
}

pub fn case(title: &str) -> Case {
    let mut found = cases().into_iter().filter(|c| c.title == title);
    found.next().unwrap()
}

pub fn container(release: &commander::domain::id::ReleaseId) -> String {
    naming::container(INSTANCE, &plans::shop(), &plans::staging(), release)
}

impl Case {
    /// One that is none of [`cases`].
    pub fn of(title: &'static str, scenario: Scenario, ledger: Vec<Release>) -> Self {
        Self {
            title,
            serving: scenario.execution.release.as_ref().map(container),
            scenario,
            ledger,
        }
    }

    pub fn asks(&self) -> bool {
        let mut steps = self.scenario.plan.body.steps.iter();
        steps.any(|step| matches!(step.action, StepAction::Confirm { .. }))
    }

    /// A simulation with the case's releases on the host.
    pub fn simulation(&self) -> Simulation {
        self.simulation_with(Nature::default())
    }

    pub fn simulation_with(&self, nature: Nature) -> Simulation {
        let simulation = Simulation::new(nature);
        simulation.world.arrange(|host| self.arrange(host));
        simulation
    }

    fn arrange(&self, host: &mut Host) {
        for release in &self.ledger {
            let image = release.image_id.clone().unwrap();
            host.images.insert(image.clone());
            host.tags
                .insert(format!("kept:{}", release.version), image.clone());
            let here = Container {
                image_id: image,
                configuration: Some(release.configuration_digest.clone()),
                publish: Some(release.configuration.publish),
                running: release.presence == Presence::Live,
                created_by: release.execution.clone(),
            };
            host.containers.insert(container(&release.id), here);
        }
        if self.scenario.plan.body.action == Action::Promote {
            host.images.insert(image(4));
            host.tags.insert("verified-before:4".to_owned(), image(4));
        }
    }

    /// With this nature, what the plan brings cannot go live.
    pub fn bad_release(&self) -> Nature {
        let body = &self.scenario.plan.body;
        let mut built = body.steps.iter().filter_map(|step| match &step.action {
            StepAction::BuildImage(build) => Some(built_from(build)),
            _ => None,
        });
        let image = built.next().or(body.pins.image_id.clone());
        Nature {
            mute: image.into_iter().collect(),
            ..Nature::default()
        }
    }

    /// Succeeded with the release serving, or ended with the host as it was; nothing between.
    pub fn assert_defined(&self, when: &str, simulation: &Simulation, status: ExecutionStatus) {
        let host = simulation.world.host();
        let context = format!("{}, {when}, {status:?}", self.title);
        match status {
            ExecutionStatus::Succeeded => {
                let serving: Vec<&str> = self.serving.as_deref().into_iter().collect();
                assert_eq!(host.running(), serving, "{context}");
            }
            ExecutionStatus::Failed | ExecutionStatus::Cancelled => {
                assert_eq!(host, self.before(), "{context}");
            }
            _ => panic!("{context}: no defined end"),
        }
        self.assert_orderly(&context, simulation);
    }

    /// Never two containers of the place at once: nothing was even tried on a port that is taken.
    /// And no effect before the event that announces it was durable.
    pub fn assert_orderly(&self, context: &str, simulation: &Simulation) {
        assert_eq!(simulation.world.record().port_conflicts, 0, "{context}");
        self.assert_announced(context, simulation);
    }

    /// No effect before the event that announces it was durable.
    pub fn assert_announced(&self, context: &str, simulation: &Simulation) {
        let record = simulation.world.record();
        assert_eq!(record.unannounced, [] as [String; 0], "{context}");
    }

    pub fn before(&self) -> Host {
        let mut host = Host::default();
        self.arrange(&mut host);
        host
    }

    pub fn own_container(&self) -> String {
        self.serving.clone().unwrap_or_else(|| container(&id(0)))
    }
}

/// How many calls of the world, and how many commits, a run takes when nothing happens.
pub async fn measure(case: &Case, nature: Nature) -> (usize, usize) {
    let simulation = case.simulation_with(nature);
    simulation.run(&case.scenario).await;
    let calls = simulation.world.record().calls.len();
    (calls, simulation.journal.commits())
}
