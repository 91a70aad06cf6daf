//! A trial: the facts that a sentence alone stands for, so that the author of a procedure can see
//! what it says, without a server, a repository or an engine.
//!
//! What the sentence does not say is as in an ordinary plan, or assumed and told: procedures are
//! tried on the strictest place, so a sentence without an environment is about production.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::statement::Claims;
use crate::domain::facts::{Facts, TimeFacts, is_fixed_name};
use crate::domain::holidays::Holidays;
use crate::domain::intent::{Action, Draft, EnvironmentOrder, PostStep, VersionWish};

/// The facts of one plan, and what was assumed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub facts: Facts,
    /// The same before what the command says beside what it asks for.
    pub ordinary: Facts,
    pub assumptions: Vec<String>,
}

/// One trial for each environment. `now` is local; without `at` the sentence may say another time.
pub fn trials(draft: &Draft, claims: &Claims, at: Option<DateTime>, now: DateTime) -> Vec<Trial> {
    let mut assumptions = Vec::new();
    let mut facts = ordinary();
    action(draft, &mut facts, &mut assumptions);
    version(draft, &mut facts);
    post_steps(draft, &mut facts);
    let when = at.unwrap_or_else(|| said_time(claims, now));
    facts.time = time(when);
    let mut environments: Vec<String> = draft
        .environments
        .iter()
        .map(|slot| slot.value.to_string())
        .collect();
    let promotes = facts.plan.action == Action::Promote.as_str();
    if (promotes && claims.ran) || claims.tested {
        // "Promote after three hours on staging" goes further.
        environments.retain(|name| name.starts_with("prod"));
    }
    if environments.is_empty() && claims.documents {
        assumptions.push("only documents change: no environment".to_owned());
        environments.push(String::new());
    }
    if environments.is_empty() {
        assumptions.push("no environment is named: production".to_owned());
        environments.push("production".to_owned());
    }
    let chained = draft.environment_order == EnvironmentOrder::Chain;
    let each = environments.iter().enumerate().map(|(index, environment)| {
        let mut facts = facts.clone();
        facts.plan.environment.clone_from(environment);
        if chained {
            facts.plan.chain = environments.get(index + 1..).unwrap_or_default().to_vec();
            facts.release.verified_in = environments[..index].to_vec();
        }
        let ordinary = facts.clone();
        claims.assume_all(&mut facts);
        Trial {
            facts,
            ordinary,
            assumptions: assumptions.clone(),
        }
    });
    each.collect()
}

/// The ordinary plan, without what only a sentence asks for.
fn ordinary() -> Facts {
    let mut facts = Facts::example();
    facts.plan.tests.clear();
    facts.plan.smoke_tests.clear();
    facts.plan.requested_by.clear();
    // As many as any procedure may ask for.
    facts.people.tokens = 20;
    facts
}

fn action(draft: &Draft, facts: &mut Facts, assumptions: &mut Vec<String>) {
    let said = draft.action.as_ref().map(|slot| slot.value);
    let action = said
        .filter(|action| action.makes_plan())
        .unwrap_or_else(|| {
            assumptions.push("no act that changes anything is named: deploy".to_owned());
            Action::Deploy
        });
    action.as_str().clone_into(&mut facts.plan.action);
    if action == Action::Promote {
        assumptions.push("what is promoted is verified in staging".to_owned());
        facts.release.verified_in = vec!["staging".to_owned()];
    }
    if let Some(service) = &draft.service {
        facts.plan.service.clone_from(&service.value);
    }
}

fn version(draft: &Draft, facts: &mut Facts) {
    let plan = &mut facts.plan;
    let (reference, kind) = match draft.version.as_ref().map(|slot| &slot.value) {
        Some(VersionWish::Reference(name)) => (name.clone(), kind_of(name)),
        Some(VersionWish::Unclear(name)) => (name.clone(), "tag"),
        Some(VersionWish::Previous | VersionWish::RunningIn(_)) | None => (String::new(), ""),
    };
    plan.pinned = kind != "branch" && is_fixed_name(&reference);
    plan.reference = reference;
    kind.clone_into(&mut plan.reference_kind);
}

/// Without a repository only the form of a name tells what it is.
fn kind_of(name: &str) -> &'static str {
    let is_commit = (7..=40).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_hexdigit())
        && name.chars().any(|c| c.is_ascii_digit());
    let has_number = name.chars().any(|c| c.is_ascii_digit());
    if is_commit {
        "commit"
    } else if name.contains('/') || !is_fixed_name(name) || !has_number {
        "branch"
    } else {
        "tag"
    }
}

fn post_steps(draft: &Draft, facts: &mut Facts) {
    let plan = &mut facts.plan;
    for step in &draft.post_steps {
        match &step.value {
            PostStep::RunTests => plan.tests.push("all".to_owned()),
            PostStep::SmokeTests => plan.smoke_tests.push("all".to_owned()),
            PostStep::HealthCheck => "http".clone_into(&mut plan.health),
            // A test or a script: without a catalogue nobody knows which.
            PostStep::Named(name) => {
                plan.tests.push(name.clone());
                plan.scripts.push(name.clone());
            }
        }
    }
}

fn time(when: DateTime) -> TimeFacts {
    // The time as it is written is the local one, whatever the zone is called.
    when.to_zoned(TimeZone::UTC).map_or_else(
        |_| Facts::example().time,
        |zoned| TimeFacts::at(zoned.timestamp(), &TimeZone::UTC, &Holidays::default()),
    )
}

/// The next day of that name, at that hour; a day without an hour is meant at ten.
fn said_time(claims: &Claims, now: DateTime) -> DateTime {
    const USUAL: u32 = 10 * 60;
    let mut date = now.date();
    if let Some(day) = claims.day {
        let month_and_day = (i8::try_from(day / 100), i8::try_from(day % 100));
        if let (Ok(month), Ok(day)) = month_and_day
            && let Ok(said) = Date::new(claims.year.unwrap_or(now.year()), month, day)
        {
            date = said;
        }
    }
    if let Some(weekday) = claims.weekday {
        let today = date.weekday().to_monday_zero_offset();
        let ahead = (i64::from(weekday) - i64::from(today)).rem_euclid(7);
        date = date
            .checked_add(jiff::Span::new().days(ahead))
            .unwrap_or(date);
    }
    let is_other_day = claims.day.is_some() || claims.weekday.is_some();
    let minute = claims.minute.or(is_other_day.then_some(USUAL));
    let Some(minute) = minute else { return now };
    let hour = i8::try_from(minute / 60 % 24).unwrap_or(0);
    let minute = i8::try_from(minute % 60).unwrap_or(0);
    date.at(hour, minute, 0, 0)
}
