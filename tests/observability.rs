//! The Prometheus rules and the Grafana dashboard that come as examples: well-formed, tried on
//! figures, and about metrics that Commander has, with labels that they have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/observability")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs `promtool`, which comes with Prometheus.
fn promtool(arguments: &[&str]) {
    let done = Command::new("promtool")
        .args(arguments)
        .current_dir(folder())
        .output()
        .expect("promtool: install the package prometheus");
    assert!(
        done.status.success(),
        "promtool {arguments:?}: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

#[test]
fn the_rules_are_sound_and_do_what_they_say() {
    promtool(&["check", "rules", "rules.yml"]);
    promtool(&["test", "rules", "rules.test.yml"]);
    promtool(&["check", "config", "--syntax-only", "prometheus.yml"]);
}

fn dashboard() -> Value {
    serde_json::from_str(&read(&folder().join("dashboard.json"))).unwrap()
}

/// Every query of the dashboard, with the title of its panel.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap();
    let of = |panel: &Value| {
        let title = panel["title"].as_str().unwrap().to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |target| {
            let query = target["expr"].as_str().unwrap().to_owned();
            (title.clone(), query)
        })
    };
    panels.iter().flat_map(of).collect()
}

#[test]
fn every_query_of_the_dashboard_is_one() {
    let queries = queries(&dashboard());
    assert!(queries.len() > 15, "{queries:?}");
    let mut rules = String::from("groups:\n  - name: dashboard\n    rules:\n");
    for (title, query) in &queries {
        // What Grafana fills in.
        let query = query.replace("$__rate_interval", "1m");
        let query = serde_json::to_string(&query).unwrap();
        rules.push_str(&format!(
            "      - record: dashboard:query\n        expr: {query}\n        labels: {{panel: {}}}\n",
            serde_json::to_string(title).unwrap()
        ));
    }
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("dashboard.yml");
    std::fs::write(&file, rules).unwrap();
    promtool(&["check", "rules", "--lint=none", file.to_str().unwrap()]);
}

#[test]
fn the_dashboard_names_its_source_and_its_panels_once_and_side_by_side() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut taken = std::collections::BTreeSet::new();
    for (n, panel) in panels.iter().enumerate() {
        assert_eq!(panel["id"], n + 1, "{panel:#}");
        if panel["type"] != "row" {
            // An import asks for the Prometheus; no panel knows one by itself.
            assert_eq!(panel["datasource"]["uid"], "${source}", "{panel:#}");
        }
        let number = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(number("x") + number("w") <= 24, "{panel:#}");
        for x in number("x")..number("x") + number("w") {
            for y in number("y")..number("y") + number("h") {
                assert!(taken.insert((x, y)), "two panels at {x}, {y}: {panel:#}");
            }
        }
    }
}

/// The metrics of Commander with their labels, from the table that a test of theirs holds true.
fn documented() -> BTreeMap<String, Vec<String>> {
    let source = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/metrics.rs"));
    let rows = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"));
    let metric = |row: &str| {
        let (name, rest) = row.split_once('`').unwrap();
        let labels = rest.split('|').nth(1).unwrap();
        let labels = labels.split('`').skip(1).step_by(2).map(str::to_owned);
        (name.to_owned(), labels.collect())
    };
    rows.map(metric).collect()
}

#[test]
fn what_is_asked_of_commander_is_what_it_tells() {
    let documented = documented();
    assert!(documented.len() > 10, "{documented:?}");
    let rules = read(&folder().join("rules.yml"));
    let mut texts: Vec<String> = queries(&dashboard()).into_iter().map(|(_, q)| q).collect();
    // A rule's expression may go over lines; the next key ends it.
    let expression = Regex::new(r"(?m)^ +expr: ([^\n]*(?:\n {10,}[^\n]*)*)").unwrap();
    texts.extend(expression.captures_iter(&rules).map(|e| e[1].to_owned()));
    let name =
        Regex::new(r"\b(commander_[a-z_]+?)(?:_bucket|_count|_sum)?\b(?:\{([^}]*)\})?").unwrap();
    let by = Regex::new(r"\bby \(([^)]*)\)").unwrap();
    let label = Regex::new(r#"([a-z_]+)(?:=|!)"#).unwrap();
    let mut asked = std::collections::BTreeSet::new();
    for text in &texts {
        let mut known = vec!["le".to_owned(), "job".to_owned(), "instance".to_owned()];
        let mut used: Vec<String> = Vec::new();
        for found in name.captures_iter(text) {
            let labels = documented.get(&found[1]);
            let labels = labels.unwrap_or_else(|| panic!("no metric {}: {text}", &found[1]));
            known.extend(labels.iter().cloned());
            asked.insert(found[1].to_owned());
            if let Some(matchers) = found.get(2) {
                used.extend(
                    label
                        .captures_iter(matchers.as_str())
                        .map(|l| l[1].to_owned()),
                );
            }
        }
        if known.len() == 3 && !text.contains("commander") {
            continue;
        }
        for group in by.captures_iter(text) {
            used.extend(group[1].split(',').map(|one| one.trim().to_owned()));
        }
        for one in used {
            assert!(known.contains(&one), "no label {one}: {text}");
        }
    }
    for metric in documented.keys() {
        assert!(asked.contains(metric), "nobody looks at {metric}");
    }
}
