//! Which plans a sentence is about: the environment, the service, emergencies, what it excepts.

use super::demand::{Demand, StatementKind};
use super::meaning::{Meaning, PlaceWord, Word};
use super::recognise::names_emergency;
use super::recognise::timing::is_condition;
use super::sentence::{Sentence, Tag};
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
    pub at: Vec<Window>,
    /// "restarts and deploys"
    pub restarts: bool,
}

impl Scope {
    pub fn of(sentence: &Sentence, demand: &Demand) -> Self {
        let unless = sentence.tags.iter().position(|tag| tag.is(Word::Unless));
        let excepted = unless.map_or(&[][..], |at| &sentence.tags[at..]);
        let rule = unless.map_or(&sentence.tags[..], |at| &sentence.tags[..at]);
        let is_exception =
            unless.is_some_and(|at| at <= sentence.own && at + 1 < sentence.tags.len());
        let is_emergency =
            |tag: &Tag| matches!(tag.meaning, Meaning::Word(Word::Emergency | Word::Critical));
        let not_in = place(excepted);
        let excepts_emergency = excepted.iter().any(is_emergency)
            || (sentence.has(Word::Only)
                && names_emergency(sentence)
                && demand.kind() == StatementKind::TimeWindow);
        let above = |meaning: &Meaning| sentence.above.contains(meaning);
        Self {
            place: scope_place(sentence, rule, demand),
            not_in,
            service: service(rule),
            emergencies_only: (unless == Some(sentence.own) && excepts_emergency)
                || !excepts_emergency
                    && unless.is_none()
                    && demand.kind() != StatementKind::SecurityScan
                    && demand.kind() != StatementKind::TimeWindow
                    && demand.kind() != StatementKind::Freeze
                    && (rule.iter().any(|tag| tag.is(Word::Emergency))
                        || above(&Meaning::Word(Word::Emergency))),
            not_in_emergencies: excepts_emergency && !is_exception,
            not_with_exception: unless.is_some()
                && !excepts_emergency
                && not_in.is_none()
                && !is_exception,
            with_migrations: demand.kind() == StatementKind::Migration
                || is_about_migrations(sentence, demand),
            at: times(sentence, demand),
            restarts: rule.iter().any(|tag| tag.first.starts_with("restart")),
        }
    }
}

/// When something is asked for that is not about time itself.
fn times(sentence: &Sentence, demand: &Demand) -> Vec<Window> {
    let asked = matches!(
        demand.kind(),
        StatementKind::ApprovalRequired
            | StatementKind::ApprovalRole
            | StatementKind::Communication
            | StatementKind::Staffing
            | StatementKind::ChangeRecord
    );
    let denied = sentence.has(Word::Not) && !sentence.has(Word::Without);
    match asked && !denied && is_condition(sentence) {
        true => windows(sentence.own()).listed,
        false => Vec::new(),
    }
}

fn scope_place(sentence: &Sentence, rule: &[Tag], demand: &Demand) -> Option<PlaceWord> {
    if matches!(demand, Demand::StagingFirst | Demand::Bake(_)) {
        return Some(PlaceWord::Production);
    }
    let said = place(rule);
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
