//! The demo as a person starts it, and what it leaves behind: nothing.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::docker_image::{escaped, request};

/// Much longer than a line of progress may take to come on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(180);

/// A demo that runs. Dropped, it is asked to end, which makes it remove what it made.
struct Demo {
    child: Child,
    /// Its directory for temporary files.
    temporary: TempDir,
    progress: Receiver<String>,
    /// All progress so far, for when something goes wrong.
    told: Vec<String>,
}

/// What a demo that runs has made under its own names.
struct Made {
    /// The name of its directory.
    name: String,
    base_image: String,
    base_image_id: String,
}

impl Demo {
    fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_commander"))
            .args(["demo", "--json"])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, progress) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // The test may have ended.
                let _ = tell.send(line);
            }
        });
        Self {
            child,
            temporary,
            progress,
            told: Vec::new(),
        }
    }

    /// Waits for a line of progress.
    fn until(&mut self, wanted: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.progress.recv_timeout(left) else {
                panic!("no \"{wanted}\" among:\n{}", self.told.join("\n"));
            };
            self.told.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Waits until there is an image to build on, the last thing before Commander starts.
    fn made(&mut self) -> Made {
        let line = self.until("image commander-demo/");
        let words = line.split_whitespace();
        let base_image = words.into_iter().find(|w| w.starts_with("commander-demo/"));
        let base_image = base_image.unwrap().to_owned();
        let image = image(&base_image).expect("the image is there");
        let entry = std::fs::read_dir(self.temporary.path()).unwrap().next();
        Made {
            name: entry.unwrap().unwrap().file_name().into_string().unwrap(),
            base_image_id: image["Id"].as_str().unwrap().to_owned(),
            base_image,
        }
    }

    fn interrupt(&self) {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::INT).unwrap();
    }

    /// Its exit code and what it printed.
    fn end(&mut self) -> (i32, Value) {
        let mut printed = String::new();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut printed).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        self.told.extend(self.progress.iter());
        let report = serde_json::from_str(&printed)
            .unwrap_or_else(|error| panic!("{error}: {printed}\n{}", self.told.join("\n")));
        (code, report)
    }

    fn assert_nothing_is_left(&self, made: &Made) {
        let left = std::fs::read_dir(self.temporary.path()).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(processes_naming(&made.name), Vec::<String>::new());
        assert_eq!(image(&made.base_image), None);
        let images = list("/images/json?all=1");
        // An image that others stand on cannot be removed: without children there are no
        // grandchildren.
        let of_demo = |image: &&Value| {
            let is = |key: &str| image[key].as_str() == Some(&made.base_image_id);
            is("Id") || is("ParentId")
        };
        assert_eq!(images.iter().find(of_demo), None);
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.interrupt();
            let _ = self.child.wait();
        }
    }
}

/// What is inspected of an image, if it is there.
fn image(reference: &str) -> Option<Value> {
    let (status, answer) = request("GET", &format!("/images/{reference}/json"), b"");
    (status == 200).then(|| serde_json::from_str(&answer).unwrap())
}

fn list(path: &str) -> Vec<Value> {
    serde_json::from_str(&request("GET", path, b"").1).unwrap()
}

/// The containers of an instance, running or not.
fn containers(instance: &str) -> Vec<Value> {
    let filter = format!(r#"{{"label":["commander.instance={instance}"]}}"#);
    list(&format!(
        "/containers/json?all=1&filters={}",
        escaped(&filter)
    ))
}

/// The instance in a line that names a container: `commander-INSTANCE-shop-staging-...`.
fn instance_in(line: &str) -> String {
    let (_, rest) = line.split_once("commander-").unwrap();
    rest.split('-').next().unwrap().to_owned()
}

/// Command lines of processes in which a word stands.
fn processes_naming(word: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let command_line = |process: &Path| {
        let line = std::fs::read(process.join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    };
    entries
        .filter_map(|entry| command_line(&entry.ok()?.path()))
        .filter(|line| line.contains(word))
        .collect()
}

#[test]
fn the_whole_story_happens_is_measured_and_leaves_nothing_behind() {
    let mut demo = Demo::start();
    let made = demo.made();
    // The programs start one after another; the check of what is left must be able to find them.
    let begun = std::time::Instant::now();
    while processes_naming(&made.name).len() < 2 {
        assert!(begun.elapsed().as_secs() < 30, "nothing would be found");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let instance = instance_in(&demo.until("create ("));
    demo.until("live");
    assert!(!containers(&instance).is_empty());

    let (code, report) = demo.end();
    let told = demo.told.join("\n");
    assert_eq!(
        (code, &report["outcome"]),
        (0, &"ok".into()),
        "{report}\n{told}"
    );
    let figures = &report["figures"];
    let figure = |name: &str| figures[name].as_f64().expect(name);
    for name in [
        "sentenceToPlanMs",
        "buildMs",
        "firstBadAnswerToVerdictMs",
        "verdictToLastKnownGoodMs",
        "crashVerdictToLastKnownGoodMs",
    ] {
        assert!(figure(name) > 0.0, "{name}: {report}");
    }
    let whole = figure("firstBadAnswerToVerdictMs") + figure("verdictToLastKnownGoodMs");
    // Each figure is rounded to a millisecond for itself.
    let apart = (figure("firstBadAnswerToLastKnownGoodMs") - whole).abs();
    assert!(apart <= 1.0, "{report}");
    for switch in ["interruption", "rollbackInterruption"] {
        for way in ["feltMs", "measuredMs"] {
            let interruption = figures[switch][way].as_f64().unwrap();
            assert!(interruption > 0.0, "{switch} {way}: {report}");
        }
    }
    let requests = |name: &str| figures["requests"][name].as_u64().unwrap();
    assert!(requests("badAnswers") > 0, "{report}");
    let failed = requests("badAnswers") + requests("unanswered");
    assert_eq!(requests("sent"), requests("ok") + failed);
    assert!(requests("ok") > failed, "{report}");

    demo.assert_nothing_is_left(&made);
    assert_eq!(containers(&instance), Vec::<Value>::new());
}

#[test]
fn interrupted_in_the_middle_of_a_build_it_leaves_nothing_behind() {
    let mut demo = Demo::start();
    let made = demo.made();
    demo.until("fetch (");
    demo.interrupt();
    let (code, report) = demo.end();
    assert_eq!((code, &report["outcome"]), (130, &"interrupted".into()));
    demo.assert_nothing_is_left(&made);
}

#[test]
fn interrupted_with_a_release_live_it_leaves_nothing_behind() {
    let mut demo = Demo::start();
    let made = demo.made();
    let instance = instance_in(&demo.until("create ("));
    demo.until("live");
    demo.interrupt();
    let (code, report) = demo.end();
    assert_eq!((code, &report["outcome"]), (130, &"interrupted".into()));
    demo.assert_nothing_is_left(&made);
    assert_eq!(containers(&instance), Vec::<Value>::new());
}
