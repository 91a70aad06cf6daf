//! Mistakes: all at once, at their place, with a hint, and without secrets.

use commander::config::{Config, Webhook};
use commander::domain::snapshot::SecretReference;

use super::examples::{EXAMPLE, settings_of, uncommented, with_line};
use super::{line_of, mistakes, parse, with_variables};

#[test]
fn every_mistake_is_reported_at_once_with_its_place_and_what_was_expected() {
    let broken = r#"
[server]
listen = "localhost:7070"
lisen = "127.0.0.1:7070"

[watchdog]
intervall = "10s"
query_timeout = 5
max_error_rate = 5
of_last = "12/5"
no_traffic = "prob"

[notfy]
webhook = "x"

[services.Shop]
repository = "git@example.com:shop.git"
restart = "always"

[services.blog]
port = 70000
volumes = ["data:/data", "data", 7]
secrets = { DB_PASSWORD = "hunter2" }
env = { "2ND" = "x" }
resources = { memory = "512MB", cpus = 0 }
health.path = "healthz"
tests.unit = { argv = [] }

[services.blog.environments.production]
after = "stagin"
dockerfile = "Dockerfile.production"
[services.blog.environments.staging]
bake = "20s"
"#;
    let expected = r#"24 mistakes in the configuration:
commander.toml:3:1: server.listen: expected an IP address and a port, such as "127.0.0.1:7070", found "localhost:7070"
commander.toml:4:1: server.lisen: expected a known key, found "lisen"; did you mean listen?
commander.toml:7:1: watchdog.intervall: expected a known key, found "intervall"; did you mean interval?
commander.toml:8:1: watchdog.query_timeout: expected a duration from 100ms to 720h, such as "90s", "10m" or "24h", found 5; did you mean "5s"?
commander.toml:9:1: watchdog.max_error_rate: expected a share above 0 and up to 1, such as 0.05 for 5 %, found 5; did you mean 0.05?
commander.toml:10:1: watchdog.of_last: expected "BAD/LAST" with 1 <= BAD <= LAST <= 1000, such as "5/12", found "12/5"
commander.toml:11:1: watchdog.no_traffic: expected "probe" or "hold" or "pass", found "prob"; did you mean "probe"?
commander.toml:13:2: notfy: expected a known key, found "notfy"; did you mean notify?
commander.toml:16:11: services.Shop: expected a service name of 1 to 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit, found "Shop"; did you mean "shop"?
commander.toml:17:1: services.Shop.repository: expected a path, or an address with file://, http://, https:// or ssh://, found "git@example.com:shop.git"; did you mean "ssh://git@example.com/shop.git"?
commander.toml:18:1: services.Shop.restart: expected "unless-stopped", "on-failure" or "no" ("always" would start a container that was stopped on purpose whenever the engine restarts), found "always"
commander.toml:20:11: services.blog.repository: expected the path or address of a Git repository, found nothing
commander.toml:21:1: services.blog.port: expected a port from 1 to 65535, found 70000
commander.toml:22:26: services.blog.volumes.1: expected "NAME:/path/in/container" or "/path/on/host:/path/in/container", with ":ro" behind it for read-only, found "data"
commander.toml:22:34: services.blog.volumes.2: expected "NAME:/path/in/container" or "/path/on/host:/path/in/container", with ":ro" behind it for read-only, found 7
commander.toml:23:13: services.blog.secrets.DB_PASSWORD: expected a reference to a secret, "env:NAME" or "file:/absolute/path", found something else (not shown, it may be the secret itself)
commander.toml:24:9: services.blog.env.2ND: expected the name of a variable: letters, digits and underscores, not beginning with a digit, found "2ND"
commander.toml:25:15: services.blog.resources.memory: expected a size from 6MiB to 1024GiB, such as "256MiB" or "2GiB", found "512MB"; did you mean "512MiB"?
commander.toml:25:33: services.blog.resources.cpus: expected a number of processors from 0.01 to 1024, such as 1.5, found 0
commander.toml:26:8: services.blog.health.path: expected a path that begins with "/", found "healthz"; did you mean "/healthz"?
commander.toml:27:16: services.blog.tests.unit.argv: expected a program and its arguments, such as ["/bin/check", "--all"], found nothing
commander.toml:30:1: services.blog.environments.production.after: expected the name of an environment of this service, found "stagin"; did you mean "staging"?
commander.toml:31:1: services.blog.environments.production.dockerfile: expected no build key beside `after`: the image comes from that environment as it is, found one
commander.toml:33:1: services.blog.environments.staging.bake: expected a bake of at least 30s, so that three evaluations, and as many as `watchdog.consecutive`, fit in, found a bake of 20s
"#;
    assert_eq!(parse(broken).unwrap_err().to_string(), expected.trim_end());
}

#[test]
fn a_syntax_error_is_shown_with_line_and_column_and_nothing_is_made_up_beside_it() {
    let text = "[services.shop]\nrepository = \n[watchdog]\ninterval = \"10s\ntypo = 1\n";
    let mistakes = mistakes(text);
    let lines: Vec<_> = mistakes.iter().filter_map(line_of).collect();
    assert_eq!(lines, [2, 4], "{mistakes:#?}");
    assert!(
        mistakes[0]
            .to_string()
            .starts_with("commander.toml:2:14: expected valid TOML, found a syntax error ("),
        "{}",
        mistakes[0]
    );
}

