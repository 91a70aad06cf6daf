//! `commander check`.

use std::path::Path;

use commander::cli::check::{CheckArgs, check};

use super::examples::{EXAMPLE, uncommented};

fn run_check(file: &Path, json: bool) -> (u8, String) {
    let args = CheckArgs {
        config: Some(file.to_owned()),
        json,
    };
    let variables = vec![("COMMANDER_STORE__DATA_DIR".to_owned(), "/data".to_owned())];
    let mut out = Vec::new();
    let code = check(&args, variables, &mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

#[test]
fn check_shows_what_was_understood() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commander.toml");
    std::fs::write(&file, uncommented(EXAMPLE, false, true)).unwrap();
    let (code, text) = run_check(&file, false);
    let text = text.replace(folder.path().to_str().unwrap(), "/etc/commander");
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "\
ok: 1 service, 2 environments (/etc/commander/commander.toml)

listens on   127.0.0.1:7070
data in      /data
SOPs in      /etc/commander/sops
evidence     probes, and Prometheus at http://127.0.0.1:9090
bad is       more than 5 % failed requests or a p95 above 750ms
degraded is  3 bad evaluations in a row or 5 of 12, one every 10s

SERVICE  ENVIRONMENT  AFTER    PUBLISHED       HEALTH    BAKE  TESTS        METRICS
shop     staging      -        127.0.0.1:8081  /healthz  10m   smoke, unit  error_rate, p95, requests
shop     production   staging  127.0.0.1:8080  /healthz  30m   smoke, unit  error_rate, p95, requests
"
    );
    let (code, json) = run_check(&file, true);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 0);
    assert_eq!(json["outcome"], "ok");
    assert_eq!(
        json["services"]["shop"]["environments"]["production"]["settings"]["bakeSeconds"],
        1800
    );
}

#[test]
fn check_shows_every_mistake_and_ends_with_64() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commander.toml");
    std::fs::write(&file, "[docker]\nkeep = -1\nkep = 2\n").unwrap();
    let (code, text) = run_check(&file, false);
    assert_eq!(code, 64);
    assert!(
        text.starts_with("2 mistakes in the configuration:\n"),
        "{text}"
    );
    let (code, json) = run_check(&file, true);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 64);
    assert_eq!(json["outcome"], "mistaken");
    assert_eq!(json["mistakes"][0]["line"], 2);
    assert_eq!(json["mistakes"][0]["key"], "docker.keep");
    assert_eq!(json["mistakes"][1]["suggestion"], "keep");
}
