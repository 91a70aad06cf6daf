//! The ledger's decisions: the last known good, retention, quarantine; and who is next in line.

use commander::domain::digest::Digest;
use commander::domain::id::{ExecutionId, ReleaseId};
use commander::domain::intent::Action;
use commander::domain::lock::{Holder, Place, Waiting, make_way, next_in_line};
use commander::domain::name::EnvironmentName;
use commander::domain::plan::PlanBody;
use commander::domain::release::{
    Presence, Purpose, Quality, Quarantine, Release, last_known_good, live, pinned, proves,
    quarantined, to_retire,
};
use proptest::prelude::*;

use crate::plans::{at, commit, id, image, promote, release};

use Presence::{Candidate, Live, Standby};
use Quality::{Quarantined, Unproven, Unverified, Verified};

fn good(ledger: &[Release], purpose: Purpose) -> Option<&str> {
    last_known_good(ledger, purpose).map(|r| r.version.as_str())
}

fn retired(ledger: &[Release], keep: usize) -> Vec<&str> {
    let retired = to_retire(ledger, keep, &[]);
    retired.iter().map(|r| r.version.as_str()).collect()
}

#[test]
fn hc_27_back_to_the_verified_one_not_to_the_one_before() {
    // 1.3 was verified; 1.4 replaced it and was in its bake when 1.5 replaced that.
    let before = [release(3, Standby, Verified), release(4, Live, Unproven)];
    assert_eq!(good(&before, Purpose::Deploy), Some("v1.3.0"));
    let ledger = [
        release(3, Standby, Verified),
        release(4, Standby, Unproven),
        release(5, Live, Unproven),
    ];
    assert_eq!(good(&ledger, Purpose::Rollback), Some("v1.3.0"));
}

#[test]
fn what_is_live_may_be_gone_back_to_after_a_deploy_and_is_left_by_a_rollback() {
    let ledger = [release(3, Standby, Verified), release(4, Live, Verified)];
    assert_eq!(good(&ledger, Purpose::Deploy), Some("v1.4.0"));
    assert_eq!(good(&ledger, Purpose::Rollback), Some("v1.3.0"));
    let alone = [release(4, Live, Verified)];
    assert_eq!(good(&alone, Purpose::Rollback), None);
}

#[test]
fn what_serves_is_the_live_one() {
    let ledger = [release(3, Standby, Verified), release(4, Live, Unproven)];
    assert_eq!(live(&ledger).map(|r| &r.id), Some(&ledger[1].id));
    assert_eq!(live(&ledger[..1]), None);
}

#[test]
fn newest_is_by_first_go_live_not_by_last() {
    // 1.3 was brought back yesterday; 1.4 is the newer release all the same.
    let mut restored = release(3, Standby, Verified);
    restored.live_since = Some(at(-60));
    let ledger = [release(4, Standby, Verified), restored];
    assert_eq!(good(&ledger, Purpose::Rollback), Some("v1.4.0"));
}

#[test]
fn retention_keeps_the_last_known_good_however_old() {
    let ledger = [
        release(1, Standby, Verified),
        release(2, Standby, Unverified),
        release(3, Standby, Quarantined),
        release(4, Standby, Unverified),
        release(5, Live, Unproven),
    ];
    assert_eq!(retired(&ledger, 2), ["v1.2.0"]);
    assert_eq!(retired(&ledger, 0), ["v1.4.0", "v1.3.0", "v1.2.0"]);
    assert_eq!(retired(&ledger, 9), [] as [&str; 0]);
}

/// An open plan of another place has its image here, and nowhere else.
#[test]
fn retention_keeps_what_an_open_plan_of_any_place_of_the_service_needs() {
    let ledger = [
        release(3, Standby, Verified),
        release(4, Standby, Unverified),
        release(5, Live, Unproven),
    ];
    let place = Place {
        service: ledger[0].service.clone(),
        environment: Some(ledger[0].environment.clone()),
    };
    let mut body = promote(4, &[]).plan.body;
    body.environment = Some(EnvironmentName::parse("production").unwrap());
    assert_ne!(body.environment, place.environment);
    let kept = |body: &PlanBody| pinned(&place, &ledger, [body], None);
    assert_eq!(kept(&body), [ledger[1].id.clone()], "its image");
    // Where it would go back to, there needs the image too.
    body.pins.image_id = None;
    body.rollback_target = ledger[0].pin();
    assert_eq!(kept(&body), [ledger[0].id.clone()], "its way back");
    body.rollback_target = None;
    assert_eq!(kept(&body), []);
    let granted = ledger[1].pin();
    let watched = pinned(&place, &ledger, [&body], granted.as_ref());
    assert_eq!(watched, [ledger[1].id.clone()]);
    let names = |pinned: &[ReleaseId]| {
        let retired = to_retire(&ledger, 0, pinned);
        retired.iter().map(|r| r.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), [ledger[1].id.clone()]);
    assert_eq!(names(&watched), []);
}

