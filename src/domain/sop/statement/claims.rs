//! What a command says beside what it asks for: "backup taken, on-call present", "without tests".
//!
//! It counts where procedures are tried out (`commander advise`), and nowhere else: a word is no
//! proof, and on a server it would turn a rule off for whoever types it.

use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, Word};
use super::season::{Stretch, stretches};
use super::sentence::{Tag, tag};
use super::window::windows;
use crate::domain::facts::{FactValue, Facts};

/// Facts that a command claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `attested.<name>` with `yes` or `no`, and `plan.emergency`: nobody else can know.
    pub attested: Vec<(&'static str, FactValue)>,
    /// What a server knows better, and a trial of procedures does not.
    pub assumed: Vec<(&'static str, FactValue)>,
    /// The day of the week and the minute of the day that it names.
    pub weekday: Option<u8>,
    pub minute: Option<u32>,
    /// Month and day, as 1224.
    pub day: Option<u32>,
}

/// Reads the claims of a command.
pub fn claims(text: &str, definition: &Definition) -> Claims {
    let tags = tag(text, definition);
    let mut found = Claims::default();
    for (at, tag) in tags.iter().enumerate() {
        let denied = is_denied(&tags, at) || tag.first.starts_with("un");
        match &tag.meaning {
            Meaning::Word(word) => found.word(*word, &tags, at, denied),
            Meaning::Strategy(strategy) if !denied => {
                found.assume("plan.strategy", strategy.as_str().to_owned().into());
            }
            _ => {}
        }
    }
    found.approval(&tags);
    found.staging(&tags);
    found.times(&tags);
    found
}

impl Claims {
    /// # Errors
    ///
    /// Never for the facts that are claimed; the type says so for all.
    pub fn attest(&self, facts: &mut Facts) {
        apply(&self.attested, facts);
    }

    /// Everything that the command says, for a trial.
    pub fn assume_all(&self, facts: &mut Facts) {
        self.attest(facts);
        apply(&self.assumed, facts);
    }

    fn attested(&mut self, fact: &'static str, denied: bool) {
        let word = if denied { "no" } else { "yes" };
        self.attested.push((fact, word.to_owned().into()));
    }

    fn assume(&mut self, fact: &'static str, value: FactValue) {
        self.assumed.push((fact, value));
    }

    fn word(&mut self, word: Word, tags: &[Tag], at: usize, denied: bool) {
        let simple = match word {
            Word::SpecialTest => "attested.special_tests",
            Word::Review => "attested.review",
            Word::Scan => "attested.scan",
            Word::Backup => "attested.backup",
            Word::RestoreTest => "attested.restore_test",
            Word::Monitor => "attested.monitoring",
            Word::OnCall => "attested.on_call",
            Word::Announce => "attested.announcement",
            Word::Ticket => "attested.ticket",
            Word::Notes => "attested.notes",
            Word::Holiday => "attested.holiday",
            Word::Peak => "attested.peak",
            _ => return self.special(word, tags, at, denied),
        };
        self.attested(simple, denied);
    }

    fn special(&mut self, word: Word, tags: &[Tag], at: usize, denied: bool) {
        match word {
            Word::Provenance => {
                let first = tags[at].first.as_str();
                let local = ["local", "laptop", "developer", "workstation"]
                    .iter()
                    .any(|l| first.starts_with(l));
                self.attested("attested.provenance", denied != local);
            }
            Word::Present => self.attested("attested.present", denied),
            Word::Emergency => self.attested.push(("plan.emergency", (!denied).into())),
            Word::Freeze => self.attested("attested.code_freeze", denied),
            Word::Incident if !denied && tags[..at].iter().any(|tag| tag.is(Word::During)) => {
                self.assume("incident.open", 1.into());
            }
            Word::Test => {
                self.attested("attested.tests", denied || failing(tags, at));
                if denied || failing(tags, at) {
                    self.assume("plan.tests", Vec::new().into());
                }
            }
            Word::Smoke if denied => self.assume("plan.smoke_tests", Vec::new().into()),
            Word::Health if denied => self.assume("plan.health", String::new().into()),
            Word::Rollback | Word::WayBack => {
                if denied {
                    self.assume("plan.rollback_target", false.into());
                }
                let planned = word == Word::WayBack || tags.iter().any(|tag| tag.is(Word::Plan));
                if denied || planned {
                    self.attested("attested.rollback_plan", denied);
                }
            }
            Word::Migration | Word::DownMigration => {
                self.assume("changes.migrations", (!denied).into())
            }
            Word::Reversible => {
                self.assume("changes.migrations", true.into());
                self.attested("attested.migration", denied);
            }
            Word::Irreversible => {
                self.assume("changes.migrations", true.into());
                self.attested("attested.migration", !denied);
            }
            Word::AtOnce | Word::OneByOne if !denied => self.assume("elsewhere.running", 1.into()),
            Word::Mutable => self.assume("plan.pinned", denied.into()),
            Word::Pinned => self.assume("plan.pinned", (!denied).into()),
            Word::Others if !denied => {
                self.assume(
                    "changes.authors",
                    vec!["one".to_owned(), "other".to_owned()].into(),
                );
            }
            _ => {}
        }
    }

    fn approval(&mut self, tags: &[Tag]) {
        let automatic = tags.iter().any(|tag| tag.is(Word::Auto));
        let Some(at) = tags.iter().position(|tag| tag.is(Word::Approve)) else {
            return;
        };
        if automatic || is_denied(tags, at) {
            return self.assume("approval.count", 0.into());
        }
        // The number beside the approval: another one is of a version.
        let number = |tag: &Tag| match tag.meaning {
            Meaning::Number(number) if number <= 20 => Some(i64::from(number)),
            _ => None,
        };
        let (before, behind) = tags.split_at(at);
        let near = before.iter().rev().take(3).find_map(number);
        let count = near.or_else(|| behind.iter().take(6).find_map(number));
        let mut roles: Vec<String> = tags
            .iter()
            .filter_map(|tag| match &tag.meaning {
                Meaning::Role(role) => Some(role.clone()),
                Meaning::Word(Word::Review) if tag.first.starts_with("peer") => {
                    Some("peer".to_owned())
                }
                Meaning::Word(Word::OnCall) => Some("on-call".to_owned()),
                _ => None,
            })
            .collect();
        roles.sort();
        roles.dedup();
        let people = i64::try_from(roles.len()).unwrap_or(i64::MAX).max(1);
        self.assume("approval.count", count.unwrap_or(people).into());
        if !roles.is_empty() {
            self.assume("approval.roles", roles.into());
        }
    }

    /// "verified in staging", "straight to production"
    fn staging(&mut self, tags: &[Tag]) {
        if tags.iter().any(|tag| tag.is(Word::Directly)) {
            return self.assume("release.verified_in", Vec::new().into());
        }
        let place = tags
            .iter()
            .position(|tag| tag.meaning == Meaning::Place(PlaceWord::Staging));
        let Some(at) = place else { return };
        let shown = tags[..at].iter().any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(
                    Word::After | Word::Done | Word::Pass | Word::Test | Word::From | Word::Bake
                )
            )
        });
        let behind = tags[at..].iter().any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Pass | Word::Done | Word::Test)
            )
        });
        let production = tags
            .iter()
            .any(|tag| tag.meaning == Meaning::Place(PlaceWord::Production));
        if is_denied(tags, at) {
            self.assume("release.verified_in", Vec::new().into());
        } else if production && (shown || behind) {
            self.assume("release.verified_in", vec!["staging".to_owned()].into());
        }
    }

    fn times(&mut self, tags: &[Tag]) {
        let times = windows(tags);
        if let Some(first) = times.listed.first() {
            self.weekday =
                (first.days != 0).then(|| u8::try_from(first.days.trailing_zeros()).unwrap_or(0));
            self.minute = first.hours.map(|hours| hours.from);
        }
        self.day = stretches(tags).iter().find_map(|stretch| match stretch {
            Stretch::Yearly(season) => Some(season.from),
            Stretch::Once { from, .. } => Some(from % 10_000),
            _ => None,
        });
    }
}

fn apply(claimed: &[(&'static str, FactValue)], facts: &mut Facts) {
    for (name, value) in claimed {
        // The names are those of the table; a test sets each of them.
        let set = facts.set(name, value.clone());
        debug_assert!(set.is_ok(), "{name}: {set:?}");
    }
}

/// "without a backup", "no tests", "skip the scan"
fn is_denied(tags: &[Tag], at: usize) -> bool {
    tags[..at]
        .iter()
        .rev()
        .take(4)
        .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)) && !tag.ends_clause())
        .any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Without | Word::Not | Word::Skip)
            )
        })
}

fn failing(tags: &[Tag], at: usize) -> bool {
    let from = at.saturating_sub(3);
    let near = tags.get(from..(at + 4).min(tags.len())).unwrap_or_default();
    near.iter().any(|tag| {
        tag.is(Word::Pass)
            && ["fail", "broken", "red"]
                .iter()
                .any(|word| tag.first.starts_with(word))
    })
}
