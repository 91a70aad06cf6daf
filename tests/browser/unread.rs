//! What was not read, or not yet: the page never shows it as nothing, as all, or as it was.

use serde_json::{Value, json};

use crate::browser::{Browser, own_token, said};
use crate::commander::Commander;
use crate::house::Setup;

/// Answers go wrong as the browser's storage says, by path: `broken` ones are refused as by
/// something in between that knows no sentence, `held` ones never come.
const WRONG_ANSWERS: &str = r#"
    const real = fetch;
    globalThis.fetch = (url, ...more) => {
        const how = localStorage.getItem(new URL(url, location).pathname);
        if (how === "held") return new Promise(() => {});
        if (how !== "broken") return real(url, ...more);
        const shape = { status: 500, statusText: "Internal Server Error" };
        return Promise.resolve(new Response('{"code":"internal"}', shape));
    };"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_not_read_is_not_called_empty() {
    let house = Commander::start(&Setup::default());
    let it = Browser::signed_in(&house, &own_token(&house)).await;
    it.see("[data-test=waiting][data-count='0']").await;
    it.before_the_page(WRONG_ANSWERS).await;
    for path in ["/api/plans", "/api/incidents"] {
        answers_are(&it, path, "held").await;
        it.reload().await;
        it.see("[data-test^=place-shop-]").await;
        it.see("main .loading").await;
        assert!(!says_what_waits(&it).await, "{path}");

        answers_are(&it, path, "broken").await;
        it.reload().await;
        it.read("The list of what waits could not be read").await;
        it.read("The server answered 500 Internal Server Error.")
            .await;
        assert!(!says_what_waits(&it).await, "{path}");
        it.is_accessible().await;

        answers_are(&it, path, "good").await;
        it.click("main .state button").await;
        it.see("[data-test=waiting][data-count='0']").await;
    }
    it.has_nothing_to_complain().await;
}

async fn answers_are(it: &Browser, path: &str, how: &str) {
    let set = "localStorage.setItem(arguments[0], arguments[1])";
    it.script(set, vec![json!(path), json!(how)]).await;
}

async fn says_what_waits(it: &Browser) -> bool {
    let there = "return Boolean(document.querySelector('[data-test=waiting]'))";
    it.script(there, Vec::new()).await == json!(true)
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_is_read_at_once_is_counted_and_read_anew() {
    /// A few more than stand on one page of a list.
    const PLANS: usize = 205;
    let house = Commander::start(&Setup::default());
    let it = Browser::signed_in(&house, &own_token(&house)).await;
    let plans = ask_for(&it, PLANS).await;
    it.see(&format!("[data-test=waiting][data-count='{PLANS}']"))
        .await;
    it.read(&format!("The newest 100 of {PLANS}")).await;
    it.is_accessible().await;
    it.click("[data-test=waiting] .more a").await;

    it.click("[data-test=older]").await;
    let [first, second] = [0, 1].map(|n| format!("main a[href='#/plans/{}']", said(&plans[n])));
    it.until("the end of the list", &seen_at_the_end(&first))
        .await;
    it.gone("[data-test=older]").await;
    let path = format!("/api/plans/{}/reject", said(&plans[0]));
    post(&it, &path, &json!({"reason": "It is too old."})).await;
    it.gone(&first).await;
    it.until("the end of the list", &seen_at_the_end(&second))
        .await;
    it.has_nothing_to_complain().await;
}

/// Whether a link is in sight, where the list is scrolled to its end.
fn seen_at_the_end(link: &str) -> String {
    let link = json!(link);
    format!(
        "(scrollTo(0, document.body.scrollHeight), document.querySelector({link})?.checkVisibility())"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_has_no_gap_where_something_happens_before_it_is_read() {
    // Pages of three rows, of which the first one comes when it is let go.
    const SLOW_TRAIL: &str = r#"
        const real = fetch;
        let wait = new Promise((come) => { globalThis.letGo = come; });
        globalThis.fetch = async (url, ...more) => {
            if (!url.startsWith("/api/audit?")) return real(url, ...more);
            const until = wait;
            wait = null;
            const answer = await real(url.replace("limit=500", "limit=3"), ...more);
            globalThis.isRead = true;
            await until;
            return answer;
        };"#;
    const WHOLE: &str = "(() => {
        const rows = [...document.querySelectorAll('td.k-seq')].map((row) => +row.innerText);
        return rows.length > 3 && rows.every((row, n) => n === 0 || row === rows[n - 1] - 1)
            && document.body.innerText.includes(`Older rows (${rows.at(-1) - 1})`);
    })()";
    let house = Commander::start(&Setup::default());
    let it = Browser::signed_in(&house, &own_token(&house)).await;
    ask_for(&it, 8).await;
    it.before_the_page(SLOW_TRAIL).await;
    it.go("audit").await;
    it.reload().await;
    it.see(".connection.open").await;
    it.until("the first page is under way", "globalThis.isRead")
        .await;
    ask_for(&it, 1).await;
    it.until(
        "the page heard of it",
        "document.querySelector('nav a[href=\"#/plans\"] .count')?.innerText === '9'",
    )
    .await;
    // The page reads on a moment after a notice: a clock that is set later rings later.
    it.script(
        "return new Promise((rings) => setTimeout(rings, 400))",
        Vec::new(),
    )
    .await;
    it.script("letGo()", Vec::new()).await;
    it.until("the end of the trail without a gap", WHOLE).await;
    it.has_nothing_to_complain().await;
}

/// Makes so many plans, and gives their ids, the oldest first.
async fn ask_for(it: &Browser, plans: usize) -> Vec<Value> {
    let mut made = Vec::new();
    for _ in 0..plans {
        let sentence = json!({"text": "deploy v1.0.0 of shop to staging"});
        let answer = post(it, "/api/commands/parse", &sentence).await;
        made.push(answer["plans"][0]["id"].clone());
    }
    made
}

/// As the page itself does it.
async fn post(it: &Browser, path: &str, body: &Value) -> Value {
    const POST: &str = "const [path, body] = arguments;
        const headers = { 'content-type': 'application/json', 'x-commander-csrf': sessionStorage.getItem('commander.csrf') };
        return fetch(path, { method: 'POST', headers, body }).then((answer) => answer.json())";
    it.script(POST, vec![json!(path), json!(body.to_string())])
        .await
}
