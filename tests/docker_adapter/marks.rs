//! The marks of runs on containers, looked at before each change: one that is newer refuses it,
//! and where they cannot be read, the fence in memory decides alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use commander::adapters::docker::Docker;
use commander::adapters::git::Git;
use commander::adapters::probe::Probe;
use commander::adapters::scripts::Scripts;
use commander::domain::execution::FaultKind;
use commander::domain::id::ExecutionId;
use commander::domain::lock::{Fence, Place};
use commander::domain::name::{EnvironmentName, ServiceName};
use commander::domain::step::StepId;
use commander::engine::outside::{Adapters, SecretKey};
use commander::engine::{Call, LogLine, LogSink, World};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::double::{Answer, Double};

const NAME: &str = "commander-test-double-shop-staging-1";
const ID: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn line(&self, line: LogLine) {
        self.0.lock().unwrap().push(line.text);
    }
}

fn execution(digit: &str) -> ExecutionId {
    ExecutionId::parse(&format!("exe_{}", digit.repeat(32))).unwrap()
}

fn place() -> Place {
    Place {
        service: ServiceName::parse("shop").unwrap(),
        environment: Some(EnvironmentName::parse("staging").unwrap()),
    }
}

/// An engine with the live container, which answers so to who asks for a list.
fn engine(list: impl Fn() -> Answer + Send + 'static) -> Double {
    Double::start(move |path, _| {
        if path == "/version" {
            Answer::ended(r#"{"Version":"27","ApiVersion":"1.45"}"#)
        } else if path.contains("/containers/json") {
            list()
        } else {
            Answer::ended(&format!(
                r#"{{"Id":"{ID}","Name":"/{NAME}","Image":"sha256:{ID}","State":{{"Status":"running"}},"Config":{{"Labels":{{"commander.instance":"test-double","commander.kind":"service"}}}}}}"#
            ))
        }
    })
}

/// The list with one container of the place, which that run made.
fn marked(token: u64, by: &ExecutionId) -> Answer {
    Answer::ended(&format!(
        r#"[{{"Id":"{ID}","Labels":{{"commander.instance":"test-double","commander.kind":"service","commander.fence":"{token}","commander.execution":"{by}"}}}}]"#
    ))
}

/// What a run with token 5 meets that stops the live container, and what its log says.
pub async fn stop_under(world: &Adapters, name: &str) -> (Result<(), FaultKind>, Vec<String>) {
    let lines = Arc::new(Lines::default());
    let call = Call {
        execution: execution("a"),
        step: StepId::from("switch"),
        fence: Fence {
            place: place(),
            token: 5,
            execution: execution("a"),
            since: Timestamp::UNIX_EPOCH,
        },
        cancel: CancellationToken::new(),
        log: lines.clone(),
    };
    let drain = Duration::from_secs(1);
    let stopped = world.stop_container(name, drain, &call).await;
    let lines = lines.0.lock().unwrap().clone();
    (stopped.map_err(|fault| fault.kind), lines)
}

/// One process: what it has heard of, and what it works with.
pub fn process(docker: Docker) -> Adapters {
    Adapters {
        git: Git::new("/nowhere".into()),
        docker,
        probe: Probe::new().unwrap(),
        scripts: Arc::new(Scripts::default()),
        secrets: SecretKey::new(vec![7; 32]),
        fences: Arc::default(),
    }
}

fn was_stopped(double: &Double) -> bool {
    double.asked().iter().any(|path| path.contains("/stop"))
}

#[tokio::test]
async fn a_newer_mark_that_is_read_refuses_the_change() {
    for (token, by, refused) in [
        (6, "b", true),
        (5, "b", true),
        (5, "a", false),
        (4, "b", false),
    ] {
        let double = engine(move || marked(token, &execution(by)));
        let (stopped, lines) = stop_under(&process(double.docker()), NAME).await;
        let expected = match refused {
            true => Err(FaultKind::Overtaken),
            false => Ok(()),
        };
        assert_eq!(stopped, expected, "token {token} of {by}");
        assert_eq!(was_stopped(&double), !refused);
        assert_eq!(lines, [""; 0]);
    }
}

/// The list hangs for ever, as where one container of many is stuck, or makes no sense.
#[tokio::test]
async fn a_switch_goes_on_where_the_marks_cannot_be_read_and_says_so() {
    for hangs in [true, false] {
        let double = engine(move || match hangs {
            true => Answer::open(""),
            false => Answer::ended("<html>"),
        });
        let process = process(double.docker());
        let (stopped, lines) = stop_under(&process, NAME).await;
        assert_eq!(stopped, Ok(()), "hangs: {hangs}");
        assert!(was_stopped(&double));
        let [line] = &lines[..] else {
            panic!("{lines:?}")
        };
        let said =
            "whether another Commander with this data has changed shop in staging cannot be seen (";
        assert!(line.starts_with(said), "{line}");
    }
}

/// The fence in memory needs no answer of the engine.
#[tokio::test]
async fn a_run_that_another_of_this_process_overtook_is_refused_without_the_marks() {
    let double = engine(|| Answer::ended("<html>"));
    let process = process(double.docker());
    let newer = Fence {
        place: place(),
        token: 6,
        execution: execution("b"),
        since: Timestamp::UNIX_EPOCH,
    };
    process.fences.lock().unwrap().pass(&newer).unwrap();
    let (stopped, _) = stop_under(&process, NAME).await;
    assert_eq!(stopped, Err(FaultKind::Overtaken));
    assert!(!was_stopped(&double));
}
