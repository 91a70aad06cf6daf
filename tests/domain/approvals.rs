//! Who may start what: `authorise` over approvals, grants and times.

use commander::domain::advice::{Advice, Citation, Finding, RuleStage, Severity};
use commander::domain::approval::{
    Approval, ApprovalWindows, Approver, Grant, Refusal, authorise, distinct_people,
};
use commander::domain::digest::Digest;
use commander::domain::id::ApprovalId;
use commander::domain::plan::{InvalidPlan, OnDegraded, Plan, PlanStatus, Requester};
use commander::domain::release::{Presence, Quality, Release};
use commander::domain::step::StepAction;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::plans::{Scenario, approval, approved, at, deploy, id, image, plan, release, rollback};

const NOBODY_IS_LATE: ApprovalWindows = ApprovalWindows {
    offered_for_seconds: 24 * 3600,
    start_within_seconds: 3600,
};

fn start(plan: &Plan, approvals: &[Approval], now: Timestamp) -> Result<Vec<ApprovalId>, Refusal> {
    let authorised = authorise(plan, approvals, None, NOBODY_IS_LATE, now)?;
    assert_eq!(authorised.plan(), plan);
    assert_eq!(authorised.at(), now);
    Ok(authorised.approvals().to_vec())
}

fn asks_for(people: u32, mut plan: Plan) -> Plan {
    plan.advice.required_approvals = people;
    plan
}

fn high_finding() -> Advice {
    let citation = Citation {
        sop: "deploy.md".to_owned(),
        title: "Deploying".to_owned(),
        rule: Some("no-friday".to_owned()),
        heading: Vec::new(),
        line: 7,
        page: None,
        excerpt: "Not on Fridays.".to_owned(),
    };
    Advice {
        findings: vec![Finding {
            severity: Severity::High,
            at: RuleStage::Approve,
            message: "it is Friday".to_owned(),
            citation,
            statement: None,
        }],
        ..Advice::default()
    }
}

#[test]
fn an_approved_plan_starts_with_its_approval() {
    let Scenario {
        plan, approvals, ..
    } = deploy(4, &[]);
    assert_eq!(
        start(&plan, &approvals, at(60)),
        Ok(vec![approvals[0].id.clone()])
    );
}

#[test]
fn hc_42_only_an_approved_plan_starts() {
    let Scenario {
        mut plan,
        approvals,
        ..
    } = deploy(4, &[]);
    for status in PlanStatus::ALL {
        plan.status = status;
        let starts = start(&plan, &approvals, at(60));
        // A running one is what a restarted process finds.
        if matches!(status, PlanStatus::Approved | PlanStatus::Running) {
            assert!(starts.is_ok(), "{status:?}");
        } else {
            assert_eq!(starts, Err(Refusal::NotApproved(status)));
        }
    }
}

#[test]
fn hc_42_an_approval_of_another_digest_does_not_count() {
    let Scenario {
        plan, approvals, ..
    } = deploy(4, &[]);
    let mut stale = approvals[0].clone();
    stale.plan_digest = Digest::of(&"what the tab showed an hour ago");
    let refused = start(&plan, &[stale], at(60)).unwrap_err();
    assert_eq!(
        refused,
        Refusal::TooFewApprovals {
            given: 0,
            needed: 1
        }
    );
}

#[test]
fn hc_42_an_approval_of_another_plan_with_the_same_digest_does_not_count() {
    let Scenario {
        plan: one,
        approvals,
        ..
    } = deploy(4, &[]);
    let twin = approved(plan(77, one.body.clone(), None));
    assert_eq!(twin.digest, one.digest);
    let refused = start(&twin, &approvals, at(60)).unwrap_err();
    assert_eq!(
        refused,
        Refusal::TooFewApprovals {
            given: 0,
            needed: 1
        }
    );
}

#[test]
fn hc_42_the_same_person_counts_once() {
    let plan = asks_for(2, deploy(4, &[]).plan);
    let ada = approval(&plan, 1, "ada", at(10));
    let again = approval(&plan, 2, "ada", at(20));
    let refused = start(&plan, &[ada.clone(), again.clone()], at(60)).unwrap_err();
    assert_eq!(
        refused,
        Refusal::TooFewApprovals {
            given: 1,
            needed: 2
        }
    );
    let grace = approval(&plan, 3, "grace", at(30));
    let counted = start(&plan, &[ada, again, grace], at(60)).unwrap();
    assert_eq!(counted, [id::<ApprovalId>(1), id(3)]);
}

