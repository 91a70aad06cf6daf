//! The rules of the house, held over the sources as they stand: who may import whom, where the
//! clock, the environment, processes and foreign clients may be touched, and what is never
//! written. Each rule is a function from the sources to what breaks it, and each is shown here to
//! find a breach.

#[path = "house/rules.rs"]
mod rules;
#[path = "house/sources.rs"]
mod sources;

use rules::{Breach, RULES};
use sources::Sources;

#[test]
fn the_house_keeps_its_rules() {
    let sources = Sources::of_the_house();
    assert!(sources.files().len() > 50, "the sources were not found");
    let breaches: Vec<String> = RULES
        .iter()
        .flat_map(|rule| rule(&sources))
        .map(|breach| breach.to_string())
        .collect();
    assert!(
        breaches.is_empty(),
        "{} breaches:\n{}",
        breaches.len(),
        breaches.join("\n")
    );
}

/// What all rules say about one file.
fn breaches(path: &str, text: &str) -> Vec<Breach> {
    let sources = Sources::from([(path, text)]);
    RULES.iter().flat_map(|rule| rule(&sources)).collect()
}

#[track_caller]
fn assert_breach(path: &str, text: &str, says: &str) {
    let found = breaches(path, text);
    assert_eq!(found.len(), 1, "{path}: {text}: {found:?}");
    let sentence = found[0].to_string();
    assert!(sentence.contains(says), "{sentence}");
    assert!(sentence.starts_with(path), "{sentence}");
}

#[track_caller]
fn assert_kept(path: &str, text: &str) {
    let found = breaches(path, text);
    assert!(found.is_empty(), "{path}: {text}: {found:?}");
}

#[test]
fn imports_point_down_only() {
    for (path, text) in [
        ("src/domain/plan.rs", "use crate::os::clock;"),
        (
            "src/domain/plan.rs",
            "use crate::{adapters::db::Store, domain};",
        ),
        ("src/os/clock.rs", "use crate::config::Config;"),
        (
            "src/os/process/mod.rs",
            "fn f() { crate::adapters::git::open(); }",
        ),
        ("src/config/mod.rs", "use crate::adapters::docker::Docker;"),
        ("src/adapters/docker/mod.rs", "use crate::engine::World;"),
        (
            "src/adapters/git/mirror.rs",
            "use super::super::super::flow::plan;",
        ),
        ("src/engine/run.rs", "use crate::flow::execute;"),
        ("src/engine/run.rs", "use crate::config::Config;"),
        ("src/flow/plan.rs", "use crate::app::App;"),
        ("src/flow/plan.rs", "use crate::api::Problem;"),
        ("src/app.rs", "use crate::api::router;"),
        ("src/app.rs", "use crate::cli;"),
        ("src/api/mod.rs", "use crate::cli::Output;"),
        ("src/api/mod.rs", "use crate::mcp::Server;"),
        ("src/mcp/mod.rs", "use crate::api::router;"),
        ("src/agents.rs", "use crate::flow::plan;"),
    ] {
        assert_breach(path, text, "may not import");
    }
    for (path, text) in [
        (
            "src/domain/plan.rs",
            "use super::digest::Digest; use crate::domain::id;",
        ),
        ("src/os/ids.rs", "use crate::domain::id::Id;"),
        (
            "src/config/mod.rs",
            "use crate::{domain::catalogue, os::env};",
        ),
        (
            "src/adapters/db/mod.rs",
            "use crate::domain::id; use crate::os::clock;",
        ),
        (
            "src/engine/outside/world.rs",
            "use crate::adapters::docker::Docker;",
        ),
        (
            "src/flow/plan.rs",
            "use crate::engine::Engine; use crate::adapters::db::Store;",
        ),
        (
            "src/app.rs",
            "use crate::config::Config; use crate::flow::Flow; use crate::agents;",
        ),
        (
            "src/api/mod.rs",
            "use crate::app::App; use crate::flow::plan;",
        ),
        (
            "src/cli/serve.rs",
            "use crate::api::router; use crate::app::App;",
        ),
        ("src/main.rs", "use commander::cli;"),
        ("src/lib.rs", "pub mod domain; pub mod api;"),
        // What only a comment, a text or a test says is no import.
        (
            "src/domain/plan.rs",
            "//! See crate::flow::plan.\nconst A: &str = \"crate::os::clock\";",
        ),
        (
            "src/domain/plan.rs",
            "#[cfg(test)]\nmod tests { use crate::os::ids; }",
        ),
    ] {
        assert_kept(path, text);
    }
}

