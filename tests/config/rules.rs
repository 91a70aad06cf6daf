//! The rules, one by one.

use std::path::Path;

use commander::config::Config;

use super::{FILE, line_of, mistakes, service};

/// One rule each: what is written below `[services.shop]`, the key of the mistake, and words of it.
#[test]
fn each_rule_of_a_service_is_kept() {
    for (written, key, words) in [
        ("port = 0", "port", "1 to 65535"),
        ("port = \"8080\"", "port", "1 to 65535"),
        ("publish = \"localhost:80\"", "publish", "127.0.0.1"),
        ("publish = \"127.0.0.1:0\"", "publish", "127.0.0.1"),
        ("publish = 0", "publish", "127.0.0.1"),
        (
            "dockerfile = \"/etc/passwd\"",
            "dockerfile",
            "inside the repository",
        ),
        (
            "context = \"a/../../b\"",
            "context",
            "inside the repository",
        ),
        ("network = \"host\"", "network", "that you made"),
        ("network = \"container:abc\"", "network", "that you made"),
        ("stop_signal = \"TERM\"", "stop_signal", "SIGTERM"),
        ("drain = \"1500ms\"", "drain", "whole seconds"),
        ("drain = \"0s\"", "drain", "1s"),
        ("drain = \"1d\"", "drain", "24h"),
        ("drain = \"-5s\"", "drain", "duration"),
        ("restart = \"always\"", "restart", "on purpose"),
        ("strategy = \"rolling\"", "strategy", "recreate"),
        (
            "confirm_before_switch = \"yes\"",
            "confirm_before_switch",
            "true or false",
        ),
        ("confirm_within = \"0s\"", "confirm_within", "1s"),
        ("confirm_by = \"ada\"", "confirm_by", "an array"),
        ("confirm_by = [\"Ada L\"]", "confirm_by.0", "a token name"),
        ("health.path = \"/a b\"", "health.path", "begins with"),
        ("health.path = \"http://x/\"", "health.path", "begins with"),
        ("health.interval = \"0s\"", "health.interval", "10ms"),
        ("health = \"/healthz\"", "health", "a table"),
        (
            "health = { deadline = \"10s\", consecutive = 11 }",
            "health.deadline",
            "above 10s",
        ),
        (
            "health.interval = \"90s\"",
            "health.interval",
            "above 1m 30s",
        ),
        ("volumes = \"data:/data\"", "volumes", "an array"),
        ("volumes = [\"data:relative\"]", "volumes.0", "NAME:/path"),
        ("volumes = [\"../data:/data\"]", "volumes.0", "NAME:/path"),
        (
            "volumes = [\"/data/../etc:/data\"]",
            "volumes.0",
            "NAME:/path",
        ),
        (
            "volumes = [\"data:/data:rw:ro\"]",
            "volumes.0",
            "NAME:/path",
        ),
        ("env = { PORT = 8080 }", "env.PORT", "in quotes"),
        (
            "env = { \"A-B\" = \"x\" }",
            "env.A-B",
            "letters, digits and underscores",
        ),
        (
            "env = { A = \"x\" }\nsecrets = { A = \"env:A\" }",
            "env.A",
            "`env` or in `secrets`",
        ),
        ("secrets = { A = 7 }", "secrets.A", "env:NAME"),
        ("resources.memory = \"1MiB\"", "resources.memory", "6MiB"),
        ("resources.memory = 268435456", "resources.memory", "256MiB"),
        (
            "resources.memory = \"99999999999999GiB\"",
            "resources.memory",
            "1024GiB",
        ),
        ("resources.cpus = inf", "resources.cpus", "0.01"),
        ("tests.Unit.argv = [\"x\"]", "tests.Unit", "lower-case"),
        (
            "tests.unit.when = \"image\"",
            "tests.unit.argv",
            "a program",
        ),
        (
            "tests.unit.argv = \"make test\"",
            "tests.unit.argv",
            "an array",
        ),
        ("tests.unit.argv = [\"\"]", "tests.unit.argv.0", "not empty"),
        (
            "tests.unit = { argv = [\"x\"], when = \"after\" }",
            "tests.unit.when",
            "live",
        ),
        ("metrics.p95 = 'a{x=\"y\"}'", "metrics.p95", "{{release}}"),
        (
            "metrics.p95 = 'a{r=\"{{release}}\",s=\"{{servcie}}\"}'",
            "metrics.p95",
            "did you mean {{service}}",
        ),
        (
            "metrics.p95 = 'a{r=\"{{release}}\"}'",
            "metrics.p95",
            "`requests`",
        ),
        (
            "metrics.requests = 'a{r=\"{{release}}\"}'",
            "metrics.requests",
            "watchdog.prometheus",
        ),
        ("bake = \"29s\"", "bake", "at least 30s"),
        ("aliases = [\"a;b\"]", "aliases.0", "words of letters"),
        ("aliases = [\"Shop\"]", "aliases.0", "which means shop"),
        ("after = \"staging\"", "after", "one of the keys"),
        ("environments.Prod = {}", "environments.Prod", "lower-case"),
        (
            "environments.a.after = \"a\"",
            "environments.a.after",
            "the circle a after a",
        ),
        (
            "environments.a = { aliases = [\"B\"] }\nenvironments.b = {}",
            "environments.a.aliases.0",
            "which means b",
        ),
        (
            "environments.a.publish = 7070",
            "environments.a.publish",
            "Commander itself",
        ),
        (
            "environments.a.volumes = [\"ab:/d\", \"cd:/d\"]",
            "environments.a.volumes",
            "two on",
        ),
    ] {
        let text = format!("[services.shop]\nrepository = \"/srv/shop.git\"\n{written}\n");
        let mistakes = mistakes(&text);
        let key = format!("services.shop.{key}");
        assert!(
            mistakes
                .iter()
                .any(|m| m.key == key && m.to_string().contains(words)),
            "{written}: {mistakes:#?}"
        );
        assert!(
            mistakes.iter().all(|m| line_of(m) >= Some(3)),
            "{written}: {mistakes:#?}"
        );
    }
}

