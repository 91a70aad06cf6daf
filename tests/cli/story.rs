//! One day with one server: from the question to the release and its bake, the way back, and
//! everything that a person looks at on the way.

use serde_json::Value;

use crate::commander::{Commander, ERRORS, Said};
use crate::golden::{compare, without_columns, without_lengths};
use crate::house::Setup;

const WATCHDOG: &str = "interval = \"1s\"\nbake = \"4s\"";

const RULES: &str = r#"---
title: Deploys
applies_to:
  actions: [deploy]
rules:
  - id: tested
    require: plan.tests.size() > 0
    severity: warning
    message: Run the tests.
    section: Tests
  - id: never-errors
    require: plan.reference != "v7.0.0"
    severity: high
    message: Version 7.0.0 is known to be bad.
    section: Known bad
---
# Deploys

## Tests

What goes live was tested in its image before.

## Known bad

A tag that customers met once is not met again.
"#;

const FOUR_EYES: &str = r#"---
title: Four eyes
applies_to:
  actions: [promote]
  environments: [production]
rules:
  - id: two-people
    approvals: 2
    message: Two people approve what goes to production.
---
# Four eyes
"#;

#[test]
fn a_day_at_the_command_line() {
    let mut house = Commander::start(&Setup {
        watchdog: WATCHDOG.to_owned(),
        procedures: vec![
            ("deploys.md", RULES.to_owned()),
            ("four-eyes.md", FOUR_EYES.to_owned()),
        ],
        deadline: Some("60s"),
        ..Setup::default()
    });
    before_anything(&house);
    the_question(&house);
    the_plan_and_the_no(&house);
    the_first_release(&house);
    the_second_release(&house);
    again_and_beside_each_other(&house);
    what_is_forbidden(&house);
    four_eyes(&house);
    the_rollback(&house);
    cancelled(&house);
    procedures(&house);
    the_trail(&mut house);
}

fn before_anything(house: &Commander) {
    house.run(&["status"]).ok().must_be_golden("status");
    house
        .run(&["services"])
        .ok()
        .must_be_golden("services-empty");
    for (arguments, says) in [
        (&["plans"][..], "no plans; make one with"),
        (&["executions"], "nothing was executed yet"),
        (&["releases"], "nothing was released yet"),
        (&["incidents"], "no incidents"),
        (&["watch"], "nothing was watched yet"),
    ] {
        house.run(arguments).ok().says(says);
    }
    let doctor = house.run(&["doctor"]).ok();
    let is_sure = |line: &&str| !line.contains("free space") && !line.contains("engine's disk");
    let lines: Vec<&str> = doctor.out.lines().filter(is_sure).collect();
    compare("doctor", &(lines.join("\n") + "\n"));
    house
        .run(&["approve"])
        .complains(65, "no plan waits for approval");
    house
        .run(&["rollback", "shop", "staging"])
        .complains(75, "nothing");
    house
        .run(&["watch", "--follow"])
        .complains(65, "nothing was watched yet");
    house
        .run(&["freeze", "lift", "shop", "staging"])
        .complains(65, "frozen");
    house
        .run_as("cmd_wrong", &["status"])
        .complains(77, "token");
}

fn the_question(house: &Commander) {
    house
        .run(&["ask", "deploy v1.0.0 of shop"])
        .ends_with(65)
        .must_be_golden("ask-question");
    // What is said next answers it.
    house
        .run(&["ask", "staging"])
        .ok()
        .says("deploy shop v1.0.0 to staging");
    house
        .run(&["ask", "status of shop in staging"])
        .ok()
        .says("nothing");
    house.run(&["ask", "make me a sandwich"]).ends_with(65);
}

