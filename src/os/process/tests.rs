use tokio::sync::mpsc;

use super::*;

/// A real program for the tests: `/bin/sh` with a fixed text.
fn sh(text: &str) -> Command {
    Command::new("/bin/sh").args(["-c", text])
}

async fn run_quietly(command: &Command) -> Result<Output, ProcessError> {
    run(command, &CancellationToken::new(), |_, _| {}).await
}

/// Whether a process is there and not merely waiting to be reaped by somebody else.
fn lives(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    tokio::time::timeout(Duration::from_secs(10), async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

async fn until_gone(pid: &str) {
    until("the whole group is gone", || !lives(pid)).await;
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_are() {
    let command = Command::new("printf").inherit(&["PATH"]).args([
        "%s|",
        "$(id)",
        "`id`",
        "; rm -rf /",
        "a\nb",
    ]);
    let output = run_quietly(&command).await.unwrap();
    assert_eq!(output.stdout.text(), "$(id)|`id`|; rm -rf /|a\nb|");
}

#[tokio::test]
async fn the_environment_is_what_was_allowed_and_stdin_is_closed() {
    let command = sh("env; cat; pwd")
        .inherit(&["PATH", "NO_SUCH_VARIABLE"])
        .env("WORD", "of ours");
    let text = run_quietly(&command).await.unwrap().stdout.text();
    assert!(text.contains("WORD=of ours\n"), "{text}");
    assert!(text.contains("PATH="), "{text}");
    // The shell itself makes PWD and a few more; what was ours alone must not be there.
    let foreign = |line: &str| {
        let name = line.split('=').next().unwrap_or_default();
        !["PATH", "WORD", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name) && line != "/"
    };
    assert!(!text.lines().any(foreign), "{text}");
    assert!(text.ends_with("\n/\n"), "{text}");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let missing = run_quietly(&Command::new("no-such-program").inherit(&["PATH"])).await;
    assert!(
        matches!(missing, Err(ProcessError::NotFound { .. })),
        "{missing:?}"
    );
    let astray = run_quietly(&sh("true").dir("/no/such/directory")).await;
    assert!(
        matches!(astray, Err(ProcessError::NotStarted { .. })),
        "{astray:?}"
    );
    let refused = run_quietly(&Command::new("/etc/passwd")).await;
    assert!(
        matches!(refused, Err(ProcessError::NotStarted { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_exit_code_comes_with_the_end_of_stderr() {
    let failed = run_quietly(&sh("echo fine; printf 'no \\033[31mspace' >&2; exit 3")).await;
    let Err(ProcessError::Exit {
        code: 3, stderr, ..
    }) = failed
    else {
        panic!("{failed:?}")
    };
    assert!(stderr.starts_with("no U+001B"), "{stderr}");
    let killed = run_quietly(&sh("kill -9 $$")).await;
    assert!(
        matches!(killed, Err(ProcessError::Signalled { signal: 9, .. })),
        "{killed:?}"
    );
}

#[tokio::test]
async fn output_is_streamed_by_line_and_only_its_tail_is_kept() {
    let mut lines = Vec::new();
    let command = sh(
        "echo one; echo two >&2; i=0; while [ $i -lt 2000 ]; do echo 0123456789; i=$((i+1)); done",
    )
    .output_limit(100);
    let output = run(&command, &CancellationToken::new(), |stream, line| {
        lines.push((stream, line.to_owned()));
    })
    .await
    .unwrap();
    assert_eq!(lines.len(), 2002);
    assert!(lines.contains(&(Stream::Stderr, "two".to_owned())));
    assert_eq!(output.stdout.cut(), 4 + 2000 * 11 - 100);
    assert_eq!(output.stdout.bytes().len(), 100);
}

#[tokio::test]
async fn a_run_over_its_time_ends_with_its_whole_group() {
    // The leader ignores TERM, and so does its background helper.
    let command =
        sh("trap '' TERM; sleep 1000 & echo $!; echo late >&2; while :; do sleep 1; done")
            .time_limit(Duration::from_millis(300));
    let mut helper = String::new();
    let outcome = run(&command, &CancellationToken::new(), |stream, line| {
        if stream == Stream::Stdout {
            helper = line.to_owned();
        }
    })
    .await;
    let Err(ProcessError::TimedOut { stderr, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(stderr, "late");
    until_gone(&helper).await;
}

#[tokio::test]
async fn a_program_may_tidy_up_before_it_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let command = sh("trap 'rm lock; exit 1' TERM; touch lock; sleep 1000 & echo ready; wait")
        .inherit(&["PATH"])
        .dir(dir.path());
    let cancel = CancellationToken::new();
    let outcome = run(&command, &cancel, |_, _| cancel.cancel()).await;
    assert!(
        matches!(outcome, Err(ProcessError::Cancelled { .. })),
        "{outcome:?}"
    );
    assert!(!dir.path().join("lock").exists());
}

#[tokio::test]
async fn a_helper_left_in_the_background_ends_with_the_run() {
    let begun = Instant::now();
    let output = run_quietly(&sh("sleep 1000 & echo $!")).await.unwrap();
    until_gone(output.stdout.text().trim()).await;
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_dropped_run_is_killed() {
    let (told, mut pids) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let command = sh("sleep 1000 & echo $!; wait");
        run(&command, &CancellationToken::new(), move |_, line| {
            let _ = told.send(line.to_owned());
        })
        .await
    });
    let helper = pids.recv().await.unwrap();
    assert!(lives(&helper));
    task.abort();
    until_gone(&helper).await;
}

#[tokio::test]
async fn a_lock_lasts_as_long_as_the_child_that_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let open = || {
        let mut options = File::options();
        options.create(true).append(true).read(true);
        options.open(&path).unwrap()
    };
    let lock = open();
    lock.try_lock().unwrap();
    let cancel = CancellationToken::new();
    let run = tokio::spawn({
        let cancel = cancel.clone();
        let command = sh("cat; touch started; sleep 1000")
            .inherit(&["PATH"])
            .dir(dir.path());
        async move { run_holding(&command, lock, &cancel).await }
    });
    until("the child has started", || {
        dir.path().join("started").exists()
    })
    .await;
    assert!(open().try_lock().is_err());
    cancel.cancel();
    let outcome = run.await.unwrap();
    assert!(
        matches!(outcome, Err(ProcessError::Cancelled { .. })),
        "{outcome:?}"
    );
    // Not at once: a child that another test forks right now has our files open until its exec.
    until("the lock is free", || open().try_lock().is_ok()).await;
}
