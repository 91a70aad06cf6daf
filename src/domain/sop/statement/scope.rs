//! Which plans a sentence is about: the environment, the service, emergencies, what it excepts.

use super::demand::{Demand, StatementKind};
use super::meaning::{Meaning, PlaceWord, Word};
use super::recognise::names_emergency;
use super::recognise::timing::{self, Bound, bound};
use super::sentence::{Sentence, Tag};
use super::token::Glue;
use super::window::{Window, windows};

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope {
    pub place: Option<PlaceWord>,
    /// "except in staging"
    pub not_in: Option<PlaceWord>,
    pub service: Option<String>,
    /// "Emergency deploys need ..."
    pub emergencies_only: bool,
    /// "unless it is an emergency"
    pub not_in_emergencies: bool,
    /// "unless the CTO agrees"
    pub not_with_exception: bool,
    /// "before a migration"
    pub with_migrations: bool,
    /// "on weekends ... an approval"
    pub bound: Bound,
    /// "except on Tuesdays"
    pub not_at: Vec<Window>,
    /// "restarts and deploys"
    pub restarts: bool,
    /// "Tell the channel of a rollback", "in an incident"
    pub rollbacks: bool,
    /// "`eu-prod-1` needs two approvals": an environment by its own name.
    pub environment: Option<String>,
    /// "Small changes need one approval", "large ones two": `Some(true)` for the small ones alone.
    pub minor: Option<bool>,
    /// "During the freeze only bug fixes go out."
    pub not_for_fixes: bool,
}

impl Scope {
    pub fn of(sentence: &Sentence, demand: &Demand) -> Self {
        let (rule, excepted) = sentence.parts();
        let is_exception = sentence.is_exception() && excepted.len() > 1;
        let begins = sentence
            .own()
            .first()
            .is_some_and(|tag| tag.is(Word::Unless));
        let is_emergency = |tag: &Tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Emergency | Word::Critical | Word::Severity)
            )
        };
        let not_in = place(excepted);
        let excepts_emergency = excepted.iter().any(is_emergency)
            || (sentence.has(Word::Only)
                && names_emergency(sentence)
                && matches!(
                    demand.kind(),
                    StatementKind::TimeWindow | StatementKind::Freeze
                ));
        let above = |meaning: &Meaning| sentence.above.contains(meaning);
        let environment = environment(rule);
        let of_time = matches!(
            demand.kind(),
            StatementKind::TimeWindow | StatementKind::Freeze
        );
        // "Deploys need an approval except on Tuesdays": the exception is no time of the rule.
        let exception = timing::excepted(sentence);
        let excepted_alone = !of_time && exception.is_some() && windows(rule).listed.is_empty();
        let (not_at, times_alone) = match exception {
            // What is not sure excepts nothing: it is asked for then, too.
            Some(excepted) if excepted_alone => {
                (excepted.windows.certain().unwrap_or_default(), true)
            }
            Some(_) if !of_time => (Vec::new(), false),
            Some(excepted) if excepted.windows.doubtful => (Vec::new(), false),
            // Where something is allowed, what is excepted is a demand of its own.
            Some(_) if !timing::forbids(sentence) => (Vec::new(), true),
            Some(excepted) if excepted.holidays => (Vec::new(), false),
            // "Never except on Tuesdays": these alone are allowed.
            Some(_) if matches!(demand, Demand::Window { allowed: true, .. }) => (Vec::new(), true),
            Some(excepted) => (excepted.windows.listed, true),
            None => (Vec::new(), false),
        };
        Self {
            place: match environment {
                Some(_) => None,
                None => scope_place(sentence, rule, demand),
            },
            environment,
            minor: minor(rule),
            not_for_fixes: matches!(
                demand.kind(),
                StatementKind::TimeWindow | StatementKind::Freeze
            ) && (excepted.iter().any(|tag| tag.is(Word::Fix))
                || sentence.owns(Word::Only) && sentence.owns(Word::Fix)),
            not_in,
            service: service(rule),
            emergencies_only: (begins && is_exception && excepts_emergency)
                || !excepts_emergency
                    && excepted.is_empty()
                    && demand.kind() != StatementKind::SecurityScan
                    && demand.kind() != StatementKind::TimeWindow
                    && demand.kind() != StatementKind::Freeze
                    && (is_about_emergencies(rule) || above(&Meaning::Word(Word::Emergency))),
            not_in_emergencies: excepts_emergency && !is_exception,
            not_with_exception: !excepted.is_empty()
                && !excepts_emergency
                && not_in.is_none()
                && !times_alone
                && !is_exception,
            with_migrations: demand.kind() == StatementKind::Migration
                || is_about_migrations(sentence, demand),
            // "Weekday window: nine to five" allows nothing on other days.
            bound: match excepted_alone || is_window(sentence, demand) {
                true => Bound::default(),
                false => bound(sentence, demand),
            },
            not_at,
            rollbacks: sentence.is_about(&[Word::Rollback, Word::Incident])
                && matches!(
                    demand.kind(),
                    StatementKind::Communication
                        | StatementKind::ChangeRecord
                        | StatementKind::Retention
                )
                // "Do not roll a migration back without a plan"
                || (rule.first().is_some_and(|tag| tag.is(Word::Not))
                    && rule.iter().take(3).any(|tag| tag.is(Word::Rollback))
                    && rule.iter().any(|tag| tag.is(Word::Without))),
            restarts: rule.iter().any(|tag| tag.first.starts_with("restart")),
        }
    }
}