#[test]
fn one_approval_is_the_least_whatever_the_advice_says() {
    let plan = asks_for(0, deploy(4, &[]).plan);
    let refused = start(&plan, &[], at(60)).unwrap_err();
    assert_eq!(
        refused,
        Refusal::TooFewApprovals {
            given: 0,
            needed: 1
        }
    );
}

#[test]
fn a_high_finding_blocks_however_many_approve() {
    let mut plan = deploy(4, &[]).plan;
    plan.advice = high_finding();
    let all = ["ada", "grace", "linus"];
    let all: Vec<Approval> = (1..)
        .zip(all)
        .map(|(n, who)| approval(&plan, n, who, at(30)))
        .collect();
    let refused = start(&plan, &all, at(60)).unwrap_err();
    assert_eq!(refused, Refusal::Blocked("it is Friday".to_owned()));
}

#[test]
fn hc_42_an_approval_is_good_for_an_hour() {
    let Scenario {
        plan, approvals, ..
    } = deploy(4, &[]);
    let given = approvals[0].at;
    let after = |seconds| given + jiff::SignedDuration::from_secs(seconds);
    assert!(start(&plan, &approvals, after(3600)).is_ok());
    assert_eq!(
        start(&plan, &approvals, after(3601)),
        Err(Refusal::TooLate(3600))
    );
    // The second of two people makes it startable; the hour begins with them.
    let two = asks_for(2, plan);
    let late = approval(&two, 9, "grace", after(7000));
    let both = [approvals[0].clone(), late];
    assert!(start(&two, &both, after(7001)).is_ok());
}

#[test]
fn hc_47_an_edited_plan_does_not_start() {
    let Scenario {
        mut plan,
        approvals,
        ..
    } = deploy(4, &[]);
    plan.body.pins.commit = Some("f".repeat(40));
    assert_eq!(
        start(&plan, &approvals, at(60)),
        Err(Refusal::Invalid(InvalidPlan::DigestMismatch))
    );
}

/// A release that turned bad, the one before it, and the rollback that was approved beforehand.
struct Automatic {
    plan: Plan,
    approval: Approval,
    grant: Grant,
}

impl Automatic {
    fn new() -> Self {
        let (good, ledger) = ledger();
        let under: ApprovalId = id(500);
        let mut plan = rollback(&good, &ledger).plan;
        plan.origin.by = Requester::Policy {
            under: under.clone(),
        };
        let approval = Approval {
            by: Approver::Policy {
                under: under.clone(),
            },
            ..approval(&plan, 501, "ada", at(50))
        };
        let grant = Grant {
            under,
            plan_digest: Digest::of(&"the deploy that was approved"),
            on_degraded: OnDegraded::RollBack {
                to: good.pin().unwrap(),
            },
        };
        Self {
            plan,
            approval,
            grant,
        }
    }

    fn start(&self) -> Result<Vec<ApprovalId>, Refusal> {
        self.start_with(Some(&self.grant))
    }

    fn start_with(&self, grant: Option<&Grant>) -> Result<Vec<ApprovalId>, Refusal> {
        let approvals = [self.approval.clone()];
        authorise(&self.plan, &approvals, grant, NOBODY_IS_LATE, at(60))
            .map(|authorised| authorised.approvals().to_vec())
    }
}

fn ledger() -> (Release, Vec<Release>) {
    let good = release(2, Presence::Standby, Quality::Verified);
    let bad = release(3, Presence::Live, Quality::Unproven);
    (good.clone(), vec![good, bad])
}

#[test]
fn what_was_approved_beforehand_starts_without_a_person() {
    let automatic = Automatic::new();
    assert_eq!(automatic.start(), Ok(vec![id(501)]));
}

#[test]
fn findings_are_recorded_on_an_automatic_rollback_and_do_not_block_it() {
    let mut automatic = Automatic::new();
    automatic.plan.advice = high_finding();
    assert!(automatic.start().is_ok());
}

#[test]
fn nothing_is_automatic_without_a_grant() {
    let mut automatic = Automatic::new();
    assert_eq!(automatic.start_with(None), Err(Refusal::NotGranted));
    automatic.grant.on_degraded = OnDegraded::CallPerson;
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
}