/// What is live and verified is the last known good of the next deploy; what a rollback would go
/// to is another one, and is kept too.
#[test]
fn retention_keeps_what_a_rollback_would_go_to() {
    let ledger = [
        release(1, Standby, Verified),
        release(2, Standby, Verified),
        release(3, Live, Verified),
    ];
    assert_eq!(retired(&ledger, 0), ["v1.1.0"]);
}

#[test]
fn retention_keeps_what_an_open_plan_goes_back_to() {
    let ledger = [
        release(1, Standby, Verified),
        release(2, Standby, Verified),
        release(3, Live, Unproven),
    ];
    let pinned = [ledger[0].id.clone()];
    assert!(to_retire(&ledger, 0, &pinned).is_empty());
}

fn bad_pair() -> Quarantine {
    Quarantine {
        release: id(1),
        image_id: image(5),
        commit: commit(5),
        configuration: Digest::of(&"today's"),
        since: at(0),
        reason: "left by a rollback".to_owned(),
    }
}

#[test]
fn what_was_put_under_quarantine_since_is_no_proof_any_more() {
    let good = Release {
        live_since: Some(at(-60)),
        ..release(5, Standby, Verified)
    };
    assert!(proves(&good, &[]));
    assert!(!proves(&release(5, Standby, Unverified), &[]));
    // Another release of the same image or commit, with whatever configuration, later.
    let later = |change: fn(&mut Quarantine)| {
        let mut quarantine = bad_pair();
        change(&mut quarantine);
        proves(&good, &[quarantine])
    };
    assert!(!later(|_| {}));
    assert!(!later(|q| q.image_id = image(9)));
    assert!(!later(|q| q.commit = commit(9)));
    assert!(later(|q| {
        q.image_id = image(9);
        q.commit = commit(9);
    }));
    // Before it went live, only the same pair counts.
    assert!(later(|q| q.since = at(-120)));
    let pair = Quarantine {
        since: at(-120),
        configuration: good.configuration_digest.clone(),
        ..bad_pair()
    };
    assert!(!proves(&good, &[pair]));
}

#[test]
fn hc_31_the_same_bytes_or_the_same_commit_with_the_same_configuration_are_refused() {
    let quarantines = [bad_pair()];
    let today = Digest::of(&"today's");
    let other = Digest::of(&"a corrected one");
    let forbidden = |image: Option<&Digest>, commit: &str, configuration: &Digest| {
        quarantined(&quarantines, image, commit, configuration).is_some()
    };
    assert!(forbidden(Some(&image(5)), &commit(5), &today));
    // A rebuild of the same commit, whose image is not known yet.
    assert!(forbidden(None, &commit(5), &today));
    assert!(forbidden(Some(&image(6)), &commit(5), &today));
    // The same bytes under another commit.
    assert!(forbidden(Some(&image(5)), &commit(6), &today));
    // With another configuration it is another release.
    assert!(!forbidden(Some(&image(5)), &commit(5), &other));
    assert!(!forbidden(Some(&image(6)), &commit(6), &today));
    assert!(!forbidden(None, &commit(6), &today));
}

fn any_release() -> impl Strategy<Value = Release> {
    let presence = proptest::sample::select(&Presence::ALL[..]);
    let quality = proptest::sample::select(&Quality::ALL[..]);
    (1u64..20, presence, quality, 0i64..1000).prop_map(|(n, presence, quality, since)| Release {
        live_since: (presence != Candidate).then(|| at(since)),
        ..release(n, presence, quality)
    })
}

fn any_ledger() -> impl Strategy<Value = Vec<Release>> {
    proptest::collection::vec(any_release(), 0..12).prop_map(|mut ledger| {
        ledger.sort_by(|a, b| a.id.cmp(&b.id));
        ledger.dedup_by(|a, b| a.id == b.id);
        let mut alive = false;
        for release in &mut ledger {
            if release.presence == Live && std::mem::replace(&mut alive, true) {
                release.presence = Standby;
            }
        }
        ledger
    })
}