#[test]
fn each_rule_of_the_other_sections_is_kept() {
    for (section, written, words) in [
        ("server", "listen = \"127.0.0.1\"", "a port"),
        (
            "server",
            "hosts = [\"https://example.com\"]",
            "without scheme",
        ),
        ("server", "hosts = [\"example.com:443\"]", "without scheme"),
        ("store", "data_dir = \"~/data\"", "not expanded"),
        ("interpreter", "model = \"x\"", "no keys here yet"),
        ("advisor", "timezone = \"Mars/Olympus\"", "IANA"),
        ("advisor", "holidays = [\"25.12.\"]", "2027-03-26"),
        ("approval", "offered_for = \"0s\"", "1s"),
        ("approval", "start_within = \"10 years\"", "720h"),
        ("docker", "keep = -1", "0 to 100"),
        ("docker", "host = \"/var/run/docker.sock\"", "unix://"),
        ("watchdog", "interval = \"1ms\"", "100ms"),
        ("watchdog", "max_error_rate = nan", "0.05"),
        ("watchdog", "max_error_rate = 0", "0.05"),
        ("watchdog", "consecutive = 0", "1 to 1000"),
        ("watchdog", "of_last = \"0/12\"", "5/12"),
        ("watchdog", "bake = \"20s\"", "at least 30s"),
        ("watchdog", "interval = \"5m\"", "at least 15m"),
        ("watchdog", "consecutive = 100", "at least 16m 40s"),
        ("watchdog", "prometheus = \"127.0.0.1:9090\"", "http://"),
        ("watchdog", "prometheus = \"http://x/?a=b\"", "http://"),
        (
            "watchdog",
            "scrape_interval = \"11s\"\nwindow = \"20s\"",
            "two scrapes",
        ),
        ("notify", "webhook = \"ftp://x/\"", "http://"),
    ] {
        let mistakes = mistakes(&format!("[{section}]\n{written}\n"));
        assert_eq!(mistakes.len(), 1, "{written}: {mistakes:#?}");
        assert!(
            mistakes[0].to_string().contains(words),
            "{written}: {}",
            mistakes[0]
        );
        assert!(line_of(&mistakes[0]) >= Some(2), "{written}: {mistakes:#?}");
    }
}