fn the_plan_and_the_no(house: &Commander) {
    let sentence = "deploy v1.0.0 of shop to staging and run the tests";
    let plan = house
        .run(&["ask", sentence])
        .ok()
        .must_be_golden("ask-plan");
    let id = plan.short("pln");
    house
        .run(&["reject", &id, "--reason", "not tonight"])
        .ok()
        .says("rejected: deploy shop v1.0.0 to staging");
    house
        .run(&["plans", &id])
        .ok()
        .says("rejected")
        .says("ada: not tonight");
    house.run(&["approve", &id]).ends_with(75);
    house
        .run(&["approve", "00000000"])
        .complains(65, "no plan ends in 00000000");
    house
        .run(&["approve", "that one"])
        .complains(65, "\"that one\" is not the id of a plan");
    let asked: Value = house.run(&["ask", sentence, "--json"]).ok().json();
    assert_eq!(asked["outcome"], "plan");
}

fn the_first_release(house: &Commander) {
    let run = house
        .run(&["approve", "--comment", "I am here"])
        .ok()
        .says("test-unit | all is well")
        .says("shop in staging: verified");
    // The two streams come in any order to each other, and evaluations when their time comes.
    let is_sure = |line: &&str| !line.contains(" | ") && !line.contains("  bake, ");
    let steps: Vec<&str> = run.out.lines().filter(is_sure).collect();
    compare("approve", &without_lengths(&(steps.join("\n") + "\n")));

    let id = run.short("exe");
    house
        .run(&["executions"])
        .ok()
        .says(&id)
        .says("deploy shop to staging");
    let detail = house.run(&["executions", &id]).ok();
    compare("execution", &without_lengths(&detail.out));
    the_past_of(house, &id);
    house
        .run(&["executions", &id, "--logs"])
        .ok()
        .says("test-unit | all is well")
        .says("smoke-smoke | v1.0.0");
    let watch = &house.newest("watch");
    house
        .run(&["watch", watch])
        .ok()
        .says("If it is bad   nothing: a person is called")
        .says("GET http://127.0.0.1:");
    house
        .run(&["watch", watch, "--follow"])
        .ok()
        .says("verified");
    for arguments in [
        &["plans", "--json"][..],
        &["executions", "--json"],
        &["executions", &id, "--json"],
        &["releases", "--json"],
        &["watch", "--json"],
        &["watch", watch, "--json"],
        &["services", "--json"],
        &["status", "--json"],
        &["doctor", "--json"],
        &["incidents", "--json"],
        &["ask", "status of shop in staging", "--json"],
    ] {
        house.run(arguments).ok().json::<Value>();
    }
    let lines = house.run(&["executions", &id, "--logs", "--json"]).ok();
    assert!(
        lines
            .json_lines()
            .iter()
            .any(|l| l["text"] == "all is well")
    );
}

/// Every event can be looked at, and what is shown says that it is not now.
fn the_past_of(house: &Commander, id: &str) {
    let events = house.run(&["executions", id, "--events"]).ok();
    compare("execution-events", &without_lengths(&events.out));
    let past = house.run(&["executions", id, "--at", "7"]).ok();
    compare("execution-past", &without_lengths(&past.out));
    let count = events.out.lines().count().to_string();
    let last: Value = house
        .run(&["executions", id, "--at", &count, "--json"])
        .ok()
        .json();
    let now: Value = house.run(&["executions", id, "--json"]).ok().json();
    assert_eq!(last["state"], now["state"]);
    assert_eq!(last["past"]["moment"]["words"], "succeeded");
    house
        .run(&["executions", id, "--at", "99"])
        .complains(65, &format!("its events are 1 to {count}"));
}

fn the_second_release(house: &Commander) {
    house
        .ask_to_deploy("v1.1.0")
        .must_be_golden("ask-second-plan");
    let run = house.run(&["approve", "--json"]).ok();
    let lines = run.json_lines();
    let kinds: Vec<&str> = lines.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "approved", "{run}");
    assert_eq!(*kinds.last().unwrap(), "watch", "{run}");
    for kind in ["journal", "log", "ended", "evaluation"] {
        assert!(kinds.contains(&kind), "no {kind}: {run}");
    }
    let releases = house.run(&["releases"]).ok();
    compare("releases", &without_columns(&releases.out));
    let services = house.run(&["services"]).ok();
    compare(
        "services",
        &without_columns(&without_lengths(&services.out)),
    );
}