#[test]
fn a_key_given_twice_is_a_mistake() {
    let mistakes = mistakes("[docker]\nkeep = 2\nkeep = 3\n");
    assert_eq!(mistakes.len(), 1);
    assert_eq!(line_of(&mistakes[0]), Some(3));
}

#[test]
fn no_value_that_may_be_a_secret_is_ever_repeated() {
    let text = r#"
[watchdog]
prometheus = "http://shop:hunter2@localhost:9090"
[notify]
webhook = "hunter2"
webhok = "hunter2"
[services.shop]
repository = "https://hunter2@example.com/shop.git"
build_args = { NPM_TOKEN = "hunter2" }
env = { DB_PASSWORD = "hunter2", DATABASE = "postgres://shop:hunter2@db/shop" }
secrets = { A = "hunter2", B = ["hunter2"] }
secret = { A = "hunter2" }
[services.shop.environments.production]
env = "DB=hunter2"
secrets = "hunter2"
"#;
    let errors = with_variables(text, &[("COMMANDER_NOTIFY__WEBHOOK", "hunter2")]).unwrap_err();
    assert_eq!(errors.mistakes.len(), 12, "{errors}");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
    assert!(!format!("{errors:?}").contains("hunter2"));
    assert!(
        !serde_json::to_string(&errors.mistakes)
            .unwrap()
            .contains("hunter2")
    );

    let config = parse("[notify]\nwebhook = \"https://hooks.example.com/hunter2\"\n").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let config = parse("[notify]\nwebhook = \"env:HOOK\"\n").unwrap();
    assert_eq!(
        config.notify.webhook,
        Some(Webhook::Secret(SecretReference::Environment(
            "HOOK".to_owned()
        )))
    );
}

#[test]
fn a_variable_that_overrides_nothing_is_a_mistake() {
    let errors = with_variables(
        "",
        &[
            ("COMMANDER_DOCKER__KEEP", "many"),
            ("COMMANDER_DOCKER_KEEP", "2"),
            ("COMMANDER_SERVICES__SHOP__PORT", "80"),
            ("COMMANDER_WATCHDOG__BAKE", "1s"),
            ("COMMANDER_WATCHDOG__INTERVALL", "10s"),
            ("COMMANDER_WATCHDOK__INTERVAL", "10s"),
        ],
    )
    .unwrap_err();
    let shown: Vec<_> = errors.mistakes.iter().map(ToString::to_string).collect();
    let sections =
        "server, store, audit, history, interpreter, advisor, approval, docker, watchdog, notify";
    assert_eq!(
        shown,
        [
            "COMMANDER_DOCKER_KEEP: expected COMMANDER_SECTION__KEY with one of the sections SECTIONS, found a single underscore; did you mean COMMANDER_DOCKER__KEEP?",
            "COMMANDER_DOCKER__KEEP: docker.keep: expected a whole number from 0 to 100, found \"many\"",
            "COMMANDER_SERVICES__SHOP__PORT: expected COMMANDER_SECTION__KEY with one of the sections SECTIONS, found a key of a service, which only the file can set",
            "COMMANDER_WATCHDOG__BAKE: watchdog.bake: expected a bake of at least 30s, so that three evaluations, and as many as `watchdog.consecutive`, fit in, found a bake of 1s",
            "COMMANDER_WATCHDOG__INTERVALL: watchdog.intervall: expected a known key, found \"intervall\"; did you mean COMMANDER_WATCHDOG__INTERVAL?",
            "COMMANDER_WATCHDOK__INTERVAL: expected COMMANDER_SECTION__KEY with one of the sections SECTIONS, found another section; did you mean COMMANDER_WATCHDOG__INTERVAL?",
        ]
        .map(|line| line.replace("SECTIONS", sections))
    );
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let errors = Config::load(Some(&missing), []).unwrap_err().to_string();
    assert!(
        errors.contains("missing.toml: expected a configuration file"),
        "{errors}"
    );
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, b"a = \"\xff\"").unwrap();
    let errors = Config::load(Some(&binary), []).unwrap_err().to_string();
    assert!(errors.contains("no UTF-8 (from byte 5 on)"), "{errors}");
}

#[test]
fn a_value_of_the_wrong_type_is_found_on_its_line_whatever_the_key() {
    let whole = uncommented(EXAMPLE, true, true);
    for (index, key, _) in settings_of(&whole) {
        let broken = with_line(&whole, index, &format!("{key} = 1979-05-27"));
        let mistakes = mistakes(&broken);
        assert!(
            mistakes.iter().any(|m| line_of(m) == Some(index + 1)
                && m.key.ends_with(key)
                && (m.found == "a date" || m.found.contains("not shown"))),
            "{key}: {mistakes:#?}"
        );
    }
}

#[test]
fn a_misspelt_key_is_found_on_its_line_with_the_right_one_beside_it() {
    let whole = uncommented(EXAMPLE, true, true);
    for (index, key, value) in settings_of(&whole) {
        let broken = with_line(&whole, index, &format!("{key}x = {value}"));
        let mistakes = mistakes(&broken);
        assert!(
            mistakes
                .iter()
                .any(|m| line_of(m) == Some(index + 1) && m.suggestion.as_deref() == Some(key)),
            "{key}: {mistakes:#?}"
        );
    }
}
