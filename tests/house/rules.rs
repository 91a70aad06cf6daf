//! The rules: each a function from the sources to what breaks it.

use std::fmt;

use super::sources::{Named, Source, Sources};

/// One place where a rule is not kept.
#[derive(Debug)]
pub struct Breach {
    path: String,
    line: usize,
    says: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.says)
    }
}

fn breach(source: &Source, line: usize, says: impl Into<String>) -> Breach {
    Breach {
        path: source.path.clone(),
        line,
        says: says.into(),
    }
}

type Rule = fn(&Sources) -> Vec<Breach>;

pub const RULES: &[Rule] = &[
    imports_point_down_only,
    adapters_are_strangers,
    foreign_clients_have_one_home,
    the_domain_has_no_outside,
    the_clock_has_one_home,
    the_environment_has_one_home,
    processes_have_one_home,
    panics_are_explained,
    nothing_is_left_over,
    modules_have_names,
    doubles_live_under_tests,
];

/// What each part of the house may import besides itself. `main` and `lib` may import all.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("agents", &[]),
    ("os", &["domain"]),
    ("config", &["domain", "os"]),
    ("adapters", &["domain", "os"]),
    ("engine", &["domain", "os", "adapters"]),
    ("flow", &["domain", "os", "adapters", "engine"]),
    (
        "app",
        &[
            "domain", "os", "adapters", "engine", "flow", "config", "agents",
        ],
    ),
    ("api", SURFACE),
    ("mcp", SURFACE),
    // `cli::serve` hands the app to the other surfaces.
    (
        "cli",
        &[
            "domain", "os", "adapters", "engine", "flow", "config", "agents", "app", "api", "mcp",
        ],
    ),
];
const SURFACE: &[&str] = &[
    "domain", "os", "adapters", "engine", "flow", "config", "agents", "app",
];

fn imports_point_down_only(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        let module = source.module();
        let Some(own) = module.first().filter(|m| **m != "main") else {
            continue;
        };
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(part, _)| part == own) else {
            let says = format!("\"{own}\" has no place in the house: give it one in tests/house");
            found.push(breach(source, 1, says));
            continue;
        };
        let is_part = |name: &str| MAY_IMPORT.iter().any(|(part, _)| *part == name);
        for Named { line, path } in source.imports() {
            let Some(other) = path.first().filter(|name| is_part(name)) else {
                continue;
            };
            if other != own && !allowed.contains(&other.as_str()) {
                found.push(breach(
                    source,
                    line,
                    format!("{own} may not import {other}"),
                ));
            }
        }
    }
    found
}

fn adapters_are_strangers(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        let module = source.module();
        let ["adapters", own, ..] = module[..] else {
            continue;
        };
        for Named { line, path } in source.imports() {
            let ["adapters", other, ..] = path.iter().map(String::as_str).collect::<Vec<_>>()[..]
            else {
                continue;
            };
            if other != own {
                let says = format!("adapters are strangers: {own} may not import {other}");
                found.push(breach(source, line, says));
            }
        }
    }
    found
}

/// Each foreign client crate, and the one place where it is named.
const HOMES: &[(&str, &str)] = &[
    ("rusqlite", "src/adapters/db/"),
    ("rusqlite_migration", "src/adapters/db/"),
    ("bollard", "src/adapters/docker"),
    ("git2", "src/adapters/git"),
    ("reqwest", "src/os/http"),
    ("ring", "src/adapters/checkpoints.rs"),
    ("lopdf", "src/adapters/procedures/"),
    ("flate2", "src/adapters/logbook.rs"),
];

fn foreign_clients_have_one_home(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        for Named { line, path } in source.names() {
            let home = HOMES.iter().find(|(client, _)| *client == path[0]);
            if let Some((client, home)) = home
                && !source.path.starts_with(home)
            {
                found.push(breach(
                    source,
                    line,
                    format!("{client} is named only in {home}"),
                ));
            }
        }
    }
    found
}

/// What a value has no need of.
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::os",
    "std::time::SystemTime",
    "std::time::Instant",
    "tokio",
    "tracing",
    "uuid",
    "getrandom",
    "rustix",
];

fn the_domain_has_no_outside(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        if source.module().first() != Some(&"domain") {
            continue;
        }
        for Named { line, path } in source.names() {
            let path = path.join("::");
            let is =
                |outside: &&&str| path == **outside || path.starts_with(&format!("{outside}::"));
            if let Some(outside) = OUTSIDE.iter().find(is) {
                found.push(breach(source, line, format!("the domain has no {outside}")));
            }
        }
    }
    found
}

