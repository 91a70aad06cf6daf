//! What a command says beside what it asks for: "backup taken, on-call present", "without tests".
//!
//! It counts where procedures are tried out (`commander advise`), and nowhere else: a word is no
//! proof, and on a server it would turn a rule off for whoever types it.

mod amounts;
mod denial;

use denial::{failing, goes_on, is_reaction, is_untouched, passes};
pub(super) use denial::{is_conjunction, is_denied, is_missing};

use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, Word};
use super::measure::durations;
use super::recognise::{removes, says_no};
use super::season::{Stretch, stretches};
use super::sentence::{Tag, tag};
use super::token::{Glue, is_wide};
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
    /// Of that day, where it is said.
    pub year: Option<i16>,
    /// That it ran in an environment before: "after three hours on staging" names no target.
    pub ran: bool,
    /// That it was tested in another environment, and goes further now.
    pub tested: bool,
    /// That nothing but documents changes.
    pub documents: bool,
}

/// Reads the claims of a command.
pub fn claims(text: &str, definition: &Definition) -> Claims {
    let tags = tag(text, definition);
    let mut found = Claims::default();
    for (at, tag) in tags.iter().enumerate() {
        let denied = is_denied(&tags, at) || says_no(tag) || is_missing(&tags, at);
        match &tag.meaning {
            // "Watch it for an hour", "deploy together": words that only say so in a command.
            Meaning::Other if ["watch", "watching", "watched"].contains(&tag.first.as_str()) => {
                found.attested("attested.monitoring", denied);
            }
            Meaning::Other if is_away(&tags, at) => {
                found.attested("attested.present", true);
                found.attested("attested.on_call", true);
            }
            Meaning::Other if tag.first == "together" => found.attested("attested.present", denied),
            // "with two operators"
            Meaning::Word(Word::People) if !denied && is_several(&tags, at) => {
                found.attested("attested.present", false);
            }
            Meaning::Word(word) => found.word(*word, &tags, at, denied),
            // On Black Friday people buy.
            Meaning::Season(_) if SALES.contains(&tag.first.as_str()) => {
                found.attested("attested.peak", denied);
            }
            // "without an SRE"
            Meaning::Role(_) if denied => found.attested("attested.present", true),
            Meaning::Strategy(strategy) if !denied => {
                found.assume("plan.strategy", strategy.as_str().to_owned().into());
            }
            _ => {}
        }
    }
    found.approval(&tags);
    found.staging(&tags);
    found.lengths(&tags);
    found.notice(&tags);
    found.between(&tags);
    found.versions(&tags);
    found.backup_age(text, &tags);
    found.records(text, &tags);
    found.measured(&tags);
    found.beside_others(&tags);
    found.times(&tags);
    found.ran = tags.windows(2).any(|two| {
        ["on", "in"].contains(&two[0].first.as_str())
            && two[1].meaning == Meaning::Place(PlaceWord::Staging)
    }) && !durations(&tags).is_empty();
    // "Tested in staging", "after two days in staging": it goes further, whatever the act.
    let tested = tags.windows(3).any(|three| {
        matches!(
            three[0].meaning,
            Meaning::Word(Word::Done | Word::Pass | Word::Test)
        ) && ["on", "in"].contains(&three[1].first.as_str())
            && three[2].meaning == Meaning::Place(PlaceWord::Staging)
    });
    let target = tags
        .windows(2)
        .any(|two| two[0].is(Word::To) && two[1].meaning == Meaning::Place(PlaceWord::Staging));
    let after = found.ran && tags.iter().any(|tag| tag.is(Word::After));
    found.tested = (tested || after) && !target;
    found
}

impl Claims {
    /// What nobody else can know.
    pub fn attest(&self, facts: &mut Facts) {
        apply(&self.attested, facts);
    }

    /// Everything that the command says, for a trial.
    pub fn assume_all(&self, facts: &mut Facts) {
        self.attest(facts);
        apply(&self.assumed, facts);
    }

    /// Whether the command says anything of this fact.
    pub fn speak_of(&self, fact: &str) -> bool {
        let mut said = self.attested.iter().chain(&self.assumed);
        said.any(|(name, _)| *name == fact)
    }

    /// What is denied once stays denied: "an unsigned SBOM" names one, too.
    fn attested(&mut self, fact: &'static str, denied: bool) {
        let no: FactValue = "no".to_owned().into();
        let was_denied = self.attested.iter().any(|said| *said == (fact, no.clone()));
        let said = match denied || was_denied {
            true => no,
            false => "yes".to_owned().into(),
        };
        self.attested.push((fact, said));
    }

