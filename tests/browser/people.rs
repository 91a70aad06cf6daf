//! Several people, several tabs, and fingers that press twice.

use serde_json::{Value, json};

use crate::browser::{Browser, own_token, said};
use crate::commander::Commander;
use crate::house::Setup;

const FOUR_EYES: &str = r"---
title: Four eyes
applies_to:
  actions: [deploy]
rules:
  - id: two-people
    approvals: 2
    message: Two people approve a deploy.
---
# Four eyes
";

const APPROVE_NOW: &str = "dialog[open] [data-test=approve-now]";

#[tokio::test(flavor = "multi_thread")]
async fn hc_42_two_tabs_two_people_and_a_double_click_are_one_execution() {
    let house = Commander::start(&Setup {
        watchdog: "interval = \"300ms\"\nbake = \"1h\"".to_owned(),
        deadline: Some("60s"),
        procedures: vec![("four-eyes.md", FOUR_EYES.to_owned())],
        ..Setup::default()
    });
    let created = house.run(&["token", "create", "bob", "--json"]).ok();
    let bobs = said(&created.json::<Value>()["token"]);
    let ada = Browser::signed_in(&house, &own_token(&house)).await;
    ada.say("deploy v1.0.0 of shop to staging").await;
    ada.see("[data-test=plan][data-status=pending_approval]")
        .await;
    let url = ada.client.current_url().await.unwrap();
    let view = url.fragment().unwrap().trim_start_matches('/').to_owned();

    // A second tab of the same person has the right from the first, and the same dialog open.
    let first = ada.client.window().await.unwrap();
    let second = ada.client.new_window(true).await.unwrap().handle;
    ada.client.switch_to_window(second.clone()).await.unwrap();
    ada.go(&view).await;
    ada.press_for('a', APPROVE_NOW).await;
    ada.client.switch_to_window(first).await.unwrap();
    ada.press_for('a', APPROVE_NOW).await;
    let twice = format!(
        "const now = document.querySelector({}); now.click(); now.click();",
        json!(APPROVE_NOW)
    );
    ada.script(&twice, Vec::new()).await;
    ada.gone("dialog[open]").await;
    ada.read("You have approved. 1 other person must, too.")
        .await;
    ada.see("[data-test=approve]:disabled").await;
    // What the second tab still shows is no second approval.
    ada.client.switch_to_window(second).await.unwrap();
    ada.read("You have approved.").await;
    ada.click(APPROVE_NOW).await;
    ada.until(
        "it is refused, or was done already",
        "document.querySelector('dialog[open] .refused') || !document.querySelector('dialog[open]')",
    )
    .await;
    assert_eq!(approvals(&ada, &view).await, ["ada"]);

    let bob = Browser::signed_in(&house, &bobs).await;
    bob.go(&view).await;
    bob.read("ada").await;
    bob.press_for('a', APPROVE_NOW).await;
    bob.click(APPROVE_NOW).await;
    bob.see("[data-test=execution][data-status=succeeded]")
        .await;
    assert_eq!(approvals(&bob, &view).await, ["ada", "bob"]);
    let executions = get(&bob, "/api/executions").await;
    assert_eq!(executions["items"].as_array().unwrap().len(), 1);
    // Both of ada's tabs hear of it, though only one of them reads the stream.
    ada.see("[data-test=plan][data-status=succeeded]").await;
    ada.has_nothing_to_complain().await;
    bob.has_nothing_to_complain().await;
}

async fn approvals(it: &Browser, view: &str) -> Vec<String> {
    let found = get(it, &format!("/api/{view}/approvals")).await;
    let mut names: Vec<String> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| said(&one["by"]["name"]))
        .collect();
    names.sort();
    names
}

async fn get(it: &Browser, path: &str) -> Value {
    it.script(
        "return fetch(arguments[0]).then((answer) => answer.json())",
        vec![json!(path)],
    )
    .await
}
