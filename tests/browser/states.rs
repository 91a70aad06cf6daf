//! What the page shows where there is nothing to show, where something is missing or forbidden, and
//! while the server is away.

use crate::browser::{Browser, ENTER, own_token};
use crate::commander::Commander;
use crate::house::Setup;

const TEXT: &str = "# Deploys\n\nNever deploy to staging on a Sunday.\n";

#[tokio::test(flavor = "multi_thread")]
async fn every_state_says_what_it_is_and_what_to_do() {
    let mut house = Commander::start(&Setup {
        procedures: vec![("deploys.md", TEXT.to_owned())],
        ..Setup::default()
    });
    let it = Browser::open(&house).await;
    it.focused("[data-test=token]").await;
    it.type_text("not a token").await;
    it.press(&[ENTER]).await;
    it.see("#token-why svg").await;
    it.is_accessible().await;
    it.type_text(&own_token(&house)).await;
    it.press(&[ENTER]).await;
    it.see(".connection.open").await;
    it.read("Nothing runs yet.").await;
    for view in ["plans", "executions", "releases", "incidents"] {
        it.go(view).await;
        it.see(".state.empty").await;
        it.is_accessible().await;
    }
    it.go("plans/pln_00000000000000000000000000000000").await;
    it.read("There is no such thing").await;
    it.read("correlation id").await;
    it.is_accessible().await;
    it.go("nowhere").await;
    it.read("There is nothing here").await;

    it.say("deploy shop").await;
    it.see("[data-test=answer][data-outcome=clarification] .choose button")
        .await;
    it.is_accessible().await;

    a_suggestion_is_accepted_and_refused(&it).await;

    // A tab that has only the cookie may look.
    it.script("sessionStorage.clear()", Vec::new()).await;
    it.reload().await;
    it.see("[data-test=read-only]").await;
    it.see("[data-test=accept]:disabled").await;
    it.is_accessible().await;
    it.click("[data-test=read-only] button").await;
    it.focused("dialog[open] [data-test=token]").await;
    it.type_text(&own_token(&house)).await;
    it.press(&[ENTER]).await;
    it.gone("[data-test=read-only]").await;
    it.see("[data-test=accept]:enabled").await;

    house.stop();
    it.see("[data-test=offline]").await;
    it.is_accessible().await;
    house.serve();
    it.read("the server was started anew").await;
    it.type_text(&own_token(&house)).await;
    it.press(&[ENTER]).await;
    it.see(".connection.open").await;
    it.has_nothing_to_complain().await;
}

/// What waits stands above the services, and those above what was done.
const IN_ORDER: &str = "(() => {
    const at = (css) => document.querySelector(`main ${css}`);
    const parts = [at('[data-test=waiting]'), at('#services'), at('#last')];
    return parts.every(Boolean) && parts.every((part, n) => n === 0
        || parts[n - 1].compareDocumentPosition(part) === Node.DOCUMENT_POSITION_FOLLOWING);
})()";

#[tokio::test(flavor = "multi_thread")]
async fn a_tab_that_nobody_looks_at_is_drawn_whole_and_in_order() {
    let house = Commander::start(&Setup::default());
    let it = Browser::signed_in(&house, &own_token(&house)).await;
    it.until("the overview is in order", IN_ORDER).await;
    it.in_the_background().await;
    for _ in 0..5 {
        it.reload().await;
        it.until("the overview is in order", IN_ORDER).await;
    }
    it.has_nothing_to_complain().await;
}

async fn a_suggestion_is_accepted_and_refused(it: &Browser) {
    it.go("procedures").await;
    it.see("[data-test=suggestion] [data-status=pending]").await;
    it.is_accessible().await;
    it.click("[data-test=accept]").await;
    it.see("[data-test=suggestion] [data-status=accepted]")
        .await;
    it.read("accepted by ada").await;
    it.tab_to("[data-test=suggestion] input").await;
    it.type_text("the text will be changed").await;
    it.click("[data-test=refuse]").await;
    it.see("[data-test=suggestion] [data-status=refused]").await;
    it.go("procedures/deploys.md").await;
    it.see("[data-test=procedure] [data-test=suggestion]").await;
    it.is_accessible().await;
}