    fn assume(&mut self, fact: &'static str, value: FactValue) {
        self.assumed.push((fact, value));
    }

    fn word(&mut self, word: Word, tags: &[Tag], at: usize, denied: bool) {
        let of_migration = matches!(word, Word::SpecialTest | Word::Test)
            && tags.iter().any(|tag| tag.is(Word::Migration));
        if of_migration {
            self.attested("attested.migration", denied || failing(tags, at));
        }
        let simple = match word {
            Word::SpecialTest => "attested.special_tests",
            Word::Review => "attested.review",
            Word::Backup => "attested.backup",
            Word::RestoreTest => "attested.restore_test",
            Word::Monitor => "attested.monitoring",
            Word::OnCall => "attested.on_call",
            Word::Announce => "attested.announcement",
            Word::Ticket => "attested.ticket",
            Word::Notes => "attested.notes",
            Word::Holiday | Word::HolidayEve => "attested.holiday",
            Word::Peak => "attested.peak",
            _ => return self.special(word, tags, at, denied),
        };
        self.attested(simple, denied);
    }

    fn special(&mut self, word: Word, tags: &[Tag], at: usize, denied: bool) {
        match word {
            Word::Scan => {
                // "high = 2", "1 High"
                const GRAVE: [&str; 3] = ["high", "critical", "medium"];
                let behind = tags.get(at + 1..).unwrap_or_default();
                let some = |tag: &Tag| matches!(tag.meaning, Meaning::Number(1..));
                let counted = behind.windows(2).any(|two| {
                    (two[0].meaning == Meaning::Mark('=') && some(&two[1]))
                        || (some(&two[0]) && GRAVE.contains(&two[1].first.as_str()))
                });
                self.attested("attested.scan", denied || counted || failing(tags, at));
            }
            Word::Finding => {
                // "No critical CVEs" is good news, "two CVEs" is none.
                let none = tags[..at]
                    .iter()
                    .rev()
                    .take(2)
                    .any(|tag| tag.meaning == Meaning::Number(0));
                // "Vulnerabilities not checked" says nothing of them.
                let unchecked = is_missing(tags, at)
                    && tags[at..]
                        .iter()
                        .any(|tag| tag.is(Word::Done) || tag.is(Word::Test));
                let settled = !unchecked
                    && tags[at..].iter().any(|tag| {
                        let waived = tag.first.starts_with("waived");
                        waived || tag.is(Word::Done) || tag.first == "closed" || passes(tag)
                    });
                let low = tags[at].first == "low";
                let good = !unchecked && (denied || none || settled || low);
                self.attested("attested.scan", !good);
            }
            Word::Channel
                if !denied
                    && tags.iter().any(|tag| {
                        ["post", "posted", "share", "shared"].contains(&tag.first.as_str())
                    }) =>
            {
                self.attested("attested.announcement", false);
            }
            Word::Provenance => self.attested("attested.provenance", denied),
            Word::Unproven => {
                let first = is_denied(tags, at);
                self.attested("attested.provenance", !first);
            }
            Word::SameImage => self.attested("attested.same_image", denied),
            Word::Rebuild => {
                self.attested("attested.same_image", !denied);
                self.assume("plan.action", "deploy".to_owned().into());
            }
            Word::Present => self.attested("attested.present", denied),
            Word::Alone => self.attested("attested.present", !denied),
            Word::Leave => self.attested("attested.monitoring", !denied),
            Word::Minor => {
                self.attested("attested.minor", denied);
                self.documents |= tags[at].first.starts_with("doc");
            }
            Word::Keep => {
                self.attested("attested.retention", denied != removes(&tags[at]));
            }
            Word::Emergency => self.attested.push(("plan.emergency", (!denied).into())),
            Word::Freeze => self.attested("attested.code_freeze", denied),
            Word::Budget => {
                let spent = tags.iter().any(|tag| tag.is(Word::Spent));
                self.attested("attested.overspent", denied || !spent);
            }
            Word::Incident if !denied && goes_on(tags) => self.assume("incident.open", 1.into()),
            Word::Severity if !denied && goes_on(tags) => self.assume("incident.open", 1.into()),
            Word::Severity => self.attested.push(("plan.emergency", (!denied).into())),
            Word::RollForward if !denied => {
                self.assume("plan.rollback_target", false.into());
                self.attested("attested.rollback_plan", true);
            }
            Word::Test => {
                self.attested("attested.tests", denied || failing(tags, at));
                if denied || failing(tags, at) {
                    self.assume("plan.tests", Vec::new().into());
                }
            }
            Word::Smoke if denied || failing(tags, at) => {
                self.assume("plan.smoke_tests", Vec::new().into());
            }
            Word::Smoke => self.assume("plan.smoke_tests", vec!["all".to_owned()].into()),
            Word::Health if denied => self.assume("plan.health", String::new().into()),
            Word::Rollback | Word::WayBack => {
                // "Rollback: redeploy v1.4", "roll back when errors exceed 5 %": about a plan, and
                // none to go back.
                let introduced = tags
                    .get(at + 1)
                    .is_some_and(|tag| tag.meaning == Meaning::Mark(':') || tag.is(Word::If));
                if introduced || is_reaction(tags, at) {
                    self.assume("plan.action", "deploy".to_owned().into());
                }
                if denied {
                    self.assume("plan.rollback_target", false.into());
                    self.assume("plan.action", "deploy".to_owned().into());
                }
                let planned = word == Word::WayBack || tags.iter().any(|tag| tag.is(Word::Plan));
                if denied || planned {
                    self.attested("attested.rollback_plan", denied);
                }
            }
            Word::Migration => {
                let changes = !denied && !is_untouched(tags, at);
                self.assume("changes.migrations", changes.into());
                let other = |tag: &Tag| tag.is(Word::Deploy);
                let then = |tag: &Tag| {
                    [
                        "then",
                        "despu\u{e9}s",
                        "despues",
                        "depois",
                        "danach",
                        "puis",
                        "ensuite",
                    ]
                    .contains(&tag.first.as_str())
                };
                // "Migrate first, then ship"
                let behind = tags[at..].iter().position(then).map(|then| at + then);
                if behind.is_some_and(|then| tags[then..].iter().any(other))
                    && !tags[..at].iter().any(other)
                {
                    self.attested("attested.migration", denied);
                }
            }
            // "without a down script" is about a migration.
            Word::DownMigration => {
                self.assume("changes.migrations", true.into());
                self.attested("attested.migration", denied);
            }
            Word::Reversible => {
                self.assume("changes.migrations", true.into());
                self.attested("attested.migration", denied);
            }
            Word::Irreversible => {
                self.assume("changes.migrations", true.into());
                // "Dropped in a later release, when nobody reads it" is how it is done.
                let later = tags[at..].iter().any(|tag| {
                    ["next", "later", "following", "subsequent"].contains(&tag.first.as_str())
                        || tag.is(Word::After)
                });
                self.attested("attested.migration", !denied && !later);
                if ["can", "irreversib"]
                    .iter()
                    .any(|word| tags[at].first.starts_with(word))
                {
                    self.assume("plan.rollback_target", false.into());
                }
            }
            Word::Branch if !denied && !tags.iter().any(|tag| tag.is(Word::Tag)) => {
                let first = tags[at].first.as_str();
                if first == "feature"
                    || tags[..at]
                        .iter()
                        .rev()
                        .take(4)
                        .any(|tag| tag.is(Word::From))
                        && first.starts_with("branch")
                {
                    self.unnamed();
                }
            }
            Word::AtOnce => self.assume("elsewhere.running", i64::from(!denied).into()),
            Word::OneByOne if denied && tags[at].first.contains("lock") => {
                self.assume("elsewhere.running", 1.into());
            }
            // "One at a time" is in order, "somebody else is deploying" is not.
            Word::OneByOne if !denied && tags[at].first.starts_with("some") => {
                self.assume("elsewhere.running", 1.into());
            }
            Word::Fix => self.attested("attested.fix", denied),
            Word::Mutable => {
                let named = is_denied(tags, at);
                self.assume("plan.pinned", named.into());
                if !named && says_no(&tags[at]) {
                    self.unnamed();
                }
            }
            Word::Tag if denied => self.unnamed(),
            Word::Pinned => {
                self.assume("plan.pinned", (!denied).into());
                // A digest names one image, however it got there.
                let digest = ["sha256", "digest"]
                    .iter()
                    .any(|word| tags[at].first.starts_with(word));
                if digest && !tags.iter().any(|tag| tag.is(Word::Rebuild)) {
                    self.attested("attested.same_image", denied);
                }
            }
            Word::Others if !denied => {
                self.assume(
                    "changes.authors",
                    vec!["one".to_owned(), "other".to_owned()].into(),
                );
            }
            _ => {}
        }
    }

