//! A ledger that comes from a backup is compared with what runs before anything goes on.

use commander::adapters::db::{back_up, restore};
use commander::app::KEYS;
use commander::domain::incident::{IncidentKind, IncidentStatus};
use commander::domain::watch::WatchStatus;
use commander::os::clock;

use crate::house::{House, Setup, staging, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deployed_after_the_backup_is_not_guessed_about() {
    let setup = Setup {
        watchdog: "interval = \"500ms\"".to_owned(),
        ..Setup::default()
    };
    let mut house = House::with(setup).await;
    let first = house.deploy("v1.0.0").await;
    let (data, file) = (house.path("data"), house.path("a.backup"));
    let mut quietly = |_, _| {};
    back_up(&data, &KEYS, &file, false, clock::now(), &mut quietly).unwrap();
    let second = house.deploy("v1.1.0").await;
    house.stop().await;
    std::fs::rename(&data, house.path("lost")).unwrap();
    let restored = restore(&file, &data, &KEYS, clock::now(), &mut quietly).unwrap();
    assert_eq!(restored.live[0].id, first.id);

    house.start().await;
    let incident = house.incident(IncidentKind::Stuck).await;
    let container = house.container_of(&second.id).expect("it still runs");
    let name = container["Name"].as_str().unwrap().trim_start_matches('/');
    assert!(incident.title.contains(name), "{}", incident.title);
    // Its watch was open at the backup. It does not go on: what stopped the release was a deploy.
    let watch = house.watch_over(&first);
    assert_eq!(watch.status(), WatchStatus::Baking);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(house.watch_over(&first), watch, "it waits");
    assert!(house.flow().store.restored().unwrap().is_some());
    assert_eq!(house.page_of(&second, "/version").await, "v1.1.0");

    house.remove_container(&second.id);
    house.restart().await;
    until("the ledger agrees with what runs", || {
        let restored = house.flow().store.restored().unwrap();
        restored.is_none().then_some(())
    })
    .await;
    let incident = house.incident(IncidentKind::Stuck).await;
    assert!(matches!(incident.status, IncidentStatus::Closed { .. }));
    // Now it goes on, and sees that the release does not run.
    until("the watch looks again", || {
        let watch = house.watch_over(&first);
        (watch.state.evaluations > 0 || !watch.status().is_open()).then_some(())
    })
    .await;
    assert_eq!(house.flow().store.ledger(&staging()).unwrap().len(), 1);
}
