//! A bad day: the server goes away while it is followed, and a rollback that does not succeed.

use serde_json::Value;

use crate::commander::{CRASHES, Commander};
use crate::docker_image::request;
use crate::house::Setup;

const AWAY: &str = "The server does not answer any more";

#[test]
fn following_outlives_the_server() {
    let mut house = Commander::start(&Setup {
        watchdog: "interval = \"1s\"\nbake = \"5m\"".to_owned(),
        deadline: Some("60s"),
        ..Setup::default()
    });
    house
        .run(&["ask", "deploy tag slow-smoke of shop to staging"])
        .ok();
    let follow = house.begin(&["approve"]);
    house.until("it is followed", |_| follow.read("out").contains("good"));
    house.kill();
    house.until("it is missed", |_| follow.read("err").contains(AWAY));
    house.serve();
    let watch = house.newest("watch");
    house
        .run(&["watch", "stop", &watch])
        .ok()
        .says("nothing is automatic");
    follow
        .end()
        .ends_with(0)
        .says("shop in staging: live, and not watched any more: stopped by ada");

    // It does not come back.
    house.ask_to_deploy("v1.1.0");
    let follow = house.begin(&["approve"]);
    house.until("it is followed", |_| follow.read("out").contains("good"));
    house.kill();
    let said = follow.end().ends_with(69);
    for words in [
        AWAY,
        "Lost the server; what was approved is taken up when it runs again.",
        "commander executions ",
        "start it with `commander serve`",
    ] {
        assert!(said.err.contains(words), "{words}: {said}");
    }
}

#[test]
fn where_a_rollback_fails_a_person_is_called_and_lifts_the_freeze() {
    let house = Commander::start(&Setup {
        watchdog: "interval = \"300ms\"\nbake = \"60s\"".to_owned(),
        deadline: Some("60s"),
        ..Setup::default()
    });
    house.deploy_and_vouch("starts-once");
    house
        .deploy(CRASHES)
        .ends_with(1)
        .says("what was seen and done: commander incidents");
    // The freeze and its incident are written behind the end of the rollback.
    let is_told = |it: &Commander| it.run(&["incidents"]).out.contains("critical");
    house.until("a person is called", is_told);
    house
        .run(&["services"])
        .ok()
        .says("frozen")
        .says("to end that: commander freeze lift shop staging");
    house
        .run(&["status"])
        .ok()
        .says("1 environment is frozen: commander services");
    house.run(&["incidents"]).ok().says("critical");
    let lifted: Value = house
        .run(&["freeze", "lift", "shop", "staging", "--json"])
        .ok()
        .json();
    assert_eq!(lifted["place"]["service"], "shop");
    house
        .run(&["freeze", "lift", "shop", "staging"])
        .ends_with(65);
    house.run(&["services"]).ok().does_not_say("frozen");
}

#[test]
fn what_could_not_be_undone_is_listed_with_what_to_do() {
    let house = Commander::start(&Setup {
        service: "confirm_before_switch = true".to_owned(),
        ..Setup::default()
    });
    house.ask_to_deploy("v1.0.0");
    let follow = house.begin(&["approve"]);
    house.until("it asks", |_| follow.read("out").contains("--choice no\n"));
    // Somebody uses the image too; it goes with the server, whose label it inherits.
    let id = house.newest("executions");
    let run: Value = house.run(&["executions", &id, "--json"]).json();
    let image = &run["state"]["steps"]["build"]["output"]["imageId"];
    let body = format!(r#"{{"Image": {image}}}"#);
    let (status, said) = request("POST", "/containers/create", body.as_bytes());
    assert_eq!(status, 201, "{said}");
    house.run(&["answer", &id, "--choice", "no"]).ok();
    follow
        .end()
        .ends_with(1)
        .says("stuck: something could not be undone, a person must look")
        .says(&format!(
            "what may be left in the world: commander executions {id}"
        ));

    let listed = format!("shop:{id} is there (step build)");
    let is_told = |it: &Commander| !it.run(&["incidents"]).out.contains("no incidents");
    house.until("a person is called", is_told);
    let incident = house.newest("incidents");
    let views = [
        house.run(&["executions", &id]).ends_with(1),
        house.run(&["incidents", &incident]).ok(),
    ];
    for view in views {
        view.says("Left in the world")
            .says(&listed)
            .says("    not undone: ")
            .says(&format!("shop:{id}` once no container uses it"));
    }
}
