//! What a demand becomes: a condition over facts, in the words of a front matter.

use std::collections::BTreeSet;

use super::demand::{Claim, Demand, Lasting, Limits};
use super::meaning::{Hours, PlaceWord, Season, StrategyWord};
use super::scope::Scope;
use super::season::{NO_END, Stretch};
use super::window::Window;
use crate::domain::advice::RuleStage;
use crate::domain::facts::quoted;

/// A rule as an author would write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub when: String,
    pub requires: Requires,
    pub at: RuleStage,
    /// One sentence about a plan that breaks it.
    pub says: String,
    /// Whether facts of the plan alone decide it; else people must say so.
    pub checkable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Requires {
    Condition(String),
    Approvals(u32),
}

/// `None` for what only limits other demands.
pub(super) fn draft(demand: &Demand, scope: &Scope) -> Option<Draft> {
    let condition = |text: String, says: &str, checkable: bool| Draft {
        when: when(demand, scope),
        requires: Requires::Condition(text),
        at: RuleStage::Plan,
        says: says.to_owned(),
        checkable,
    };
    let fact = |text: &str, says: &str| condition(text.to_owned(), says, true);
    Some(match demand {
        Demand::Exception => return None,
        Demand::Window { listed, allowed } => {
            let inside: Vec<String> = listed.iter().map(|window| inside(*window)).collect();
            let inside = inside.join(" || ");
            match allowed {
                true => condition(inside, "The time is outside of what the procedure allows.", true),
                false => condition(
                    format!("!({inside})"),
                    "The time is one at which the procedure forbids it.",
                    true,
                ),
            }
        }
        Demand::Freeze(stretches) => {
            let within: Vec<String> = stretches.iter().map(|stretch| within(*stretch)).collect();
            let text = format!("!({})", within.join(" || "));
            condition(text, "The date is in a time of the year that the procedure keeps free.", true)
        }
        Demand::NotDuring(lasting) => {
            // Of these two only people know.
            let known = !matches!(lasting, Lasting::Peak | Lasting::Overspent);
            condition(not_during(*lasting).to_owned(), during(*lasting), known)
        }
        Demand::Approvals(count) => Draft {
            when: when(demand, scope),
            requires: Requires::Approvals(*count),
            at: RuleStage::Plan,
            says: match count {
                1 => "The procedure asks for a person's approval.".to_owned(),
                count => format!("The procedure asks for {count} approvals."),
            },
            checkable: true,
        },
        Demand::OtherApprover => Draft {
            at: RuleStage::Approve,
            ..fact(
                "approval.count > 1 || (approval.count == 1 && !approval.requester_approved)",
                "Somebody else than who asked must approve it.",
            )
        },
        Demand::Role(role) => condition(
            format!("approval.roles.exists(role, role == \"{role}\")"),
            &format!("The procedure asks for the approval of: {role}."),
            false,
        ),
        Demand::AnyRole(roles) => condition(
            format!("approval.roles.exists(role, role in [{}])", quoted(&roles.iter().map(String::as_str).collect::<Vec<_>>())),
            &format!("The procedure asks for the approval of one of: {}.", roles.join(", ")),
            false,
        ),
        Demand::Tests => fact(
            "size(plan.tests) > 0 || attested.tests == \"yes\"",
            "The plan runs no tests.",
        ),
        Demand::StagingFirst => fact(
            "release.verified_in.exists(other, other != plan.environment && !(other in [\"dev\", \"development\", \"local\"]))",
            "This version is not verified in another environment first.",
        ),
        Demand::Bake(minutes) => condition(
            format!("release.soaked_minutes >= {minutes}"),
            "This version has not run long enough in another environment.",
            true,
        ),
        Demand::Watch(minutes) => condition(
            format!("plan.bake_minutes >= {minutes}"),
            "The release would be watched for a shorter time than the procedure asks for.",
            true,
        ),
        Demand::PinnedVersion => fact("plan.pinned", "The version is named by something that moves."),
        Demand::TaggedVersion => fact(
            "plan.reference_kind == \"tag\" && plan.pinned || plan.reference == \"\"",
            "The version is not named by a release tag.",
        ),
        Demand::SemanticVersion => fact(
            "plan.reference.matches('^v?[0-9]+[.][0-9]+([.][0-9]+)?([-+].*)?$') || plan.reference == \"\"",
            "The version is not named by a version number.",
        ),
        Demand::MainBranch => fact(
            "plan.reference_kind != \"branch\" || plan.reference in [\"main\", \"master\", \"trunk\"]",
            "The version comes from another branch than the main one.",
        ),
        Demand::Backup => condition(
            "plan.scripts.exists(script, script.contains(\"backup\")) || attested.backup == \"yes\"".to_owned(),
            "The procedure asks for a backup.",
            false,
        ),
        Demand::Migration => condition(
            "attested.migration == \"yes\"".to_owned(),
            "The procedure asks for a migration that is tested and can be taken back.",
            false,
        ),
        Demand::NoSchemaDowngrade => fact(
            "!changes.migrations",
            "Going back would take a migration back, which the procedure forbids.",
        ),
        Demand::RollbackPlan => fact(
            "plan.rollback_target || attested.rollback_plan == \"yes\"",
            "There is no way back: no release to go back to is pinned.",
        ),
        Demand::RollbackTrigger(limits) => condition(
            below(*limits),
            "Nothing would be taken back: no release to go back to is pinned, or what is measured is past the limit.",
            true,
        ),
        Demand::SmokeTests => fact("size(plan.smoke_tests) > 0", "The plan runs no smoke test."),
        Demand::HealthCheck => fact(
            "plan.health != \"\" || size(plan.smoke_tests) > 0",
            "Nothing checks that the release is well.",
        ),
        Demand::Strategy(strategies) => condition(
            format!("plan.strategy in [{}]", as_good_as(strategies)),
            "The plan has another strategy than the procedure asks for.",
            true,
        ),
        Demand::NotStrategy(strategy) => condition(
            format!("plan.strategy != \"{}\"", strategy.as_str()),
            "The plan has a strategy that the procedure forbids.",
            true,
        ),
        Demand::NoDowntime => fact(
            "plan.strategy != \"recreate\"",
            "The strategy of the plan interrupts the service.",
        ),
        Demand::OneAtATime => fact("elsewhere.running == 0", "Something else is being changed at this moment."),
        Demand::AuthorsAsked => condition(
            "size(changes.authors) <= 1 || attested.announcement == \"yes\"".to_owned(),
            "Commits of other people go along.",
            true,
        ),
        Demand::Attested(claim) => condition(
            format!("{} == \"yes\"", claim.fact()),
            &format!("The procedure asks for {}.", asked(*claim)),
            false,
        ),
        Demand::NotSaid(claim) => condition(
            format!("{} != \"no\"", claim.fact()),
            &format!("The procedure asks for {}.", asked(*claim)),
            false,
        ),
        Demand::Ahead(claim, minutes) => condition(
            format!("{} == \"yes\" && {}", claim.fact(), at_least("attested.notice_minutes", *minutes)),
            &format!("The procedure asks for {}, well ahead.", asked(*claim)),
            false,
        ),
        Demand::Kept(minutes) => condition(
            format!("attested.retention == \"yes\" && {}", at_least("attested.kept_minutes", *minutes)),
            "The procedure asks for something to be kept for a time.",
            false,
        ),
        Demand::KeptVersions(count) => condition(
            format!("attested.retention == \"yes\" && {}", at_least("attested.kept_versions", *count)),
            "The procedure asks for more of the last versions to be kept.",
            false,
        ),
        Demand::FreshBackup(minutes) => condition(
            format!("plan.scripts.exists(script, script.contains(\"backup\")) || attested.backup == \"yes\" && attested.backup_minutes <= {minutes}"),
            "The procedure asks for a backup that is not old.",
            false,
        ),
        Demand::Coverage(percent) => condition(
            format!("attested.special_tests == \"yes\" && {}", at_least("attested.coverage_percent", *percent)),
            "The procedure asks for tests that reach more of the code.",
            false,
        ),
        Demand::SameImage => condition(
            "plan.action == \"promote\" || attested.same_image == \"yes\"".to_owned(),
            "What was tested would be built anew.",
            true,
        ),
    })
}