#[test]
fn a_grant_covers_its_own_target_only() {
    let (mut other, _) = ledger();
    other.image_id = Some(image(9));
    let mut automatic = Automatic::new();
    automatic.grant.on_degraded = OnDegraded::RollBack {
        to: other.pin().unwrap(),
    };
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
}

#[test]
fn a_grant_is_not_that_of_another_approval() {
    let mut automatic = Automatic::new();
    automatic.grant.under = id(999);
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
}

/// A deploy has the last known good as its rollback target too; that does not make it a rollback.
#[test]
fn a_grant_covers_a_rollback_and_nothing_else() {
    let (good, ledger) = ledger();
    let mut automatic = Automatic::new();
    let mut plan = deploy(4, &ledger).plan;
    assert_eq!(plan.body.rollback_target, good.pin());
    plan.origin = automatic.plan.origin.clone();
    automatic.approval.plan = plan.id.clone();
    automatic.approval.plan_digest = plan.digest.clone();
    automatic.plan = plan;
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
}

/// The steps bring back what the grant names, not what they please.
#[test]
fn a_grant_does_not_cover_steps_that_bring_something_else() {
    let mut automatic = Automatic::new();
    let body = &mut automatic.plan.body;
    for step in &mut body.steps {
        if let StepAction::CreateContainer { image: source } = &mut step.action {
            *source = commander::domain::step::ImageSource::Pinned { image_id: image(9) };
        }
    }
    automatic.approve_anew();
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));

    let mut automatic = Automatic::new();
    let body = &mut automatic.plan.body;
    body.configuration.as_mut().unwrap().port = 22;
    automatic.approve_anew();
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
}

impl Automatic {
    fn approve_anew(&mut self) {
        self.plan.digest = self.plan.body.digest();
        self.approval.plan_digest = self.plan.digest.clone();
    }
}

/// The second rollback plan under the same grant has the same body, hence the same digest.
#[test]
fn a_grant_is_used_once() {
    let first = Automatic::new();
    let mut second = Automatic::new();
    second.plan.id = id(88);
    assert_eq!(second.plan.digest, first.plan.digest);
    assert_eq!(second.start(), Err(Refusal::NotGranted));
}

#[test]
fn a_persons_approval_does_not_stand_in_for_the_policys() {
    let mut automatic = Automatic::new();
    automatic.approval = approval(&automatic.plan, 502, "ada", at(50));
    assert_eq!(automatic.start(), Err(Refusal::NotGranted));
    // Nor the other way round.
    let mut plan = automatic.plan.clone();
    plan.origin.by = Requester::Person {
        name: crate::plans::person("ada"),
    };
    let policy = Automatic::new().approval;
    let refused = authorise(
        &plan,
        &[policy],
        Some(&automatic.grant),
        NOBODY_IS_LATE,
        at(60),
    );
    let few = Refusal::TooFewApprovals {
        given: 0,
        needed: 1,
    };
    assert_eq!(refused.map(drop), Err(few));
}

#[test]
fn a_refusal_says_what_to_do() {
    let few = Refusal::TooFewApprovals {
        given: 1,
        needed: 2,
    };
    assert!(few.to_string().contains("another person must approve"));
    assert!(Refusal::TooLate(3600).to_string().contains("anew"));
}

proptest! {
    /// However the approvals are mixed: it starts exactly when enough distinct people have
    /// approved this very plan.
    #[test]
    fn it_starts_when_enough_distinct_people_have_approved(
        needed in 0u32..4,
        given in proptest::collection::vec((0usize..4, any::<bool>(), any::<bool>()), 0..8),
    ) {
        let plan = asks_for(needed, deploy(4, &[]).plan);
        let people = ["ada", "grace", "linus", "barbara"];
        let mut right = std::collections::BTreeSet::new();
        let approvals: Vec<Approval> = (1..).zip(&given).map(|(n, (who, same_digest, same_plan))| {
            let mut approval = approval(&plan, n, people[*who], at(30));
            if !same_digest {
                approval.plan_digest = Digest::of(&n);
            }
            if !same_plan {
                approval.plan = id(1000 + n);
            }
            if *same_digest && *same_plan {
                right.insert(*who);
            }
            approval
        }).collect();
        prop_assert_eq!(distinct_people(&plan, &approvals).len(), right.len());
        let starts = start(&plan, &approvals, at(60)).is_ok();
        prop_assert_eq!(starts, right.len() >= needed.max(1) as usize);
    }
}
