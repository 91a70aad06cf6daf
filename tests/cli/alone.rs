//! Without a server: what needs none, and the sentence where one is missing.

use serde_json::{Value, json};

use crate::commander::{Home, path};

#[test]
fn the_help_names_every_verb_and_every_exit_code() {
    let home = Home::new();
    home.run(&["--help"]).ok().must_be_golden("help");
    // The README shows the same codes.
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let codes = commander::cli::exit::HELP.split_once('\n').unwrap().1;
    assert!(readme.unwrap().contains(codes), "README.md lacks:\n{codes}");
    home.run(&["deploy"])
        .complains(64, "unrecognized subcommand");
}

#[test]
fn without_a_server_each_verb_says_how_to_start_one() {
    let home = Home::new();
    for arguments in [
        &["ask", "deploy", "main"][..],
        &["plans"],
        &["approve"],
        &["reject", "0123abcd", "--reason", "no"],
        &["executions"],
        &["cancel", "0123abcd"],
        &["releases"],
        &["rollback", "shop", "staging"],
        &["incidents"],
        &["watch"],
        &["services"],
        &["status"],
        &["sops", "list"],
        &["token", "list"],
        &["audit", "list"],
        &["freeze", "lift", "shop", "staging"],
    ] {
        home.run(arguments)
            .complains(69, "Commander is not running (no server has started on")
            .complains(69, "start it with `commander serve`");
        let arguments = [arguments, &["--json"]].concat();
        let said = home.run(&arguments).ends_with(69);
        let failure: Value = said.json();
        assert_eq!(failure["exitCode"], 69, "{said}");
    }
    let mut command = home.command(&["status"]);
    command.env("COMMANDER_URL", "http://127.0.0.1:9");
    command.env("COMMANDER_TOKEN", "x");
    crate::commander::said(&mut command, &["status"])
        .complains(69, "nobody listens at http://127.0.0.1:9");
}

#[test]
fn check_shows_what_is_understood_or_every_mistake() {
    let home = Home::new();
    home.write(
        "good.toml",
        "[services.shop]\nrepository = \"shop\"\n[services.shop.environments.staging]\n",
    );
    home.run(&["check", "--config", "good.toml"])
        .ok()
        .says("ok: 1 service, 1 environment")
        .says("SERVICE  ENVIRONMENT");
    let found: Value = home
        .run(&["check", "--config", "good.toml", "--json"])
        .ok()
        .json();
    assert_eq!(found["outcome"], "ok");

    home.write(
        "bad.toml",
        "[services.shop]\nrepositry = \"shop\"\n[watchdog]\nbake = \"soon\"\n",
    );
    home.run(&["check", "--config", "bad.toml"])
        .ends_with(64)
        .says("repositry")
        .says("watchdog.bake");
    let found: Value = home
        .run(&["check", "--config", "bad.toml", "--json"])
        .ends_with(64)
        .json();
    assert_eq!(found["outcome"], "mistaken");
    // The same mistakes stop every other verb.
    home.run(&["status", "--config", "bad.toml"])
        .complains(64, "watchdog.bake");
    home.run(&["check", "--config", "none.toml"])
        .ends_with(64)
        .says("none.toml");
}

#[test]
fn a_sentence_is_read_with_and_without_a_catalogue() {
    let home = Home::new();
    home.write(
        "commander.toml",
        "[services.shop]\nrepository = \"shop\"\n[services.shop.environments.staging]\n",
    );
    let sentence = "deploy v1.4.2 of checkout to staging";
    home.run(&["interpret", sentence])
        .ok()
        .says("outcome      plan")
        .says("service      checkout (“checkout”)");
    home.run(&["interpret", sentence, "--config", "commander.toml"])
        .ok()
        .says("outcome      clarification")
        .says("question");
    let read: Value = home.run(&["interpret", sentence, "--json"]).ok().json();
    assert_eq!(read["outcome"], "plan");

    let lines = home.write(
        "lines.jsonl",
        "{\"id\":1,\"text\":\"deploy v1 of shop to staging\"}\nnot json\n{\"id\":\"b\",\"text\":\"what is the weather\"}\n",
    );
    let said = home
        .run(&["interpret", "--batch", path(&lines), "--json"])
        .ends_with(65);
    let rows = said.json_lines();
    assert_eq!(rows.len(), 3, "{said}");
    assert_eq!(
        (&rows[0]["id"], &rows[0]["outcome"]),
        (&json!(1), &json!("plan"))
    );
    assert_eq!(
        (&rows[1]["id"], &rows[1]["line"]),
        (&Value::Null, &json!(2))
    );
    assert_eq!(rows[2]["id"], "b");
    home.run(&["interpret", "--batch", "none.jsonl"])
        .complains(66, "none.jsonl cannot be read");
}

#[test]
fn procedures_are_checked_with_their_examples() {
    let home = Home::new();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/sops");
    home.run(&["sops", "check", "--sops", ours])
        .ok()
        .says("10 procedures")
        .says("0 mistakes, 0 examples that do not hold");
    let report: Value = home
        .run(&["sops", "check", "--sops", ours, "--json"])
        .ok()
        .json();
    assert_eq!(report["sops"].as_array().unwrap().len(), 10);
    home.write(
        "sops/wrong.md",
        "---\ntitle: Wrong\nrules:\n  - id: wrong\n    require: plan.colour == \"red\"\n    severity: high\n    message: Red only.\n---\n# Wrong\n",
    );
    home.run(&["sops", "check"])
        .ends_with(65)
        .says("wrong.md:5")
        .says("plan.colour");
    home.run(&["sops", "check", "--sops", "nowhere"])
        .ends_with(66)
        .says("nowhere");
}

#[test]
fn the_trail_of_nothing_is_not_called_whole() {
    Home::new()
        .run(&["audit", "verify"])
        .complains(65, "there is no database in");
}

#[test]
fn a_doctor_who_finds_nothing_to_work_with_says_so() {
    let home = Home::new();
    home.write("bad.toml", "[watchdog]\nbake = \"soon\"\n");
    home.run(&["doctor", "--config", "bad.toml"])
        .ends_with(1)
        .says("FAIL  configuration")
        .says("1 not well");
    let found: Value = home
        .run(&["doctor", "--config", "bad.toml", "--json"])
        .ends_with(1)
        .json();
    assert_eq!(found["ok"], false);
}
