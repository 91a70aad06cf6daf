//! `kill -9` at every call and every commit: the next process completes or unwinds.

use commander::domain::execution::ExecutionStatus;

use super::cases::{case, cases, measure};
use crate::support::simulated_world::{Ended, JournalMishap, Mishap, Nature};

/// Whether a run that nothing else disturbs would succeed.
fn natures(case: &super::cases::Case) -> [Nature; 2] {
    [Nature::default(), case.bad_release()]
}

#[tokio::test(start_paused = true)]
async fn hc_40_a_crash_at_every_commit_is_survived() {
    for case in cases() {
        for nature in natures(&case) {
            let undisturbed = case.simulation_with(nature.clone());
            let expected = undisturbed.run(&case.scenario).await.status();
            let (_, commits) = measure(&case, nature.clone()).await;
            for commit in 0..commits {
                for crash in [JournalMishap::CrashBefore, JournalMishap::CrashAfter] {
                    let simulation = case.simulation_with(nature.clone());
                    simulation.journal.plan(commit, crash);
                    let first = simulation.live(&case.scenario).await;
                    assert_eq!(first, Ended::Crashed, "{crash:?} {commit}");
                    let status = simulation.run(&case.scenario).await.status();
                    let when = format!("{crash:?} at commit {commit}");
                    assert_eq!(status, expected, "{}, {when}", case.title);
                    case.assert_defined(&when, &simulation, status);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hc_40_a_crash_in_the_middle_of_every_step_is_survived() {
    for case in cases() {
        for nature in natures(&case) {
            let undisturbed = case.simulation_with(nature.clone());
            let expected = undisturbed.run(&case.scenario).await.status();
            let (calls, _) = measure(&case, nature.clone()).await;
            for call in 0..calls {
                for crash in [Mishap::CrashBefore, Mishap::CrashAfter] {
                    let simulation = case.simulation_with(nature.clone());
                    simulation.world.plan(call, crash);
                    let first = simulation.live(&case.scenario).await;
                    assert_eq!(first, Ended::Crashed, "{crash:?} {call}");
                    let status = simulation.run(&case.scenario).await.status();
                    let when = format!("{crash:?} at call {call}");
                    assert_eq!(status, expected, "{}, {when}", case.title);
                    case.assert_defined(&when, &simulation, status);
                }
            }
        }
    }
}

/// Twice in a row, the second time while the first crash is being recovered from.
#[tokio::test(start_paused = true)]
async fn hc_40_a_crash_during_recovery_is_survived_too() {
    for title in ["deploy", "rollback"] {
        let case = case(title);
        for nature in natures(&case) {
            let (calls, _) = measure(&case, nature.clone()).await;
            for first in 0..calls {
                for later in 1..4 {
                    let simulation = case.simulation_with(nature.clone());
                    simulation.world.plan(first, Mishap::CrashAfter);
                    simulation.world.plan(first + later, Mishap::CrashBefore);
                    let status = simulation.run(&case.scenario).await.status();
                    let when = format!("crashes at {first} and {later} later");
                    case.assert_defined(&when, &simulation, status);
                }
            }
        }
    }
}

/// Cancelled, and the process dies before the unwinding has ended.
#[tokio::test(start_paused = true)]
async fn hc_40_a_cancelled_execution_stays_cancelled_over_a_crash() {
    let case = case("deploy");
    let (calls, _) = measure(&case, Nature::default()).await;
    for cancel in 0..calls {
        for later in 1..6 {
            let simulation = case.simulation();
            simulation.world.plan(cancel, Mishap::Cancel);
            simulation.world.plan(cancel + later, Mishap::CrashAfter);
            let status = simulation.run(&case.scenario).await.status();
            let when = format!("cancelled at {cancel}, crashed {later} later");
            assert_eq!(status, ExecutionStatus::Cancelled, "{when}");
            case.assert_defined(&when, &simulation, status);
        }
    }
}

/// A process that is asked to stop leaves the execution where a crash would, and a later one that
/// has nothing to do does nothing.
#[tokio::test(start_paused = true)]
async fn what_has_ended_is_not_run_again() {
    for case in cases() {
        let simulation = case.simulation();
        let first = simulation.run(&case.scenario).await;
        let (record, commits) = (simulation.world.record(), simulation.journal.commits());
        assert_eq!(simulation.run(&case.scenario).await, first);
        assert_eq!(simulation.world.record(), record);
        assert_eq!(simulation.journal.commits(), commits);
    }
}
