//! The audit trail: newest first, page by page, or followed from a row on.

use serde_json::{Value, json};

use super::house::{House, text};

fn rows(listed: &Value) -> Vec<u64> {
    let rows = listed["items"].as_array().unwrap().iter();
    rows.map(|row| row["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_trail_is_told_newest_first_page_by_page() {
    let house = House::new().await;
    for name in ["bo", "cy", "di", "ed"] {
        house.token_of(name).await;
    }
    let all = house.get("/api/audit").await.ok();
    let newest = &all["items"][0];
    assert_eq!(
        (text(&newest["act"]), text(&newest["subject"])),
        ("token.added", "ed")
    );
    let all = rows(&all);
    assert!(all.len() >= 5);
    assert!(all.is_sorted_by(|a, b| a > b), "{all:?}");
    let mut paged = Vec::new();
    let mut path = "/api/audit?limit=2".to_owned();
    loop {
        let page = rows(&house.get(&path).await.ok());
        let Some(last) = page.last() else { break };
        path = format!("/api/audit?limit=2&before={last}");
        paged.extend(page);
        assert!(paged.len() <= all.len(), "it never ends: {paged:?}");
    }
    assert_eq!(paged, all);
    // Who follows it is told what came since, in the order in which it came.
    let followed = house
        .get(&format!("/api/audit?after={}", all[2]))
        .await
        .ok();
    assert_eq!(rows(&followed), [all[1], all[0]]);
    for query in ["before=1", "after=18446744073709551615"] {
        let nothing = house.get(&format!("/api/audit?{query}")).await.ok();
        assert_eq!(nothing, json!({ "items": [] }), "{query}");
    }
    let most = house.get("/api/audit?before=18446744073709551615");
    assert_eq!(rows(&most.await.ok()), all);
}

#[tokio::test]
async fn a_page_that_is_none_is_refused() {
    let house = House::new().await;
    for query in [
        "before=1&after=1",
        "before=-1",
        "before=x",
        "limit=501",
        "befor=1",
    ] {
        let path = format!("/api/audit?{query}");
        house.get(&path).await.problem(400, "bad_request");
    }
}