    /// What has no tag is a commit of a branch.
    fn unnamed(&mut self) {
        self.assume("plan.pinned", false.into());
        self.assume("plan.reference", "untagged".to_owned().into());
        self.assume("plan.reference_kind", "branch".to_owned().into());
    }

    fn approval(&mut self, tags: &[Tag]) {
        let automatic = tags.iter().any(|tag| {
            tag.is(Word::Auto) || ["bot", "robot", "itself"].contains(&tag.first.as_str())
        });
        let approves = tags.iter().position(|tag| tag.is(Word::Approve));
        // "Merged with two reviews"
        let reviews = tags
            .iter()
            .position(|tag| tag.is(Word::Review))
            .filter(|at| {
                at.checked_sub(1)
                    .is_some_and(|before| matches!(tags[before].meaning, Meaning::Number(_)))
            });
        let Some(at) = approves.or(reviews) else {
            // "Deployed by two, four eyes": somebody else said yes.
            let eyes = tags.iter().position(|tag| tag.is(Word::FourEyes));
            if eyes.is_some_and(|at| !is_denied(tags, at) && !is_missing(tags, at)) {
                self.assume("approval.count", 1.into());
            }
            return;
        };
        if tags[at].first.starts_with("review") {
            self.attested("attested.review", is_denied(tags, at));
        }
        if automatic || is_denied(tags, at) || is_missing(tags, at) {
            return self.assume("approval.count", 0.into());
        }
        // The number beside the approval: another one is of a version.
        let number = |tag: &Tag| match tag.meaning {
            Meaning::Number(number) if number <= 20 => Some(i64::from(number)),
            _ => None,
        };
        let (before, behind) = tags.split_at(at);
        let near = before
            .iter()
            .rev()
            .take(3)
            .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(',' | ';') | Meaning::Place(_)))
            .find_map(number);
        let count = near.or_else(|| behind.iter().take(6).find_map(number));
        let approvers = names(behind);
        let asked = names(before);
        let oneself = tags.iter().any(|tag| tag.is(Word::Own))
            || approvers.len() == 1 && asked.contains(&approvers[0]);
        if oneself && !approvers.is_empty() | tags.iter().any(|tag| tag.is(Word::Own)) {
            self.assume("approval.requester_approved", true.into());
            self.attested("attested.review", true);
            return self.assume("approval.count", 1.into());
        }
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
        let people = i64::try_from(roles.len().max(approvers.len())).unwrap_or(i64::MAX);
        let people = people.max(1);
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
        let production = tags
            .iter()
            .position(|tag| tag.meaning == Meaning::Place(PlaceWord::Production));
        let Some(at) = place else {
            let dev = |tag: &Tag| matches!(tag.first.as_str(), "dev" | "development" | "local");
            let from = tags.iter().position(dev);
            if from.is_some_and(|from| production.is_some_and(|to| from < to)) {
                self.assume("release.verified_in", vec!["dev".to_owned()].into());
            }
            return;
        };
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
            // "预发跑48小时后": behind what comes first.
            || tag.is(Word::After) && tag.first.starts_with(is_wide)
        });
        let production = production.is_some();
        // "In staging, then production"
        let in_order = tags
            .iter()
            .position(|tag| tag.meaning == Meaning::Place(PlaceWord::Production))
            .is_some_and(|to| {
                at < to
                    && tags[at..to].iter().any(|tag| {
                        ["then", "danach", "afterwards", "luego", "puis", "depois"]
                            .contains(&tag.first.as_str())
                    })
            });
        if in_order && !is_denied(tags, at) {
            return self.assume("release.verified_in", vec!["staging".to_owned()].into());
        }
        if is_denied(tags, at) || is_missing(tags, at) {
            self.assume("release.verified_in", Vec::new().into());
        } else if production && (shown || behind) {
            self.assume("release.verified_in", vec!["staging".to_owned()].into());
        }
    }

    /// "CHG-1201", "OPS-77": the name of a record.
    fn records(&mut self, text: &str, tags: &[Tag]) {
        const OTHERS: [&str; 8] = ["UTF", "SHA", "HTTP", "TLS", "ISO", "RC", "SEV", "CVE"];
        let is_key = |letters: &str| {
            (2..=6).contains(&letters.len())
                && letters.chars().all(|c| c.is_ascii_uppercase())
                && !OTHERS.contains(&letters)
        };
        let hyphenated = tags.windows(2).any(|two| {
            is_key(&text[two[0].start..two[0].end])
                && two[1].glue == Glue::Hyphen
                && matches!(two[1].meaning, Meaning::Number(number) if number > 0)
        });
        // "CHG0012345"
        let joined = tags.iter().any(|tag| {
            let name = &text[tag.start..tag.end];
            let key = name.trim_end_matches(|c: char| c.is_ascii_digit());
            is_key(key) && name.len() - key.len() >= 4
        });
        let names = hyphenated || joined;
        if names {
            self.attested("attested.ticket", false);
        }
    }

    /// "during another deployment", "two releases", "3 migration jobs"
    fn beside_others(&mut self, tags: &[Tag]) {
        let beside = tags.iter().enumerate().any(|(at, tag)| {
            let acts = tag.is(Word::Deploy) || tag.is(Word::Migration);
            let before = tags[..at].iter().rev().take(3);
            let during = before.clone().any(|tag| tag.is(Word::During));
            let ends_clause = before
                .clone()
                .any(|tag| matches!(tag.meaning, Meaning::Mark(_)));
            let several = at
                .checked_sub(1)
                .is_some_and(|before| matches!(tags[before].meaning, Meaning::Number(2..=20)));
            acts && !ends_clause && (during || several)
        });
        if beside {
            self.assume("elsewhere.running", 1.into());
        }
    }

    fn times(&mut self, tags: &[Tag]) {
        let times = windows(tags);
        if let Some(first) = times.listed.first() {
            self.weekday =
                (first.days != 0).then(|| u8::try_from(first.days.trailing_zeros()).unwrap_or(0));
            self.minute = first.hours.map(|hours| hours.from);
        }
        let day = stretches(tags).iter().find_map(|stretch| match stretch {
            Stretch::Yearly(season) => Some((season.from, None)),
            Stretch::Once { from, .. } => Some((from % 10_000, i16::try_from(from / 10_000).ok())),
            _ => None,
        });
        self.day = day.map(|(day, _)| day);
        self.year = day.and_then(|(_, year)| year);
    }
}