#[test]
fn a_module_that_nobody_placed_is_no_place_to_hide() {
    assert_breach("src/shortcuts.rs", "pub fn f() {}", "has no place");
    assert_breach("src/shortcuts/mod.rs", "use crate::flow;", "has no place");
}

#[test]
fn adapters_are_strangers_to_each_other() {
    let says = "strangers";
    assert_breach(
        "src/adapters/docker/build.rs",
        "use crate::adapters::git::Git;",
        says,
    );
    assert_breach("src/adapters/docker/mod.rs", "use super::git::Git;", says);
    assert_breach(
        "src/adapters/probe.rs",
        "use super::{docker::Docker};",
        says,
    );
    assert_kept(
        "src/adapters/docker/build.rs",
        "use crate::adapters::docker::Docker;",
    );
    assert_kept(
        "src/adapters/docker/build.rs",
        "use super::Docker; use super::error;",
    );
    assert_kept("src/adapters/mod.rs", "pub mod git; pub mod docker;");
}

#[test]
fn a_foreign_client_is_named_in_one_place_only() {
    for (path, text) in [
        ("src/adapters/docker/mod.rs", "use rusqlite::Connection;"),
        ("src/flow/plan.rs", "fn f(e: rusqlite_migration::Error) {}"),
        ("src/engine/outside/world.rs", "use bollard::Docker;"),
        (
            "src/adapters/docker/mod.rs",
            "use {git2::Oid, bollard::Docker};",
        ),
        ("src/adapters/prometheus/mod.rs", "use reqwest::Client;"),
        ("src/cli/client.rs", "use reqwest::Client;"),
    ] {
        assert_breach(path, text, "is named only in");
    }
    for (path, text) in [
        (
            "src/adapters/db/read/plans.rs",
            "use rusqlite::{Connection, params};",
        ),
        ("src/adapters/docker/mod.rs", "use bollard::Docker;"),
        ("src/adapters/git/mod.rs", "use git2::Repository;"),
        ("src/os/http.rs", "use reqwest::Client;"),
        ("src/os/http/client.rs", "use reqwest::Client;"),
    ] {
        assert_kept(path, text);
    }
}

#[test]
fn the_domain_has_no_outside() {
    for text in [
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::File};",
        "fn f() { std::fs::read(\"x\"); }",
        "use std::net::TcpStream;",
        "use std::net::{IpAddr, UdpSocket};",
        "use std::process;",
        "use std::env;",
        "use tokio::sync::Mutex;",
        "use std::time::SystemTime;",
        "use std::time::Instant;",
        "use uuid::Uuid;",
        "fn f() { getrandom::fill(&mut []); }",
        "use tracing::info;",
    ] {
        assert_breach("src/domain/plan.rs", text, "the domain");
    }
    for text in [
        "use std::net::{IpAddr, SocketAddr};",
        "use std::time::Duration;",
        "use jiff::Timestamp;",
        "const FIXED: &str = include_str!(\"x\");",
        "/// Reads no `std::fs`.\nfn f() {}",
    ] {
        assert_kept("src/domain/plan.rs", text);
    }
}

#[test]
fn the_time_is_asked_in_one_place_only() {
    for text in [
        "fn f() { jiff::Timestamp::now(); }",
        "fn f() { Zoned::now(); }",
        "fn f() { std::time::Instant::now(); }",
        "fn f() { tokio::time::Instant::now(); }",
        "fn f() { SystemTime::now(); }",
        "fn f() { chrono::Utc::now(); }",
        "fn f() { let clock = Instant::now; }",
    ] {
        assert_breach("src/engine/timer.rs", text, "os/clock.rs");
        assert_kept("src/os/clock.rs", text);
    }
    assert_kept("src/engine/timer.rs", "fn f() { crate::os::clock::now(); }");
    assert_kept(
        "src/flow/watch.rs",
        "#[cfg(test)]\nfn f() { Instant::now(); }",
    );
}

#[test]
fn the_environment_and_processes_are_touched_in_one_place_only() {
    for text in [
        "fn f() { std::env::var(\"A\"); }",
        "use std::env::{vars_os};",
    ] {
        assert_breach("src/config/mod.rs", text, "os/env.rs");
        assert_kept("src/os/env.rs", text);
    }
    for text in [
        "use std::process::Command;",
        "fn f() { std::process::Command::new(\"sh\"); }",
        "fn f() { process::Command::new(\"sh\"); }",
        "use tokio::process;",
        "use std::{process::{Command, Stdio}};",
    ] {
        assert!(
            !breaches("src/adapters/git/mod.rs", text).is_empty(),
            "{text}"
        );
        assert_kept("src/os/process.rs", text);
        assert_kept("src/os/process/child.rs", text);
    }
    assert_kept(
        "src/cli/mod.rs",
        "fn f() -> std::process::ExitCode { todo() }",
    );
    assert_kept("src/cli/mod.rs", "use crate::os::process::run;");
}

