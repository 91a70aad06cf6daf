//! A release that turns out bad is taken back by itself, and what a person then says about it.

use serde_json::Value;

use crate::commander::{CRASHES, Commander};
use crate::golden::{compare, without_lengths};
use crate::house::Setup;
use crate::story::release;

#[test]
fn a_bad_release_is_taken_back_and_explained() {
    let house = Commander::start(&Setup {
        watchdog: "interval = \"300ms\"\nbake = \"60s\"".to_owned(),
        deadline: Some("60s"),
        ..Setup::default()
    });
    house.deploy_and_vouch("v1.0.0");
    house.deploy_and_vouch("v1.1.0");
    the_bad_release(&house);
    what_a_person_says_about_releases(&house);
}

fn the_bad_release(house: &Commander) {
    let run = house
        .deploy(CRASHES)
        .ends_with(1)
        .says("roll shop in staging back to commit ")
        .says("what was seen and done: commander incidents");
    let id = run.out.trim_end().rsplit(' ').next().unwrap();
    // What follows from the rollback is written behind its end.
    house.until("the incident is closed", |it| {
        it.run(&["incidents", id]).out.contains("closed by itself")
    });
    let incident = house.run(&["incidents", id]).ok();
    // What is seen before it is certain depends on how the evaluations meet the restarts.
    for words in [
        "Incident",
        "Timeline",
        "Done by itself",
        "Evidence",
        "I cannot go on",
    ] {
        assert!(incident.out.contains(words), "{words}: {incident}");
    }
    let head: Vec<&str> = incident.out.lines().take_while(|l| !l.is_empty()).collect();
    compare("incident-head", &without_lengths(&(head.join("\n") + "\n")));
    house.run(&["incidents"]).ok().says(id);
    house.run(&["incidents", id, "--json"]).ok().json::<Value>();
    house
        .run(&["executions"])
        .ok()
        .says("roll back shop in staging");
}

fn what_a_person_says_about_releases(house: &Commander) {
    let bad = release(house, CRASHES);
    house
        .run(&["releases", "show", &bad])
        .ok()
        .says("quarantined");
    house
        .run(&["releases", "lift", &bad])
        .ok()
        .says("v6.0.0 in staging: the quarantine is lifted");
    house.run(&["releases", "lift", &bad]).ends_with(75);
    house
        .run(&["releases", "quarantine", &bad, "--reason", "it dies"])
        .ok()
        .says("v6.0.0 in staging: quarantined");
    house
        .run(&["releases", "verify", &bad])
        .complains(75, "lift its quarantine before you say that it is good");
    let lifted: Value = house.run(&["releases", "lift", &bad, "--json"]).ok().json();
    assert_eq!(lifted["version"], CRASHES);
    house
        .run(&["releases", "show", "ffffffff"])
        .complains(65, "no release ends in ffffffff");
}