/// What nobody has measured is no less than anything.
fn at_least(fact: &str, least: u32) -> String {
    format!("({fact} < 0 || {fact} >= {least})")
}

fn below(limits: Limits) -> String {
    let mut parts = vec!["plan.rollback_target".to_owned()];
    parts.extend(
        limits
            .error_rate
            .map(|most| format!("attested.error_rate <= {most}")),
    );
    parts.extend(
        limits
            .latency_ms
            .map(|most| format!("attested.latency_ms <= {most}")),
    );
    parts.join(" && ")
}

fn asked(claim: Claim) -> &'static str {
    match claim {
        Claim::SpecialTests => "tests that Commander does not run",
        Claim::Review => "a review of the code",
        Claim::Scan => "a security scan",
        Claim::RestoreTest => "a backup that was restored once",
        Claim::Monitoring => "somebody who looks at the monitoring",
        Claim::OnCall => "somebody who is on call",
        Claim::Present => "people who are there",
        Claim::Announcement => "an announcement",
        Claim::Ticket => "a ticket or record of the change",
        Claim::Notes => "release notes or documents",
        Claim::Provenance => "proof of where the image comes from",
        Claim::Retention => "something to be kept",
    }
}

fn when(demand: &Demand, scope: &Scope) -> String {
    let mut parts = Vec::new();
    parts.push(match demand {
        Demand::NoSchemaDowngrade => "plan.action == \"rollback\"".to_owned(),
        Demand::Tests => "plan.action == \"deploy\"".to_owned(),
        _ if scope.rollbacks => "plan.action in [\"deploy\", \"promote\", \"rollback\"]".to_owned(),
        _ if scope.restarts => "plan.action in [\"deploy\", \"promote\", \"restart\"]".to_owned(),
        _ => "plan.action in [\"deploy\", \"promote\"]".to_owned(),
    });
    if !matches!(demand, Demand::NoSchemaDowngrade) {
        parts.extend(scope.place.map(is_place));
    }
    parts.extend(scope.not_in.map(|place| format!("!({})", is_place(place))));
    if let Some(service) = &scope.service {
        parts.push(format!(
            "plan.service in [\"{service}\", \"{service}-service\"]"
        ));
    }
    if !scope.bound.at.is_empty() {
        let inside = any(&scope.bound.at, |window| inside(*window));
        let outside = if scope.bound.outside { "!" } else { "" };
        parts.push(format!("{outside}{inside}"));
    }
    if !scope.bound.seasons.is_empty() {
        parts.push(any(&scope.bound.seasons, |stretch| within(*stretch)));
    }
    if let Some(lasting) = scope.bound.lasting {
        parts.push(format!("!({})", not_during(lasting)));
    }
    if !scope.not_at.is_empty() {
        parts.push(format!("!{}", any(&scope.not_at, |window| inside(*window))));
    }
    if scope.emergencies_only {
        parts.push("plan.emergency".to_owned());
    }
    if scope.not_in_emergencies {
        parts.push("!plan.emergency".to_owned());
    }
    if scope.not_with_exception {
        parts.push("attested.exception != \"yes\"".to_owned());
    }
    if let Some(environment) = &scope.environment {
        parts.push(format!("plan.environment == \"{environment}\""));
    }
    if scope.not_for_fixes {
        parts.push("attested.fix != \"yes\" && !plan.emergency".to_owned());
    }
    match scope.minor {
        Some(true) => parts.push("attested.minor == \"yes\"".to_owned()),
        Some(false) => parts.push("attested.minor != \"yes\"".to_owned()),
        None => {}
    }
    if scope.with_migrations && !matches!(demand, Demand::NoSchemaDowngrade) {
        parts.push("changes.migrations".to_owned());
    }
    parts.join(" && ")
}