proptest! {
    #[test]
    fn the_last_known_good_is_the_newest_of_those_that_may_be_it(ledger in any_ledger()) {
        for purpose in [Purpose::Deploy, Purpose::Rollback] {
            let may_be = |r: &&Release| {
                r.quality == Verified
                    && (r.presence == Standby || r.presence == Live && purpose == Purpose::Deploy)
            };
            let newest = ledger.iter().filter(may_be).max_by_key(|r| r.first_live_at);
            let found = last_known_good(&ledger, purpose);
            prop_assert_eq!(found.map(|r| &r.id), newest.map(|r| &r.id));
        }
    }

    #[test]
    fn the_order_of_the_ledger_does_not_matter(ledger in any_ledger()) {
        let backwards: Vec<Release> = ledger.iter().rev().cloned().collect();
        for purpose in [Purpose::Deploy, Purpose::Rollback] {
            prop_assert_eq!(
                last_known_good(&ledger, purpose),
                last_known_good(&backwards, purpose)
            );
        }
        prop_assert_eq!(to_retire(&ledger, 1, &[]), to_retire(&backwards, 1, &[]));
    }

    #[test]
    fn hc_32_retention_takes_standby_releases_only_and_never_what_is_needed(
        ledger in any_ledger(),
        keep in 0usize..4,
        pin in any::<prop::sample::Index>(),
    ) {
        let pinned: Vec<ReleaseId> = ledger.get(pin.index(12)).map(|r| r.id.clone()).into_iter().collect();
        let retired = to_retire(&ledger, keep, &pinned);
        let needed = [Purpose::Deploy, Purpose::Rollback].map(|p| last_known_good(&ledger, p));
        for release in &retired {
            prop_assert_eq!(release.presence, Standby);
            prop_assert!(!needed.contains(&Some(*release)));
            prop_assert!(!pinned.contains(&release.id));
        }
        // Of what may go, the `keep` that served last stay.
        let may_go = |r: &&Release| {
            r.presence == Standby && !needed.contains(&Some(*r)) && !pinned.contains(&r.id)
        };
        let stay: Vec<&Release> =
            ledger.iter().filter(may_go).filter(|r| !retired.contains(r)).collect();
        prop_assert!(stay.len() <= keep);
        prop_assert!(stay.len() == keep || retired.is_empty());
        for kept in &stay {
            prop_assert!(retired.iter().all(|gone| gone.live_since <= kept.live_since));
        }
    }
}

fn waiting(n: u64, action: Action, since: i64) -> Waiting {
    Waiting {
        execution: id(n),
        action,
        since: at(since),
    }
}

fn any_line() -> impl Strategy<Value = Vec<Waiting>> {
    let action = proptest::sample::select(vec![
        Action::Deploy,
        Action::Promote,
        Action::Restart,
        Action::Rollback,
    ]);
    proptest::collection::vec((action, 0i64..5), 0..8).prop_map(|line| {
        (1..)
            .zip(line)
            .map(|(n, (action, since))| waiting(n, action, since))
            .collect()
    })
}

proptest! {
    #[test]
    fn hc_43_a_rollback_goes_first_then_who_came_first(line in any_line()) {
        let Some(next) = next_in_line(&line) else {
            prop_assert!(line.is_empty());
            return Ok(());
        };
        let waits_for_rollback = line.iter().any(|w| w.action == Action::Rollback);
        prop_assert_eq!(next.action == Action::Rollback, waits_for_rollback);
        for other in line.iter().filter(|w| (w.action == Action::Rollback) == waits_for_rollback) {
            prop_assert!(next.since <= other.since);
        }
        let backwards: Vec<Waiting> = line.iter().rev().cloned().collect();
        prop_assert_eq!(next_in_line(&backwards), Some(next));
    }

    #[test]
    fn hc_43_a_rollback_makes_all_others_go_and_no_rollback(
        line in any_line(),
        holds in proptest::option::of(proptest::sample::select(vec![Action::Deploy, Action::Rollback])),
    ) {
        let holder = holds.map(|action| Holder {
            execution: id::<ExecutionId>(99),
            action,
            since: at(0),
        });
        let way = make_way(holder.as_ref(), &line);
        for w in &line {
            let goes = way.cancel_waiting.contains(&w.execution);
            prop_assert_eq!(goes, w.action != Action::Rollback);
        }
        prop_assert_eq!(way.cancel_running.is_some(), holds == Some(Action::Deploy));
    }
}