#[test]
fn what_may_panic_says_why_it_cannot() {
    let says = "a sentence beside it";
    assert_breach("src/flow/plan.rs", "fn f() { g().unwrap(); }", says);
    assert_breach(
        "src/flow/plan.rs",
        "fn f() {\n    g()\n        .expect(\"x\");\n}",
        says,
    );
    for text in [
        "fn f() { g().unwrap(); } // There is always one.",
        "fn f() {\n    // There is always one.\n    g().unwrap();\n}",
        "fn f() {\n    // There is always one.\n    g()\n        .map(h)\n        .unwrap();\n}",
        "fn f() { g().unwrap_or_default(); h().unwrap_or_else(i); }",
        "#[cfg(test)]\nmod tests {\n    fn f() { g().unwrap(); }\n}",
        "#[test]\nfn f() { g().unwrap(); }",
        "const TEXT: &str = \".unwrap()\";",
    ] {
        assert_kept("src/flow/plan.rs", text);
    }
    // A comment above another statement is no reason.
    let elsewhere = "fn f() {\n    // Because.\n    a();\n    g().unwrap();\n}";
    assert_breach("src/flow/plan.rs", elsewhere, says);
}

#[test]
fn a_file_of_tests_is_known_by_its_declaration() {
    let sources = Sources::from([
        ("src/flow/mod.rs", "#[cfg(test)]\nmod tests;\nmod plan;"),
        ("src/flow/tests.rs", "fn f() { g().unwrap(); }"),
        ("src/flow/plan.rs", "fn f() { g().unwrap(); }"),
    ]);
    let found: Vec<Breach> = RULES.iter().flat_map(|rule| rule(&sources)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].to_string().starts_with("src/flow/plan.rs:1"));
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_left_out() {
    for text in [
        "fn f() { todo!() }",
        "fn f() { unimplemented!(\"later\") }",
        "fn f() { dbg!(1); }",
        "#[test]\n#[ignore]\nfn f() {}",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "#[cfg(test)]\nmod tests { fn f() { dbg!(1); } }",
    ] {
        assert_breach("src/flow/plan.rs", text, "is left");
        assert_breach("tests/flow.rs", text, "is left");
    }
    assert_kept(
        "src/flow/plan.rs",
        "// A todo!() would be found.\nfn todo() {}",
    );
}

#[test]
fn a_module_is_named_after_what_it_is_about() {
    for path in [
        "src/flow/utils.rs",
        "src/domain/helpers/mod.rs",
        "src/common/mod.rs",
        "src/adapters/docker/manager.rs",
        "tests/models/mod.rs",
    ] {
        let found = breaches(path, "");
        assert!(
            found.iter().any(|b| b.to_string().contains("is no name")),
            "{path}: {found:?}"
        );
    }
    assert_breach(
        "src/flow/plan.rs",
        "mod utils { pub fn f() {} }",
        "is no name",
    );
    assert_kept("src/flow/utilisation.rs", "mod command {}");
}

#[test]
fn test_doubles_live_under_tests_only() {
    for (path, text) in [
        ("src/engine/simulated_world.rs", ""),
        ("src/engine/world.rs", "mod faulty_docker {}"),
        ("src/engine/world.rs", "pub struct SimulatedWorld;"),
        (
            "src/engine/world.rs",
            "#[cfg(test)]\nmod tests { struct FaultyJournal; }",
        ),
        ("src/engine/world.rs", "struct MockDocker;"),
    ] {
        assert_breach(path, text, "under tests/");
    }
    assert_kept(
        "tests/support/simulated_world.rs",
        "pub struct SimulatedWorld;",
    );
    assert_kept(
        "src/engine/world.rs",
        "/// A simulation (`SimulatedWorld`) is under tests.\nfn f() {}",
    );
}

/// What is committed can be read and reviewed: text, and no more than a person would scroll through.
#[test]
fn nothing_committed_is_binary() {
    const MOST: usize = 2 * 1024 * 1024;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let files: Vec<&str> = listed.split('\0').filter(|name| !name.is_empty()).collect();
    assert!(files.contains(&"Cargo.toml"), "{files:?}");
    for name in files {
        // A file that is deleted and not yet committed is no file any more.
        let Ok(bytes) = std::fs::read(root.join(name)) else {
            continue;
        };
        assert!(bytes.len() <= MOST, "{name} has {} bytes", bytes.len());
        assert!(std::str::from_utf8(&bytes).is_ok(), "{name} is no text");
    }
}