fn any<T>(listed: &[T], condition: impl Fn(&T) -> String) -> String {
    let listed: Vec<String> = listed.iter().map(condition).collect();
    format!("({})", listed.join(" || "))
}

fn is_place(place: PlaceWord) -> String {
    const PRODUCTION: &str = "plan.environment in [\"production\", \"prod\", \"prd\", \"live\"]";
    match place {
        PlaceWord::Production => PRODUCTION.to_owned(),
        PlaceWord::Staging => {
            "plan.environment in [\"staging\", \"stage\", \"stg\", \"uat\", \"test\", \"preprod\"]"
                .to_owned()
        }
        PlaceWord::Other => format!("!({PRODUCTION})"),
    }
}

fn as_good_as(strategies: &[StrategyWord]) -> String {
    let names: Vec<&str> = strategies
        .iter()
        .flat_map(|strategy| match strategy {
            StrategyWord::Canary => ["canary"].as_slice(),
            StrategyWord::BlueGreen => &["blue_green"],
            StrategyWord::Rolling => &["rolling", "canary", "blue_green"],
            StrategyWord::Gradual => &["gradual", "canary", "rolling"],
            StrategyWord::Recreate => &["recreate"],
        })
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    quoted(&names)
}

const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

fn inside(window: Window) -> String {
    let mut parts = Vec::new();
    if !window.is_all_week() {
        let days: Vec<String> = DAYS
            .iter()
            .enumerate()
            .filter(|(index, _)| window.days & (1 << index) != 0)
            .map(|(_, day)| format!("\"{day}\""))
            .collect();
        parts.push(match days.as_slice() {
            [day] => format!("time.weekday == {day}"),
            days => format!("time.weekday in [{}]", days.join(", ")),
        });
    }
    parts.extend(window.hours.and_then(hours));
    match parts.as_slice() {
        [] => "true".to_owned(),
        [one] => one.clone(),
        both => format!("({})", both.join(" && ")),
    }
}

