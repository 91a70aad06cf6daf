//! One browser with a profile of its own. It ends with the value, also on panic: first as it wants
//! to, then whatever still has its profile open.
//!
//! Whatever is waited for is looked at again and again: nothing here depends on how fast the page is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::Method;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::commander::Commander;

/// How long is waited for what takes a moment on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);
const TICK: Duration = Duration::from_millis(50);
/// More things than this can be reached by the keyboard in no view.
const MOST_TABS: usize = 300;

/// As WebDriver writes it.
pub const BACKSPACE: char = '\u{e003}';
pub const TAB: char = '\u{e004}';
pub const ENTER: char = '\u{e007}';
pub const CONTROL: char = '\u{e009}';
pub const ESCAPE: char = '\u{e00c}';
pub const LEFT: char = '\u{e012}';

pub struct Browser {
    pub client: Client,
    address: String,
    session: String,
    // Both end in this order when the value goes.
    driver: Driver,
}

impl Browser {
    /// A browser before the page, not signed in.
    pub async fn open(house: &Commander) -> Self {
        let driver = Driver::start();
        let mut arguments = vec![
            "--headless".to_owned(),
            "--window-size=1440,900".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            // The shared memory of a container is too small for it.
            "--disable-dev-shm-usage".to_owned(),
            format!("--user-data-dir={}", driver.profile().display()),
        ];
        if rustix::process::geteuid().is_root() {
            // Chromium refuses to be root in its sandbox.
            arguments.push("--no-sandbox".to_owned());
        }
        let wanted = json!({
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments},
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.as_object().unwrap().clone())
            .connect(&driver.address)
            .await
            .unwrap_or_else(|error| panic!("chromium does not start: {error}"));
        let timeouts =
            TimeoutConfiguration::new(Some(PATIENCE), Some(PATIENCE), Some(Duration::ZERO));
        client.update_timeouts(timeouts).await.unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        let browser = Self {
            client,
            address: address_of(house),
            session,
            driver,
        };
        browser.colours("light").await;
        browser.go("").await;
        browser
    }

    /// A browser whose person has signed in with a token.
    pub async fn signed_in(house: &Commander, token: &str) -> Self {
        let browser = Self::open(house).await;
        browser.see("[data-test=token]").await;
        browser.type_text(token).await;
        browser.press(&[ENTER]).await;
        browser.see(".connection.open").await;
        browser
    }

    /// A view, by what stands behind `#/`. The page itself is loaded only where it is not there.
    pub async fn go(&self, view: &str) {
        let url = format!("{}/#/{view}", self.address);
        self.client.goto(&url).await.unwrap();
    }

    /// From its next loading on the page has no frames to draw in, as in a tab that nobody looks
    /// at: effects come a tenth of a second after what was drawn, and answers before them.
    pub async fn in_the_background(&self) {
        self.before_the_page("globalThis.requestAnimationFrame = () => 0;")
            .await;
    }