fn is_window(sentence: &Sentence, demand: &Demand) -> bool {
    matches!(demand, Demand::Window { allowed: true, .. }) && sentence.owns(Word::Window)
}

/// "Emergency deploys need ...", "for a P1 the duty manager approves", and not "no P1 alerts".
fn is_about_emergencies(rule: &[Tag]) -> bool {
    rule.iter().enumerate().any(|(at, tag)| match tag.meaning {
        Meaning::Word(Word::Emergency) => true,
        Meaning::Word(Word::Severity) => {
            let approves = rule.iter().any(|tag| tag.is(Word::Approve));
            let denied = rule[..at].iter().rev().take(4).any(|tag| tag.is(Word::Not));
            approves && !denied
        }
        _ => false,
    })
}

/// A name between backticks with "prod" or the like in it.
fn environment(tags: &[Tag]) -> Option<String> {
    let tick = |tag: &Tag| tag.meaning == Meaning::Mark('`');
    let opens = tags.iter().position(tick)?;
    let inside = tags.get(opens + 1..)?;
    let name = inside.get(..inside.iter().position(tick)?)?;
    let joined = |tag: &Tag| tag.glue == Glue::Hyphen;
    // Of a phrase of several words only the first is at hand.
    let single = |tag: &Tag| tag.end - tag.start == tag.first.len();
    let places = name
        .iter()
        .any(|tag| matches!(tag.meaning, Meaning::Place(_)));
    let is_name =
        name.len() > 1 && places && name.iter().all(single) && name.iter().skip(1).all(joined);
    let parts: Vec<&str> = name.iter().map(|tag| tag.first.as_str()).collect();
    is_name.then(|| parts.join("-"))
}

/// "For high-risk changes", "minor releases need": which of them the rule is about.
fn minor(rule: &[Tag]) -> Option<bool> {
    // "High-risk changes need two approvals, low-risk ones one": the first makes the demand.
    rule.iter().find_map(|tag| match tag.meaning {
        Meaning::Word(Word::Minor) => Some(true),
        Meaning::Word(Word::Major) => Some(false),
        _ => None,
    })
}

fn scope_place(sentence: &Sentence, rule: &[Tag], demand: &Demand) -> Option<PlaceWord> {
    if matches!(
        demand,
        Demand::StagingFirst | Demand::Bake(_) | Demand::SameImage
    ) {
        return Some(PlaceWord::Production);
    }
    // "Migrations are tested on staging": where the test is done, and not where the rule holds.
    let elsewhere = matches!(
        demand.kind(),
        StatementKind::Migration | StatementKind::RequiredTests | StatementKind::RollbackPlan
    );
    // "Hotfixes may skip staging" are about production.
    let skipped = rule
        .windows(2)
        .any(|two| two[0].is(Word::Skip) && two[1].meaning == Meaning::Place(PlaceWord::Staging));
    let elsewhere = elsewhere || skipped;
    let said = place(rule).filter(|place| !(elsewhere && *place == PlaceWord::Staging));
    let above = [PlaceWord::Production, PlaceWord::Staging, PlaceWord::Other]
        .into_iter()
        .find(|place| sentence.above.contains(&Meaning::Place(*place)));
    said.or(above)
}

/// The stricter of those that are named.
fn place(tags: &[Tag]) -> Option<PlaceWord> {
    tags.iter()
        .filter_map(|tag| match tag.meaning {
            Meaning::Place(place) => Some(place),
            // "production changes" is one phrase.
            Meaning::Word(Word::Change) if tag.first == "production" => Some(PlaceWord::Production),
            _ => None,
        })
        .min()
}

/// "the payments service"
fn service(tags: &[Tag]) -> Option<String> {
    tags.windows(3).find_map(|three| {
        let [article, name, noun] = three else {
            return None;
        };
        let is_name = name.meaning == Meaning::Other && !NO_NAMES.contains(&name.first.as_str());
        (article.first == "the" && is_name && noun.first == "service").then(|| name.first.clone())
    })
}

const NO_NAMES: [&str; 16] = [
    "same", "new", "whole", "entire", "affected", "running", "old", "live", "deployed", "target",
    "other", "first", "right", "given", "named", "customer",
];

fn is_about_migrations(sentence: &Sentence, demand: &Demand) -> bool {
    let Some(at) = sentence.tags.iter().position(|tag| tag.is(Word::Migration)) else {
        return false;
    };
    if !matches!(
        demand.kind(),
        StatementKind::Backup
            | StatementKind::TimeWindow
            | StatementKind::Freeze
            | StatementKind::ApprovalRequired
            | StatementKind::ApprovalRole
            | StatementKind::Communication
            | StatementKind::Staffing
            | StatementKind::RequiredTests
    ) {
        return false;
    }
    let introduced = sentence.tags[..at].iter().rev().take(4).any(|tag| {
        matches!(
            tag.meaning,
            Meaning::Word(Word::Before | Word::After | Word::If | Word::During)
        )
    });
    introduced || !sentence.has_any(&[Word::Deploy])
}
