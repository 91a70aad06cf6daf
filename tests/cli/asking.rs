//! A person is asked once more before the switch, and answers at the command line.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::commander::{Commander, Running, Said};
use crate::house::Setup;

/// A server whose deploys ask before they switch.
fn start() -> Commander {
    Commander::start(&Setup {
        watchdog: "interval = \"1s\"\nbake = \"5m\"".to_owned(),
        service: "confirm_before_switch = true".to_owned(),
        deadline: Some("60s"),
        ..Setup::default()
    })
}

/// Asks for a deploy, approves, and follows until it asks; the execution's last digits.
fn until_it_asks(house: &Commander, version: &str) -> (Running, String) {
    house.ask_to_deploy(version);
    let follow = house.begin(&["approve"]);
    // The last line of the question.
    house.until("it asks", |_| follow.read("out").contains("--choice no\n"));
    (follow, house.newest("executions"))
}

fn answer(house: &Commander, execution: &str, choice: &str) -> Said {
    house.run(&[
        "answer",
        execution,
        "--choice",
        choice,
        "--comment",
        "I looked",
    ])
}

/// What answers where the newest release is published.
fn served(house: &Commander) -> String {
    let releases: Value = house.run(&["releases", "--json"]).ok().json();
    let publish = &releases["items"][0]["configuration"]["publish"];
    let address = (
        publish["address"].as_str().unwrap(),
        publish["port"].as_u64().unwrap() as u16,
    );
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET /version HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    text.rsplit("\r\n\r\n").next().unwrap().trim().to_owned()
}

#[test]
fn the_question_is_followed_and_a_yes_goes_live_and_a_no_leaves_what_serves() {
    let house = start();
    yes(&house);
    no(&house);
}

fn yes(house: &Commander) {
    let (follow, id) = until_it_asks(house, "v1.0.0");
    // Alone it reads as it does where the execution is followed.
    let question = house
        .run(&["answer", &id])
        .ok()
        .must_be_golden("answer-question");
    let followed = follow.read("out");
    assert!(followed.contains(question.out.trim_end()), "{followed}");
    house
        .run(&["executions", &id])
        .ok()
        .says(question.out.trim_end())
        .says("waits for an answer");
    house.run(&["answer", &id, "--json"]).ok().json::<Value>();

    let perhaps = answer(house, &id, "perhaps").ends_with(65);
    assert!(perhaps.err.contains("perhaps"), "{perhaps}");
    house
        .run(&["answer", &id, "--choice", "yes", "--step", "build"])
        .complains(65, "nothing is asked there");
    answer(house, &id, "yes").ok().says(&format!(
        "answered \"yes\"; follow it with: commander executions {id} --follow"
    ));
    house.until("it is live", |_| {
        follow.read("out").contains("succeeded after ")
    });
    let watch = house.newest("watch");
    house.run(&["watch", "stop", &watch]).ok();
    follow
        .end()
        .ends_with(0)
        .says("confirm: ada answered \"yes\": I looked")
        .says("deploy shop v1.0.0 to staging: succeeded after ")
        .says("shop in staging: live, and not watched any more: stopped by ada");
    assert_eq!(served(house), "v1.0.0");
    // It was answered once.
    answer(house, &id, "no").complains(65, "nothing is asked there");
    house
        .run(&["answer", &id])
        .ok()
        .says("nothing is asked there now");
}

fn no(house: &Commander) {
    let (follow, id) = until_it_asks(house, "v1.1.0");
    answer(house, &id, "no").ok().says("answered \"no\"");
    follow
        .end()
        .ends_with(1)
        .says("confirm: ada answered \"no\": I looked")
        .says("build: undone")
        .does_not_say("switch: runs")
        .says("failed, and all that was done is undone");
    house
        .run(&["executions", &id])
        .ends_with(1)
        .says("failed, and all that was done is undone");
    house
        .run(&["services"])
        .ok()
        .says("v1.0.0")
        .does_not_say("v1.1.0");
    assert_eq!(served(house), "v1.0.0");
}