    /// From its next loading on the page finds this done.
    pub async fn before_the_page(&self, source: &str) {
        self.command(
            "goog/cdp/execute",
            &json!({"cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": source}}),
        )
        .await;
    }

    /// Loads the page anew.
    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        let answer = self.client.execute(script, arguments).await;
        answer.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until an expression is true, and gives its value.
    pub async fn until(&self, what: &str, expression: &str) -> Value {
        let script = format!("return {expression}");
        let give_up = Instant::now() + PATIENCE;
        loop {
            // While a page is loaded there is nothing to ask: that is no answer yet.
            let found = self.client.execute(&script, Vec::new()).await;
            if let Ok(found) = &found
                && !matches!(found, Value::Null | Value::Bool(false))
            {
                return found.clone();
            }
            if Instant::now() > give_up {
                let text = self.text().await;
                panic!("in vain: {what} ({expression}: {found:?})\n--- the page\n{text}");
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// Waits until it is there and in sight.
    pub async fn see(&self, css: &str) {
        let expression = format!("document.querySelector({})?.checkVisibility()", json!(css));
        self.until(css, &expression).await;
    }

    pub async fn gone(&self, css: &str) {
        let expression = format!("!document.querySelector({})", json!(css));
        self.until(&format!("no {css}"), &expression).await;
    }

    /// Waits until the page says it.
    pub async fn read(&self, words: &str) {
        let expression = format!("document.body.innerText.includes({})", json!(words));
        self.until(words, &expression).await;
    }

    pub async fn text(&self) -> String {
        let text = self
            .client
            .execute("return document.body.innerText", Vec::new())
            .await;
        text.map_or_else(|error| error.to_string(), |text| said(&text))
    }

    /// A click as a hand makes it; again where the page moved under it.
    pub async fn click(&self, css: &str) {
        self.see(css).await;
        let give_up = Instant::now() + PATIENCE;
        loop {
            let done = match self.client.find(Locator::Css(css)).await {
                Ok(found) => found.click().await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => return,
                Err(error) if Instant::now() > give_up => panic!("{css}: {error}"),
                Err(_) => tokio::time::sleep(TICK).await,
            }
        }
    }

    /// Keys that are down together, pressed in this order, wherever the keyboard is.
    pub async fn press(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for &value in keys {
            actions = actions.then(KeyAction::Down { value });
        }
        for &value in keys.iter().rev() {
            actions = actions.then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Types a text, key by key, wherever the keyboard is.
    pub async fn type_text(&self, text: &str) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for value in text.chars() {
            actions = actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value });
        }
        self.client.perform_actions(actions).await.unwrap();
    }

    /// Goes on with the tabulator until the keyboard is there.
    pub async fn tab_to(&self, css: &str) {
        self.see(css).await;
        let reached = "return document.activeElement.matches(arguments[0])";
        for _ in 0..MOST_TABS {
            if self.script(reached, vec![json!(css)]).await == json!(true) {
                return;
            }
            self.press(&[TAB]).await;
        }
        panic!("the keyboard does not get to {css}\n{}", self.text().await);
    }

    /// Waits until the keyboard is there by itself.
    pub async fn focused(&self, css: &str) {
        let expression = format!("document.activeElement.matches({})", json!(css));
        self.until(&format!("the keyboard is at {css}"), &expression)
            .await;
    }

    /// What the system wishes: `light` or `dark`. Motion is never wished.
    async fn colours(&self, scheme: &str) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.command(
            "goog/cdp/execute",
            &json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}),
        )
        .await;
    }

    /// WCAG 2.2 A and AA, as far as axe-core can tell, in both colours.
    pub async fn is_accessible(&self) {
        const RUN: &str = "const done = arguments[arguments.length - 1];
            axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(
              ({ violations, passes }) => done([passes.length, violations.map((v) => [v.id, ...v.nodes.map((n) => `${n.html}: ${n.failureSummary}`)])]),
              (error) => done(String(error)));";
        let axe = axe();
        for scheme in ["light", "dark"] {
            self.colours(scheme).await;
            self.script(&format!("if (!window.axe) {{ {axe} }}"), Vec::new())
                .await;
            let found = self.client.execute_async(RUN, Vec::new()).await.unwrap();
            let looked_at = found[0].as_u64().unwrap_or_default();
            assert!(looked_at > 5, "axe looked at nothing: {found:#}");
            let url = self.client.current_url().await.unwrap();
            assert_eq!(found[1], json!([]), "{url}, {scheme}: {found:#}");
        }
        self.colours("light").await;
    }

    /// What the browser complains about since the last question: scripts that broke, and what the
    /// content security policy refused. That a server was away is none of that.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({"type": "browser"})).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let matters = |entry: &Value| {
            entry["source"] != "network"
                && ["SEVERE", "WARNING"].contains(&said(&entry["level"]).as_str())
        };
        entries
            .into_iter()
            .filter(matters)
            .map(|entry| entry.to_string())
            .collect()
    }

    pub async fn has_nothing_to_complain(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{complaints:#?}");
    }

    /// Presses a key of the page until what it opens is there: a view takes keys a moment after it
    /// is drawn.
    pub async fn press_for(&self, key: char, css: &str) {
        let there = format!("return Boolean(document.querySelector({}))", json!(css));
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            self.press(&[key]).await;
            for _ in 0..20 {
                if self.script(&there, Vec::new()).await == json!(true) {
                    return;
                }
                tokio::time::sleep(TICK).await;
            }
        }
        panic!("{key} does not bring {css}\n{}", self.text().await);
    }

    /// Says a sentence in the command box.
    pub async fn say(&self, sentence: &str) {
        self.press_for('/', "[data-test=command]:focus").await;
        self.press(&[CONTROL, 'a']).await;
        self.type_text(sentence).await;
        self.press(&[ENTER]).await;
    }

    /// Approves the plan that is shown, with a comment, and waits until it runs.
    pub async fn approve(&self, comment: &str) {
        self.see("[data-test=plan][data-status=pending_approval]")
            .await;
        self.press_for('a', "dialog[open] [data-test=approve-now]")
            .await;
        self.focused("#comment").await;
        self.type_text(comment).await;
        self.press(&[CONTROL, ENTER]).await;
        self.gone("dialog[open]").await;
    }

    /// A command of this driver that is not in the standard.
    async fn command(&self, path: &'static str, body: &Value) -> Value {
        let command = Beyond {
            path,
            body: body.to_string(),
        };
        self.client.issue_cmd(command).await.unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without it the profile's processes are ended hard, below.
        let _ = self.driver.delete(&self.session);
    }
}

