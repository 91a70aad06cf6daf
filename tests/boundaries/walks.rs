//! Along each graph, from boundary to boundary.

use std::path::PathBuf;

use commander::adapters::db::{Selection, Store};
use commander::domain::execution::{Execution, ExecutionStatus};
use commander::domain::release::{Presence, Release};

use super::child::{Act, Dies, lives};
use crate::house::{House, Setup, containers_of, label};

/// The same for the house and for the processes on its data directory.
pub fn setup() -> Setup {
    Setup {
        deadline: Some("20s"),
        ..Setup::default()
    }
}

/// A place with releases, on which no process works but those of the walk.
struct Walk {
    house: House,
    instance: String,
    /// Boundaries at which a process died.
    deaths: usize,
}

/// What the file says while no process has it.
struct Ledger {
    releases: Vec<Release>,
    executions: Vec<Execution>,
    incidents: usize,
}

impl Ledger {
    fn live(&self) -> Vec<&str> {
        let live = self.releases.iter();
        let live = live.filter(|r| r.presence == Presence::Live);
        live.map(|r| r.version.as_str()).collect()
    }
}

impl Walk {
    async fn from(versions: &[&str]) -> Self {
        let mut house = House::with(setup()).await;
        for version in versions {
            house.deploy_and_vouch(version).await;
        }
        let instance = house.flow().instance.to_string();
        house.stop().await;
        Self {
            house,
            instance,
            deaths: 0,
        }
    }

    fn data(&self) -> PathBuf {
        self.house.path("data")
    }

    fn lives(&self, act: Act, dies: Option<Dies>) -> bool {
        lives(&self.house.path(""), &setup(), act, dies)
    }

    /// Lets a process die there, and another one go on; false when it did not come there.
    async fn dies_and_goes_on(&mut self, act: Act, dies: Dies) -> bool {
        let before = self.ledger();
        if self.lives(act, Some(dies)) {
            return false;
        }
        self.deaths += 1;
        let died = self.ledger();
        let context = format!("{act:?}, {dies:?}");
        assert_eq!(died.live().len(), 1, "{context}: {:?}", died.live());
        assert!(self.running().len() <= 1, "{context}: {:?}", self.running());
        let newest = &died.executions[0];
        if newest.status != ExecutionStatus::Succeeded {
            assert_eq!(
                died.live(),
                before.live(),
                "{context}: go-live is one moment"
            );
        }
        assert!(self.lives(Act::GoOn, None));
        true
    }

    fn ledger(&self) -> Ledger {
        let verified = Store::verify(&self.data()).unwrap();
        assert!(verified.is_ok(), "{verified:?}");
        let store = Store::open(&self.data()).unwrap();
        let all = Selection {
            limit: 1000,
            ..Selection::default()
        };
        Ledger {
            releases: Store::kept(&self.data()).unwrap().releases,
            executions: store.executions(&all).unwrap(),
            incidents: store.incidents(&all).unwrap().len(),
        }
    }

    /// The releases whose containers run.
    fn running(&self) -> Vec<String> {
        let containers = containers_of(&self.instance);
        let running = containers.iter().filter(|c| c["State"]["Running"] == true);
        running
            .map(|c| label(c, "commander.release").to_owned())
            .collect()
    }

    /// One release is live, it is this version, it alone runs as the ledger has it, it serves, and
    /// there is nothing that the ledger does not know.
    async fn assert_serves(&self, version: &str, ended: ExecutionStatus, context: &str) {
        let ledger = self.ledger();
        assert_eq!(ledger.live(), [version], "{context}");
        assert_eq!(ledger.executions[0].status, ended, "{context}");
        assert_eq!(ledger.incidents, 0, "{context}");
        let live = ledger.releases.iter();
        let live = live.filter(|r| r.presence == Presence::Live);
        let live: Vec<_> = live.collect();
        assert_eq!(self.running(), [live[0].id.as_str()], "{context}");
        let known = |r: &&Release| matches!(r.presence, Presence::Live | Presence::Standby);
        let mut known: Vec<_> = ledger.releases.iter().filter(known).collect();
        for container in containers_of(&self.instance) {
            let id = label(&container, "commander.release");
            let at = known.iter().position(|r| r.id.as_str() == id);
            let release = known.remove(at.unwrap_or_else(|| panic!("{context}: {container:#}")));
            let image = release.image_id.as_ref().unwrap().as_str();
            assert_eq!(container["Image"], image, "{context}");
            let configuration = label(&container, "commander.configuration");
            assert_eq!(configuration, release.configuration_digest.as_str());
        }
        assert!(known.is_empty(), "{context}: {known:?} have no container");
        assert_eq!(self.house.page_of(live[0], "/version").await, version);
    }
}

/// Both sides of one commit after the other, until a process lives.
fn boundaries() -> impl Iterator<Item = Dies> {
    (0..).flat_map(|commit| [Dies::Before(commit), Dies::After(commit)])
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_40_a_deploy_outlives_a_kill_at_every_boundary() {
    let mut walk = Walk::from(&["v1.0.0"]).await;
    let mut versions = ["v1.1.0", "v1.0.0"].into_iter().cycle();
    for dies in boundaries() {
        let version = versions.next().unwrap();
        let died = walk.dies_and_goes_on(Act::Deploy(version), dies).await;
        let context = format!("{version}, {dies:?}");
        let ended = ExecutionStatus::Succeeded;
        walk.assert_serves(version, ended, &context).await;
        if !died {
            break;
        }
    }
    // Eight steps are nine commits.
    assert_eq!(walk.deaths, 18);
}

#[tokio::test(flavor = "multi_thread")]
async fn hc_40_a_rollback_outlives_a_kill_at_every_boundary() {
    let mut walk = Walk::from(&["v1.0.0", "v1.1.0"]).await;
    let mut versions = ["v1.0.0", "v1.1.0"].into_iter().cycle();
    for dies in boundaries() {
        let version = versions.next().unwrap();
        let died = walk.dies_and_goes_on(Act::RollBack, dies).await;
        let context = format!("{version}, {dies:?}");
        let ended = ExecutionStatus::Succeeded;
        walk.assert_serves(version, ended, &context).await;
        if !died {
            break;
        }
    }
    // Five steps are six commits.
    assert_eq!(walk.deaths, 12);
}

/// The version crashes when it is live: everything is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn hc_40_an_unwind_outlives_a_kill_at_every_boundary() {
    let mut walk = Walk::from(&["v1.0.0"]).await;
    // With the sixth commit the gate has failed and the unwinding begins.
    for dies in boundaries().skip(2 * 6) {
        let act = Act::Deploy("dies-at-once");
        let died = walk.dies_and_goes_on(act, dies).await;
        let context = format!("{dies:?}");
        let ended = ExecutionStatus::Failed;
        walk.assert_serves("v1.0.0", ended, &context).await;
        if !died {
            break;
        }
    }
    // The steps that were begun are six.
    assert_eq!(walk.deaths, 2 * 7);
}