fn again_and_beside_each_other(house: &Commander) {
    let listed: Value = house.run(&["executions", "--json"]).ok().json();
    let id = |n: usize| listed["items"][n]["id"].as_str().unwrap()[28..].to_owned();
    let (second, first) = (id(0), id(1));
    let compared = house.run(&["executions", "compare", &first, &second]).ok();
    let random = ["  took  ", "publish.port", "baseImages"];
    let is_sure = |line: &&str| !random.iter().any(|word| line.contains(word));
    let text = without_columns(&without_lengths(&compared.out));
    let rows: Vec<&str> = text.lines().filter(is_sure).collect();
    compare("executions-compare", &(rows.join("\n") + "\n"));
    house
        .run(&["executions", "compare", &first, &first, "--differences"])
        .ok()
        .says("they do not differ");
    let json: Value = house
        .run(&["executions", "compare", &first, &second, "--json"])
        .ok()
        .json();
    assert_eq!(json["first"]["id"].as_str().unwrap()[28..], first);

    let plan = house
        .run(&["executions", "rerun", &first, "--from", "create"])
        .ok()
        .must_be_golden("rerun-plan");
    let reject = ["reject", &plan.short("pln"), "--reason", "only a look"];
    house.run(&reject).ok();
    house
        .run(&["executions", "rerun", &first, "--from", "verify"])
        .complains(
            75,
            "it can be run again from fetch, build, test-unit, create, switch",
        );
    house
        .run(&["executions", "rerun", &first, "--from", "nothing"])
        .complains(65, "no step \"nothing\"");
    house.run(&["executions", &first, "compare"]).ends_with(64);
}

fn what_is_forbidden(house: &Commander) {
    let plan = house.ask_to_deploy(ERRORS).must_be_golden("ask-blocked");
    let id = plan.short("pln");
    house.run(&["approve", &id]).ends_with(77).says("Approving");
    let refused = house.run(&["approve", &id, "--json"]).ends_with(77);
    let failure: Value = refused.json();
    assert_eq!(failure["problem"]["code"], "blocked", "{refused}");
    let rule = &failure["problem"]["findings"][0]["citation"]["rule"];
    assert_eq!(rule, "never-errors", "{refused}");
}

fn four_eyes(house: &Commander) {
    let token = |name: &str| {
        let made: Value = house.run(&["token", "create", name, "--json"]).ok().json();
        made["token"].as_str().unwrap().to_owned()
    };
    house
        .run(&["token", "create", "grace"])
        .ok()
        .says("Token of       grace")
        .says("It is shown only now");
    let bob = token("bob");
    house.run(&["token", "create", "Bad Name"]).ends_with(65);
    house.run(&["token", "create", "bob"]).ends_with(75);
    let names = house.run(&["token", "list"]).ok();
    assert_eq!(names.out, "ada\nbob\ngrace\n");

    house
        .run(&["ask", "promote shop to production"])
        .ok()
        .says("2 different people");
    let first = house.run(&["approve"]).ok();
    first.says("1 of 2 approvals are given; another person must approve until");
    house.run(&["approve"]).ends_with(75);
    let plan = house.run(&["plans", "--pending"]).ok();
    let plan = plan.out.lines().nth(1).unwrap().split(' ').next().unwrap();
    house
        .run_as(&bob, &["approve", plan])
        .ok()
        .says("ada, bob")
        .says("shop in production: verified");

    house
        .run(&["token", "revoke", "bob"])
        .ok()
        .says("the token of bob is worthless now");
    house.run_as(&bob, &["status"]).ends_with(77);
    let revoked: Value = house
        .run(&["token", "revoke", "grace", "--json"])
        .ok()
        .json();
    assert_eq!(revoked["name"], "grace");
    house.run(&["token", "revoke", "nobody"]).ends_with(65);
}

/// The last digits of a release in staging.
pub fn release(house: &Commander, version: &str) -> String {
    let releases: Value = house
        .run(&[
            "releases",
            "--service",
            "shop",
            "--environment",
            "staging",
            "--json",
        ])
        .ok()
        .json();
    let all = releases["items"].as_array().unwrap();
    let found = all.iter().find(|r| r["version"] == version);
    let id = found.unwrap_or_else(|| panic!("no {version} in {releases}"))["id"].as_str();
    id.unwrap()[28..].to_owned()
}