#[derive(Debug)]
struct Beyond {
    path: &'static str,
    body: String,
}

impl WebDriverCompatibleCommand for Beyond {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.clone()))
    }
}

/// A chromedriver on a port that it chose, and the profile of its one browser.
struct Driver {
    process: Child,
    address: String,
    home: TempDir,
}

impl Driver {
    fn start() -> Self {
        let home = TempDir::new().unwrap();
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: install the package chromium-driver");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("chromedriver ends at once").unwrap();
            // "ChromeDriver was started successfully on port 35641."
            if let Some((_, port)) = line.split_once("successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Whatever it says later must find somebody who reads.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: format!("http://127.0.0.1:{port}"),
            home,
        }
    }

    fn profile(&self) -> PathBuf {
        self.home.path().join("profile")
    }

    /// Ends the session and its browser; by hand, because nothing can be awaited in a drop.
    fn delete(&self, session: &str) -> std::io::Result<()> {
        let host = self.address.trim_start_matches("http://");
        let mut socket = TcpStream::connect(host)?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            socket,
            "DELETE /session/{session} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        socket.read(&mut [0; 512]).map(drop)
    }

    /// The processes of the browser: those whose command line names its profile.
    fn browser(&self) -> Vec<Pid> {
        let profile = self.profile().display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap();
        let is_ours = |pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&profile)
        };
        processes
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(is_ours)
            .filter_map(Pid::from_raw)
            .collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // One that has ended by itself has nothing left to end.
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let _ = self.process.wait();
        let give_up = Instant::now() + Duration::from_secs(20);
        loop {
            let left = self.browser();
            if left.is_empty() || Instant::now() > give_up {
                break;
            }
            for pid in left {
                let _ = kill_process(pid, Signal::KILL);
            }
            std::thread::sleep(TICK);
        }
    }
}

/// axe-core, which `scripts/test` installs into the target folder.
fn axe() -> String {
    // `target/tmp` belongs to tests; beside it is what the page is checked with.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let file = target.join("page/node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("{}: {error}; scripts/check-web installs it", file.display())
    })
}

/// The address of the page, without the sign-in.
fn address_of(house: &Commander) -> String {
    let text = std::fs::read_to_string(house.home.path("data/server.json")).unwrap();
    let server: Value = serde_json::from_str(&text).unwrap();
    format!("http://{}", said(&server["address"]))
}

/// The token of whoever started the server.
pub fn own_token(house: &Commander) -> String {
    let text = std::fs::read_to_string(house.home.path("data/cli.token")).unwrap();
    text.trim().to_owned()
}

pub fn said(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
