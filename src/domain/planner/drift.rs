//! Whether a plan is still the one that would be made now.

use crate::domain::intent::Action;
use crate::domain::plan::PlanBody;
use crate::domain::release::{Purpose, Release, last_known_good, live};

/// The sentences that say in which pins two plans for the same wish differ; empty when they are
/// the same plan.
pub fn drift(before: &PlanBody, now: &PlanBody) -> Vec<String> {
    if before.digest() == now.digest() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut differs = |changed: bool, what: &str| {
        if changed {
            found.push(what.to_owned());
        }
    };
    differs(
        before.pins.commit != now.pins.commit,
        "the version now names another commit",
    );
    differs(
        before.pins.live != now.pins.live,
        "another release is live now",
    );
    differs(
        before.rollback_target != now.rollback_target,
        "the rollback target is another one now",
    );
    differs(
        before.on_degraded != now.on_degraded,
        "what happens when it turns out bad has changed",
    );
    differs(
        before.configuration != now.configuration,
        "the configuration has changed",
    );
    differs(
        before.pins.image_id != now.pins.image_id,
        "the image is another one now",
    );
    if found.is_empty() && before.pins.reference != now.pins.reference {
        found.push("the tag that the plan names now names another commit, or is gone".to_owned());
    }
    if found.is_empty() {
        found.push("the steps have changed".to_owned());
    }
    found
}

/// Why a plan that waits is out of date, as far as the ledger alone can tell.
pub fn outdated(body: &PlanBody, ledger: &[Release]) -> Option<&'static str> {
    body.environment.as_ref()?;
    if body.pins.live != live(ledger).and_then(Release::pin) {
        return Some("another release is live now");
    }
    let goes_forward = matches!(body.action, Action::Deploy | Action::Promote);
    let target = last_known_good(ledger, Purpose::Deploy).and_then(Release::pin);
    (goes_forward && body.rollback_target != target)
        .then_some("the rollback target is another one now")
}
