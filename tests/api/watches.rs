//! What a plot of a watch is drawn from.

use std::time::Duration;

use commander::domain::release::{Presence, Quality, Release};
use commander::domain::transition::{Change, Transition};
use commander::domain::verdict::{
    Baseline, ContainerFacts, ContainerReport, ContainerState, Evidence,
};
use commander::domain::watch::{Tick, Watch, WatchSettings, WatchState, step};
use serde_json::json;

use super::house::House;
use super::ledger::{at, id, place, release};

/// A watch over a release that has just begun.
pub fn watch(number: u64, over: &Release) -> Watch {
    Watch {
        id: id(number),
        release: over.id.clone(),
        place: place(),
        plan: over.plan.clone(),
        predecessor: None,
        restored: false,
        grant: None,
        settings: WatchSettings::default(),
        state: WatchState::begin(0, Baseline::default()),
        reason: None,
        started_at: at(30),
        ended_at: None,
    }
}

#[tokio::test]
async fn a_watch_is_told_as_points_without_its_evidence() {
    let house = House::new().await;
    let live = release(1, Presence::Live, Quality::Unproven);
    let watch = watch(1, &live);
    let tick = Tick {
        elapsed: Duration::from_secs(2),
        now: at(40),
    };
    let found = step(&watch.state, &watch.settings, ended(), tick).unwrap();
    let save = Change::SaveWatch {
        watch: watch.id.clone(),
        from: watch.status(),
        state: Box::new(found.state),
        reason: None,
        evaluation: Some(Box::new(found.evaluation)),
    };
    let path = format!("/api/watches/{}/points", watch.id);
    let store = Change::StoreRelease(Box::new(live));
    let open = Change::OpenWatch(Box::new(watch));
    let write = Transition::of(vec![store, open, save]);
    house.serving.app.flow.store.write(write).await.unwrap();

    let told = house.get(&path).await.ok();
    let point = json!({ "number": 1, "at": at(40), "verdict": "bad", "measures": [] });
    assert_eq!(told, json!({ "items": [point] }));
    let none = house.get(&path.replace("points", "points?limit=0")).await;
    none.problem(400, "bad_request");
}

/// What is found of a container that has ended for good.
fn ended() -> Evidence {
    let facts = ContainerFacts {
        state: ContainerState::Exited,
        restart_count: 0,
        exits: 1,
        oom_kills: 0,
        exit_code: Some(2),
        health: None,
    };
    Evidence {
        metrics: None,
        probe: None,
        container: ContainerReport::Known { facts },
    }
}