/// Breaches by every file but those of `home` that name a path which `is` the thing.
fn only_in(sources: &Sources, home: &str, what: &str, is: impl Fn(&[&str]) -> bool) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        if source.path.starts_with(home) {
            continue;
        }
        for Named { line, path } in source.names() {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            if is(&path) {
                let says = format!("{} belongs to {home}: {what}", path.join("::"));
                found.push(breach(source, line, says));
            }
        }
    }
    found
}

fn the_clock_has_one_home(sources: &Sources) -> Vec<Breach> {
    let clocks = [
        "Timestamp",
        "Zoned",
        "Instant",
        "SystemTime",
        "Utc",
        "Local",
    ];
    only_in(
        sources,
        "src/os/clock.rs",
        "there is one clock",
        |path| matches!(path, [.., clock, "now"] if clocks.contains(clock)),
    )
}

fn the_environment_has_one_home(sources: &Sources) -> Vec<Breach> {
    let touches = ["var", "vars", "var_os", "vars_os", "set_var", "remove_var"];
    only_in(
        sources,
        "src/os/env.rs",
        "one place reads variables",
        |path| matches!(path, [.., "env", touch] if touches.contains(touch)),
    )
}

fn processes_have_one_home(sources: &Sources) -> Vec<Breach> {
    let what = "one place starts processes";
    only_in(sources, "src/os/process", what, |path| {
        path.starts_with(&["tokio", "process"])
            || matches!(path, ["std", "process", "Command" | "Stdio" | "Child", ..])
            || matches!(path, ["process", "Command", ..])
    })
}

fn panics_are_explained(sources: &Sources) -> Vec<Breach> {
    let mut found = Vec::new();
    for source in sources.shipped() {
        for (n, code) in source.shipped.lines().enumerate() {
            let may_panic = code.contains(".unwrap()") || code.contains(".expect(");
            if may_panic && !source.is_explained(n + 1) {
                let says = "what may panic has a sentence beside it that says why it cannot";
                found.push(breach(source, n + 1, says));
            }
        }
    }
    found
}

fn nothing_is_left_over(sources: &Sources) -> Vec<Breach> {
    let leftovers = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
    let mut found = Vec::new();
    for source in sources.files() {
        for (n, code) in source.code.lines().enumerate() {
            for left in leftovers.iter().filter(|left| code.contains(**left)) {
                found.push(breach(source, n + 1, format!("{left} is left")));
            }
        }
    }
    found
}

fn modules_have_names(sources: &Sources) -> Vec<Breach> {
    let nameless = ["utils", "util", "helpers", "common", "manager", "models"];
    let mut found = Vec::new();
    for source in sources.files() {
        let path = source.path.trim_end_matches(".rs");
        let files = path.split('/').map(|name| (1, name.to_owned()));
        for (line, name) in files.chain(modules(source)) {
            if nameless.contains(&name.as_str()) {
                let says = format!("\"{name}\" is no name: say what the module is about");
                found.push(breach(source, line, says));
            }
        }
    }
    found
}

/// The modules that a file declares, with their lines.
fn modules(source: &Source) -> impl Iterator<Item = (usize, String)> {
    let lines = source.code.lines().enumerate();
    lines.filter_map(|(n, code)| {
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.find(|word| *word == "mod")?;
        let name = words.find(|word| !word.is_empty())?;
        Some((n + 1, name.to_owned()))
    })
}

fn doubles_live_under_tests(sources: &Sources) -> Vec<Breach> {
    let is_double = |name: &str| {
        let beginnings = [
            "simulated_",
            "faulty_",
            "Simulated",
            "Faulty",
            "Mock",
            "Fake",
        ];
        beginnings.iter().any(|b| name.starts_with(b))
    };
    let mut found = Vec::new();
    for source in sources.shipped() {
        let file = source.module().last().copied().unwrap_or_default();
        let says = |name: &str| format!("{name} is a test double: it lives under tests/");
        if is_double(file) {
            found.push(breach(source, 1, says(file)));
        }
        for (n, code) in source.code.lines().enumerate() {
            let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            for name in words.filter(|word| is_double(word)) {
                found.push(breach(source, n + 1, says(name)));
            }
        }
    }
    found
}