fn the_rollback(house: &Commander) {
    house
        .run(&["rollback", "shop", "staging"])
        .ok()
        .must_be_golden("rollback-plan");
    house
        .run(&["approve"])
        .ok()
        .says("roll shop in staging back to commit ")
        .says("it is watched, without automatic acts");
    let to = release(house, "v1.1.0");
    let plan: Value = house
        .run(&["rollback", "shop", "staging", "--to", &to, "--json"])
        .ends_with(77)
        .json();
    assert_eq!(plan["problem"]["code"], "quarantined", "{plan}");
}

fn cancelled(house: &Commander) {
    house
        .run(&[
            "ask",
            "deploy tag slow-tests of shop to staging and run the tests",
        ])
        .ok();
    let said: Said = house
        .run(&["approve", "--detach"])
        .ok()
        .does_not_say("switch: done");
    let id = said.short("exe");
    house.until("its tests run", |it| {
        without_columns(&it.run(&["executions", &id]).out).contains("test-unit  runs")
    });
    house
        .run(&["cancel", &id, "--reason", "too slow"])
        .ok()
        .says("is told to stop, and what it did is undone");
    house
        .run(&["executions", &id, "--follow"])
        .ends_with(1)
        .says("cancelled: by ada: too slow")
        .says("cancelled, and all that was done is undone");
    house
        .run(&["executions", &id])
        .ends_with(1)
        .says("too slow");
    house.run(&["cancel", &id]).ends_with(75);
    house
        .deploy("nobuild")
        .ends_with(1)
        .says("build | no compiler here")
        .says("failed, and all that was done is undone");
}

fn procedures(house: &Commander) {
    house
        .run(&["sops", "list"])
        .ok()
        .says("Deploys  deploys.md")
        .says("blocks from the plan on: Version 7.0.0 is known to be bad.");
    house
        .run(&["sops", "search", "customers", "met"])
        .ok()
        .says("deploys.md:")
        .says("A tag that customers met once");
    house
        .run(&["sops", "search", "xylophone"])
        .ok()
        .says("no passage has these words");
    house.home.write(
        "sops/more.md",
        "---\ntitle: More\n---\n# More\n\nMore words.\n",
    );
    house.run(&["sops", "reindex"]).ok().says("More  more.md");
    for arguments in [
        &["sops", "list", "--json"][..],
        &["sops", "search", "customers", "--json"],
        &["sops", "reindex", "--json"],
        &["token", "list", "--json"],
        &["audit", "list", "--json"],
        &["audit", "verify", "--json"],
    ] {
        house.run(arguments).ok().json::<Value>();
    }
}

fn the_trail(house: &mut Commander) {
    let all: Value = house
        .run(&["audit", "list", "--limit", "500", "--json"])
        .ok()
        .json();
    let newest = all["items"][0]["seq"].as_u64().unwrap();
    let last_page = house.run(&["audit", "list", "--limit", "2"]).ok();
    let older = format!("older: commander audit list --before {}\n", newest - 1);
    assert!(last_page.out.ends_with(&older), "{last_page}");
    assert!(
        last_page.out.trim_start().starts_with(&newest.to_string()),
        "{last_page}"
    );
    let second = (newest - 1).to_string();
    let next = house
        .run(&["audit", "list", "--limit", "1", "--before", &second])
        .ok();
    assert!(
        next.out.trim_start().starts_with(&(newest - 2).to_string()),
        "{next}"
    );
    house
        .run(&["audit", "list", "--after", "0", "--limit", "1"])
        .ok()
        .does_not_say("older:");
    house
        .run(&["audit", "list", "--after", "0", "--before", "9"])
        .complains(64, "cannot be used with");
    house
        .run(&["audit", "verify"])
        .ok()
        .says("as it was written: ");
    house.stop();
    house
        .run(&["audit", "verify"])
        .ok()
        .says("as it was written: ");
    house
        .run(&["status"])
        .complains(69, "no server has started on");
}