fn hours(hours: Hours) -> Option<String> {
    let Hours { from, to } = hours;
    let in_hours = from.is_multiple_of(60) && to.is_multiple_of(60);
    let (now, from, to, end) = match in_hours {
        true => ("time.hour", from / 60, to / 60, 24),
        false => ("time.hour * 60 + time.minute", from, to, 24 * 60),
    };
    match (from > 0, to < end) {
        (false, false) => None,
        (true, false) => Some(format!("{now} >= {from}")),
        (false, true) => Some(format!("{now} < {to}")),
        (true, true) if from < to => Some(format!("{now} >= {from} && {now} < {to}")),
        (true, true) => Some(format!("({now} >= {from} || {now} < {to})")),
    }
}

fn within(stretch: Stretch) -> String {
    const TODAY: &str = "time.month * 100 + time.day";
    match stretch {
        Stretch::Yearly(Season { from, to })
            if from % 100 == 1 && to / 100 == from / 100 && to % 100 >= 28 =>
        {
            format!("time.month == {}", from / 100)
        }
        Stretch::Yearly(Season { from, to }) if from <= to => {
            format!("({TODAY} >= {from} && {TODAY} <= {to})")
        }
        Stretch::Yearly(Season { from, to }) => format!("({TODAY} >= {from} || {TODAY} <= {to})"),
        Stretch::Once { from, to } => {
            let date = |day: u32| {
                format!(
                    "{:04}-{:02}-{:02}",
                    day / 10_000,
                    day / 100 % 100,
                    day % 100
                )
            };
            match to {
                NO_END => format!("time.date >= \"{}\"", date(from)),
                to => format!(
                    "(time.date >= \"{}\" && time.date <= \"{}\")",
                    date(from),
                    date(to)
                ),
            }
        }
        Stretch::MonthEnd { days } => format!("time.days_left < {days}"),
        Stretch::QuarterEnd { days } => format!("(time.month % 3 == 0 && time.days_left < {days})"),
    }
}

fn not_during(lasting: Lasting) -> &'static str {
    match lasting {
        Lasting::CodeFreeze => "!freeze.active && attested.code_freeze != \"yes\"",
        Lasting::Incident => "incident.open == 0",
        // Whoever asks may name a day that the list does not have.
        Lasting::Holiday => "attested.holiday != \"yes\" && !time.holiday",
        Lasting::HolidayEve => "attested.holiday != \"yes\" && !time.before_holiday",
        Lasting::HolidayOrEve => {
            "attested.holiday != \"yes\" && !time.holiday && !time.before_holiday"
        }
        Lasting::Peak => "attested.peak != \"yes\"",
        Lasting::Overspent => "attested.overspent != \"yes\"",
    }
}

fn during(lasting: Lasting) -> &'static str {
    match lasting {
        Lasting::CodeFreeze => "A freeze is in force.",
        Lasting::Incident => "An incident is open.",
        Lasting::Holiday => "It is a holiday.",
        Lasting::HolidayEve => "It is the day before a holiday.",
        Lasting::HolidayOrEve => "It is a holiday or the day before one.",
        Lasting::Peak => "It is a busy time.",
        Lasting::Overspent => "The error budget is spent.",
    }
}