#[test]
fn repositories_are_paths_or_addresses_that_git_fetches_without_a_helper() {
    let read = |repository: &str, file: &str| {
        let text = format!("[services.shop]\nrepository = '{repository}'\n");
        Config::parse(Path::new(file), &text, [])
            .map(|config| service(&config, "shop").repository.clone())
    };
    for good in [
        "/srv/git/shop.git",
        "file:///srv/git/shop.git",
        "http://git.example.com/shop.git",
        "https://git.example.com/shop.git",
        "ssh://git@git.example.com:2222/shop.git",
    ] {
        assert_eq!(read(good, "/etc/commander/commander.toml").unwrap(), good);
    }
    assert_eq!(
        read("../shop.git", "/etc/commander/commander.toml").unwrap(),
        "/etc/commander/../shop.git"
    );
    for bad in [
        "",
        "-oProxyCommand=x",
        "--upload-pack=x",
        "ext::sh -c x",
        "git@example.com:shop.git",
        "git://example.com/shop.git",
        "https://ghp_hunter2@example.com/shop.git",
        "https://shop:hunter2@example.com/shop.git",
        "ssh://git:hunter2@example.com/shop.git",
        "shop:hunter2@example.com/shop.git",
        "ext::https://shop:hunter2@example.com/shop.git",
        "a\u{1b}[31m",
    ] {
        let refused = read(bad, FILE).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}

#[test]
fn names_and_aliases_stand_for_one_thing() {
    let mistakes = mistakes(
        r#"
[services.shop]
repository = "/a"
aliases = ["Web", "blog"]
[services.blog]
repository = "/b"
aliases = ["web"]
[services.shop.environments.production]
aliases = ["live", "the real one"]
[services.shop.environments.staging]
aliases = ["LIVE"]
[services.blog.environments.production]
aliases = ["live"]
"#,
    );
    let keys: Vec<_> = mistakes
        .iter()
        .map(|mistake| mistake.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "services.shop.aliases.0",
            "services.shop.aliases.1",
            "services.shop.environments.staging.aliases.0"
        ],
        "{mistakes:#?}"
    );
}

#[test]
fn what_comes_after_what_is_no_circle_and_takes_its_image_as_it_is() {
    let mistakes = mistakes(
        r#"
[services.shop]
repository = "/a"
[services.shop.environments.a]
after = "c"
[services.shop.environments.b]
after = "a"
build_args = { X = "1" }
context = "sub"
[services.shop.environments.c]
after = "b"
[services.shop.environments.d]
after = "a"
[services.shop.environments.e]
after = "nowhere"
"#,
    );
    let shown: Vec<_> = mistakes
        .iter()
        .map(|m| format!("{} {}", m.key, m.found))
        .collect();
    assert_eq!(
        shown,
        [
            "services.shop.environments.a.after the circle a after c after b after a",
            "services.shop.environments.b.build_args one",
            "services.shop.environments.b.context one",
            "services.shop.environments.e.after \"nowhere\"",
        ]
    );
}

#[test]
fn two_environments_cannot_be_published_on_one_address() {
    let mistakes = mistakes(
        r#"
[services.shop]
repository = "/a"
publish = 8080
[services.shop.environments.production]
[services.shop.environments.staging]
[services.blog]
repository = "/b"
[services.blog.environments.production]
publish = "0.0.0.0:8081"
[services.blog.environments.six]
publish = "[::1]:8081"
[services.blog.environments.staging]
publish = "127.0.0.1:8081"
[services.blog.environments.test]
publish = "127.0.0.2:8080"
"#,
    );
    let shown: Vec<_> = mistakes
        .iter()
        .map(|m| (line_of(m).unwrap(), m.found.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (6, "127.0.0.1:8080, which shop in production has"),
            (14, "127.0.0.1:8081, which blog in production has"),
        ]
    );
}

#[test]
fn two_environments_of_a_service_do_not_write_to_one_volume() {
    let text = |staging: &str| {
        format!(
            "[services.shop]\nrepository = \"/a\"\nvolumes = [\"data:/data\"]\n\
             [services.shop.environments.production]\n[services.shop.environments.staging]\n{staging}\n"
        )
    };
    let shared = mistakes(&text(""));
    assert_eq!(shared.len(), 1, "{shared:#?}");
    assert!(
        shared[0]
            .to_string()
            .contains("to which production writes too"),
        "{}",
        shared[0]
    );
    assert!(mistakes(&text("volumes = [\"data:/data:ro\"]")).is_empty());
    assert!(mistakes(&text("volumes = [\"staging-data:/data\"]")).is_empty());
}
