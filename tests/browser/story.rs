//! From the sentence to the incident, as somebody does it who has no mouse.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::browser::{Browser, ENTER, LEFT, own_token};
use crate::commander::Commander;
use crate::house::Setup;

#[tokio::test(flavor = "multi_thread")]
async fn from_a_sentence_to_an_incident_with_nothing_but_the_keyboard() {
    let house = Commander::start(&Setup {
        // Only what happens to a release ends its watch.
        watchdog: "interval = \"300ms\"\nbake = \"1h\"".to_owned(),
        deadline: Some("60s"),
        ..Setup::default()
    });
    let it = Browser::open(&house).await;
    it.focused("[data-test=token]").await;
    it.is_accessible().await;
    it.type_text(&own_token(&house)).await;
    it.press(&[ENTER]).await;
    it.see("[data-test=waiting][data-count='0']").await;

    deploy(&it, "v1.0.0").await;
    vouch(&it).await;
    deploy(&it, "v1.1.0").await;
    it.is_accessible().await;
    the_past(&it).await;

    turn_bad(&it).await;
    follow(&it, "nav a[href='#/incidents']").await;
    follow(&it, "main a[href^='#/incidents/inc_']").await;
    it.see("[data-test=incident][data-kind=rollback]").await;
    it.read("v1.0.0 was brought back").await;
    it.see("[data-test=evaluation]").await;
    it.is_accessible().await;

    follow(&it, "a.brand").await;
    it.see("[data-test=place-shop-staging][data-quality=verified]")
        .await;
    it.is_accessible().await;
    follow(&it, "nav a[href='#/audit']").await;
    it.see("[data-test=verification][data-ok=true]").await;
    it.is_accessible().await;
    it.has_nothing_to_complain().await;
}

async fn follow(it: &Browser, link: &str) {
    it.tab_to(link).await;
    it.press(&[ENTER]).await;
}

/// Says it, looks at the plan, approves it, and waits until it is live.
async fn deploy(it: &Browser, version: &str) {
    it.say(&format!(
        "deploy {version} of shop to staging and run the tests"
    ))
    .await;
    it.see("[data-test=plan][data-status=pending_approval]")
        .await;
    it.read(&format!("Deploy shop {version} to staging")).await;
    it.is_accessible().await;
    it.approve("I am here").await;
    it.see("[data-test=execution][data-status=succeeded]").await;
    it.read("It went live.").await;
    it.read("all is well").await;
}

/// Ends the watch and says by name that the release is good.
async fn vouch(it: &Browser) {
    follow(it, ".outcome a[href^='#/releases/']").await;
    it.see("[data-test=watch][data-status=baking]").await;
    it.see("[data-test=evaluation]").await;
    it.is_accessible().await;
    follow(it, "[data-test=stop-watch]").await;
    it.see("[data-test=watch][data-status=stopped]").await;
    follow(it, "[data-test=verify]").await;
    it.see("[data-test=release][data-quality=verified]").await;
}

/// Back through the events of an execution, and beside an earlier one.
async fn the_past(it: &Browser) {
    it.tab_to("[data-test=past] input").await;
    it.press(&[LEFT]).await;
    it.read("As it was after event").await;
    follow(it, "[data-test=past] button").await;
    it.read("Now. Slide back through its events.").await;
    it.tab_to("[data-test=compare]").await;
    // In a closed list of choices a letter takes the one that begins with it.
    it.press(&['d']).await;
    it.see("table.diff").await;
    it.is_accessible().await;
}

/// Takes the health of what runs away.
async fn turn_bad(it: &Browser) {
    let services = it
        .script(
            "return fetch('/api/services').then((answer) => answer.json())",
            Vec::new(),
        )
        .await;
    let staging = &services["items"][0]["environments"];
    let staging = staging.as_array().unwrap().iter();
    let live = staging
        .map(|place| &place["live"])
        .find(|live| live.is_object());
    let port = live.unwrap()["publish"]["port"].as_u64().unwrap();
    let mut socket = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    socket
        .write_all(b"GET /cgi-bin/sicken HTTP/1.0\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("200 OK"), "{answer}");
}
