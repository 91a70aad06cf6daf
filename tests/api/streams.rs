//! Event streams: nothing lost, nothing told twice, and none that keeps the server from stopping.

use std::time::{Duration, Instant};

use commander::domain::id::ExecutionId;
use commander::domain::lock::Place;
use commander::domain::name::ServiceName;
use commander::domain::transition::{Change, Transition};
use eventsource_stream::Event;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{Answer, House, text};

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_told_from_its_beginning_or_from_where_it_was_left() {
    let house = House::with_engine().await;
    let id = house.failed_execution().await;
    let path = format!("/api/executions/{id}/events");
    let all = house.stream(&path, None).await.read_out().await;
    let (end, journal) = all.split_last().unwrap();
    assert_eq!(data(end), json!({ "status": "failed" }));
    let numbers: Vec<u64> = journal.iter().map(|e| e.id.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=journal.len() as u64).collect::<Vec<_>>());
    assert!(journal.iter().all(|event| event.event == "journal"));
    assert_eq!(data(&journal[0])["event"]["event"], "started");
    assert_eq!(data(journal.last().unwrap())["event"]["event"], "ended");

    let rest = house.stream(&path, Some("2")).await.read_out().await;
    assert_eq!(rest, all[2..]);
    let nothing = journal.len().to_string();
    let rest = house.stream(&path, Some(&nothing)).await.read_out().await;
    assert_eq!(rest.len(), 1);
    let wrong = house
        .authorised(Method::GET, &path)
        .header("last-event-id", "x");
    Answer::of(wrong).await.problem(400, "bad_request");

    let view = house.get(&format!("/api/executions/{id}")).await.ok();
    assert_eq!(view["state"]["status"], "failed");
    assert_eq!(view["plan"]["id"], view["execution"]["plan"]);
    assert_eq!(view.get("interruptionMs"), None);
    let cancel = format!("/api/executions/{id}/cancel");
    house
        .post(&cancel, json!({ "reason": "too late" }))
        .await
        .problem(409, "too_late");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_output_are_told_while_they_are_printed_and_all_before_the_end() {
    const LINES: u64 = 3_000;
    let house = House::new().await;
    // An execution that waits for ever, for another one that does not exist holds its lock.
    let store = &house.serving.app.flow.store;
    let place = Place {
        service: ServiceName::parse("shop").unwrap(),
        environment: Some("staging".to_owned().try_into().unwrap()),
    };
    let stranger = super::ledger::id::<ExecutionId>(1);
    let holder = commander::domain::lock::Holder {
        execution: stranger.clone(),
        action: commander::domain::intent::Action::Deploy,
        since: Timestamp::now(),
    };
    let take = Change::TakeLock {
        place,
        holder,
        above: 0,
    };
    store.write(Transition::of(vec![take])).await.unwrap();
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let approved = house.approve(&plan).await.ok();
    assert_eq!(approved["waitsFor"]["execution"], stranger.as_str());
    let id = text(&approved["execution"]["id"]).to_owned();
    let execution = ExecutionId::parse(&id).unwrap();
    let book = house.serving.app.flow.logbook.clone();
    let print = move |numbers: std::ops::Range<u64>| {
        for n in numbers {
            let line = format!("line {n}");
            book.append(
                execution.clone(),
                "build",
                "stdout",
                &line,
                Timestamp::now(),
            );
        }
    };

    let path = format!("/api/executions/{id}/logs");
    print(0..10);
    let mut stream = house.stream(&path, None).await;
    let mut told = Vec::new();
    while told.len() < 10 {
        told.push(stream.next().await.unwrap());
    }
    let printing = std::thread::spawn({
        let print = print.clone();
        move || print(10..LINES)
    });
    while told.len() < 100 {
        told.push(stream.next().await.unwrap());
    }
    // The connection breaks, and the client comes back.
    drop(stream);
    let stream = house.stream(&path, Some(&told.last().unwrap().id)).await;
    printing.join().unwrap();
    let cancelled = house
        .post(&format!("/api/executions/{id}/cancel"), json!({}))
        .await;
    assert_eq!(cancelled.ok()["status"], "cancelled");
    told.extend(stream.read_out().await);
    let (end, lines) = told.split_last().unwrap();
    assert_eq!(data(end), json!({ "status": "cancelled" }));
    assert_eq!(lines.len() as u64, LINES);
    for (n, event) in (0..).zip(lines) {
        assert_eq!(event.id, (n + 1).to_string());
        assert_eq!(data(event)["text"], format!("line {n}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_told_by_topic_and_again_to_who_comes_back() {
    let house = House::with_engine().await;
    let mut plans = house.stream("/api/events?topics=plan", None).await;
    let mut all = house.stream("/api/events", None).await;
    let plan = house.plan("deploy shop v1.0.0 to staging").await;
    let first = plans.next().await.unwrap();
    assert_eq!(first.event, "change");
    assert_eq!(data(&first), json!({ "topic": "plan", "id": plan["id"] }));
    drop(plans);
    let id = house.failed_execution().await;

    let mut missed = house
        .stream("/api/events?topics=journal,execution", Some(&first.id))
        .await;
    let told = missed.next().await.unwrap();
    assert_eq!(data(&told), json!({ "topic": "execution", "id": id }));
    let mut topics = Vec::new();
    while !topics.contains(&json!("journal")) {
        let event = all.next().await.unwrap();
        assert_eq!(event.event, "change");
        topics.push(data(&event)["topic"].clone());
    }
    assert_eq!(topics[0], "plan");

    // A mark of another process says nothing about this one.
    let mut lost = house.stream("/api/events", Some("1234-5")).await;
    assert_eq!(lost.next().await.unwrap().event, "reset");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_streams_do_not_keep_the_server_from_stopping() {
    let house = House::new().await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(house.stream("/api/events", None).await);
    }
    let begun = Instant::now();
    house.serving.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    for stream in streams {
        assert_eq!(stream.read_out().await, [], "the connection ends in order");
    }
}

#[tokio::test]
async fn what_a_stream_resumes_from_is_checked() {
    let house = House::with_engine().await;
    let execution = house.failed_execution().await;
    let journal = format!("/api/executions/{execution}/events");
    let logs = format!("/api/executions/{execution}/logs");
    for path in [journal.as_str(), &logs, "/api/events"] {
        for mark in ["x", "18446744073709551616", "1;2", "a-x", "' OR 1=1 --"] {
            let request = house.authorised(Method::GET, path);
            let answer = Answer::of(request.header("last-event-id", mark)).await;
            answer.problem(400, "bad_request");
        }
    }
    // Further on than there is anything: nothing but the end is told.
    for path in [&journal, &logs] {
        let told = house.stream(path, Some("18446744073709551615")).await;
        let told = told.read_out().await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].event, "end");
    }
}

#[tokio::test]
async fn nobody_keeps_more_streams_open_than_a_person_needs() {
    let house = House::new().await;
    let bo = house.token_of("bo").await;
    let open = |token: &str| {
        house
            .client
            .get(house.url("/api/events"))
            .bearer_auth(token)
    };
    let mut streams = Vec::new();
    let refused = loop {
        assert!(streams.len() < 1_000, "there is no bound");
        let response = open(&bo).send().await.unwrap();
        match response.status().as_u16() {
            200 => streams.push(response),
            _ => break Answer::of(open(&bo)).await,
        }
    };
    refused.problem(429, "too_many_streams");
    assert!(refused.headers.contains_key("retry-after"));
    assert!(streams.len() > 20, "{}", streams.len());
    // Others are not kept out, nor is the rest refused.
    house.stream("/api/events", None).await;
    let read = house.request(Method::GET, "/api/plans").bearer_auth(&bo);
    Answer::of(read).await.ok();
    // Who closes one may open another one.
    drop(streams.pop());
    let again = loop {
        let response = open(&bo).send().await.unwrap();
        if response.status() == 200 {
            break response;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // All of them end with the token.
    assert_eq!(house.delete("/api/tokens/bo").await.status, 204);
    streams.push(again);
    for stream in streams {
        assert_eq!(stream.text().await.unwrap(), "");
    }
    let token = house.token_of("bo").await;
    let mut fresh = open(&token).send().await.unwrap();
    house.plan("deploy shop v1.0.0 to staging").await;
    let told = fresh.chunk().await.unwrap().unwrap();
    assert!(
        told.starts_with(b"id:") || told.starts_with(b"event:"),
        "{told:?}"
    );
}

fn data(event: &Event) -> Value {
    serde_json::from_str(&event.data).unwrap()
}
