//! `/openapi.json` is a promise: what changes in it changes in `tests/openapi.json` too, where a
//! reader sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::Value;

use super::house::{Answer, House};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi.json");

#[test]
fn the_description_is_the_one_that_is_kept() {
    let mut now = commander::api::document().to_pretty_json().unwrap();
    now.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(KEPT, &now).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    let differs = kept.lines().zip(now.lines()).position(|(a, b)| a != b);
    assert!(
        kept == now,
        "the API is another one than tests/openapi.json says, from line {} on. Where that is \
         meant: UPDATE_OPENAPI=1 cargo test --test api description",
        differs.map_or(kept.lines().count(), |line| line) + 1
    );
}

#[tokio::test]
async fn it_is_served_to_everybody() {
    let house = House::new().await;
    let served = Answer::of(house.request(Method::GET, "/openapi.json")).await;
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(KEPT).unwrap()).unwrap();
    assert_eq!(served.ok(), kept);
}

fn described() -> Value {
    serde_json::to_value(commander::api::document()).unwrap()
}

/// Every operation with its method and path.
fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn each_operation_has_an_id_of_its_own() {
    let document = described();
    let mut ids = BTreeSet::new();
    for (operation, described) in operations(&document) {
        let id = described["operationId"].as_str().expect(&operation);
        assert!(ids.insert(id), "{operation}: {id} is another one's too");
    }
}

#[test]
fn whatever_goes_wrong_is_a_problem() {
    let document = described();
    for (operation, described) in operations(&document) {
        let responses = described["responses"].as_object().unwrap();
        let problem = &responses["default"]["content"]["application/problem+json"]["schema"];
        assert_eq!(
            problem["$ref"], "#/components/schemas/Problem",
            "{operation}"
        );
        for status in responses.keys().filter(|status| *status != "default") {
            // Health says with its status whether all is well, and in its body what is not.
            let is_health = operation.starts_with("get /health") && status == "503";
            assert!(
                status.starts_with('2') || is_health,
                "{operation}: {status}"
            );
        }
    }
    let text = document["info"]["description"].as_str().unwrap();
    for codes in ["Code", "SurfaceCode"] {
        let codes = &document["components"]["schemas"][codes];
        let values = codes["enum"]
            .as_array()
            .map(|all| all.iter().collect::<Vec<_>>());
        let named = codes["oneOf"].as_array().into_iter().flatten();
        let named: Vec<_> = values.unwrap_or_else(|| named.map(|c| &c["enum"][0]).collect());
        assert!(named.len() >= 10);
        for code in named {
            let code = code.as_str().unwrap();
            assert!(
                text.contains(&format!("| `{code}` |")),
                "{code} has no status"
            );
        }
    }
}

#[test]
fn no_property_is_written_otherwise_than_the_answers_are() {
    fn properties<'a>(schema: &'a Value, found: &mut Vec<&'a String>) {
        match schema {
            Value::Object(object) => {
                if let Some(Value::Object(named)) = object.get("properties") {
                    found.extend(named.keys());
                }
                object.values().for_each(|inner| properties(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| properties(inner, found)),
            _ => {}
        }
    }
    let document = described();
    let mut found = Vec::new();
    properties(&document["components"]["schemas"], &mut found);
    assert!(found.len() > 300);
    found.retain(|name| name.contains(['_', '-']));
    assert_eq!(found, Vec::<&String>::new());
}

/// Two types under one name would be one schema, and nobody would be told.
#[test]
fn no_two_types_have_one_name() {
    let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in sources(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (n, line) in lines.iter().enumerate() {
            if !line.contains("ToSchema") || line.starts_with("use ") {
                continue;
            }
            let of_type = |line: &str| line.contains("struct ") || line.contains("enum ");
            let head: Vec<&str> = lines[n..]
                .iter()
                .copied()
                .filter(|line| !line.starts_with("//"))
                .collect();
            let Some(declared) = head.iter().position(|line| of_type(line)) else {
                continue;
            };
            let renamed = head[..declared]
                .iter()
                .find_map(|line| Some(line.split_once("schema(as = ")?.1));
            let own = head[declared]
                .split_once("struct ")
                .or(head[declared].split_once("enum "));
            let name = renamed.or(own.map(|(_, name)| name)).unwrap();
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            if name.is_empty() {
                // A type that a macro names.
                continue;
            }
            let other = names.insert(name.clone(), file.clone());
            assert_eq!(other, None, "{name} is in {} too", file.display());
        }
    }
    assert!(names.len() > 100, "{}", names.len());
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(sources(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn only_the_page_and_the_description_itself_are_not_described() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/mod.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let plain: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix(".route(\""))
        .filter_map(|line| line.split('"').next())
        .collect();
    assert_eq!(plain, ["/", "/web/{*path}", "/openapi.json"]);
}