/// "On vacation", "is away": who is not there. "Right away" is at once.
fn is_away(tags: &[Tag], at: usize) -> bool {
    let led = |words: &[&str]| {
        at.checked_sub(1)
            .is_some_and(|before| words.contains(&tags[before].first.as_str()))
    };
    match tags[at].first.as_str() {
        "vacation" | "sick" | "ooo" | "urlaub" => true,
        "leave" => led(&["on"]),
        "away" => led(&["is", "are", "be"]),
        _ => false,
    }
}

/// "With two operators": people that are counted, and more than one.
fn is_several(tags: &[Tag], at: usize) -> bool {
    let counted = |back: usize| Some(&tags.get(at.checked_sub(back)?)?.meaning);
    matches!(counted(1), Some(Meaning::Number(2..=20)))
        && at.checked_sub(2).is_some_and(|with| {
            ["with", "mit", "con", "avec", "com"].contains(&tags[with].first.as_str())
        })
}

/// Seasons in which people buy, by their first word.
const SALES: [&str; 4] = ["black", "cyber", "shopping", "peak"];

fn apply(claimed: &[(&'static str, FactValue)], facts: &mut Facts) {
    for (name, value) in claimed {
        // The names are those of the table; a test sets each of them.
        let set = facts.set(name, value.clone());
        debug_assert!(set.is_ok(), "{name}: {set:?}");
    }
}

/// Who is named behind "by": "approved by alice and bob".
fn names(tags: &[Tag]) -> Vec<&str> {
    const BY: [&str; 4] = ["by", "von", "por", "par"];
    let Some(by) = tags.iter().position(|tag| BY.contains(&tag.first.as_str())) else {
        return Vec::new();
    };
    let behind = tags.get(by + 1..).unwrap_or_default().iter();
    behind
        .take_while(|tag| tag.meaning == Meaning::Other || tag.meaning == Meaning::Mark('@'))
        .filter(|tag| tag.meaning == Meaning::Other)
        .map(|tag| tag.first.as_str())
        .filter(|name| !NO_NAMES.contains(name))
        .collect()
}

const NO_NAMES: [&str; 18] = [
    "and", "a", "an", "the", "peer", "selbst", "und", "der", "dem", "den", "el", "la", "los",
    "las", "le", "les", "l", "o",
];
