//! What a command says beside what it asks for: "backup taken, on-call present", "without tests".
//!
//! It counts where procedures are tried out (`commander advise`), and nowhere else: a word is no
//! proof, and on a server it would turn a rule off for whoever types it.

use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, Word};
use super::measure::{Measure, counts_successes, durations, latencies, rate, shares};
use super::recognise::{removes, says_no, versions_kept};
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
    /// That it ran in an environment before: "after three hours on staging" names no target.
    pub ran: bool,
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
            Meaning::Other if tag.first == "together" => found.attested("attested.present", denied),
            Meaning::Word(word) => found.word(*word, &tags, at, denied),
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
            Word::Holiday => "attested.holiday",
            Word::Peak => "attested.peak",
            _ => return self.special(word, tags, at, denied),
        };
        self.attested(simple, denied);
    }

    fn special(&mut self, word: Word, tags: &[Tag], at: usize, denied: bool) {
        match word {
            Word::Scan => {
                // "high = 2"
                let counted = tags
                    .get(at + 1..)
                    .unwrap_or_default()
                    .windows(2)
                    .any(|two| {
                        two[0].meaning == Meaning::Mark('=')
                            && matches!(two[1].meaning, Meaning::Number(number) if number > 0)
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
                // "Rollback: redeploy v1.4" is about a plan, and none to go back.
                if tags
                    .get(at + 1)
                    .is_some_and(|tag| tag.meaning == Meaning::Mark(':'))
                {
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
                self.assume("changes.migrations", (!denied).into());
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
                // "Run the migration, then deploy the code"
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
                // "Dropped two releases after it fell out of use" is how it is done.
                let later = tags[at..].iter().any(|tag| {
                    ["next", "later", "following", "subsequent"].contains(&tag.first.as_str())
                        || tag.is(Word::After)
                });
                self.attested("attested.migration", !denied && !later);
                if tags[at].first.starts_with("can") {
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
            Word::AtOnce if !denied => self.assume("elsewhere.running", 1.into()),
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

    /// "announced 12 h before", "logs kept 90 days", "production 45 min after staging": each length
    /// is about the nearest word that lengths are said of.
    fn lengths(&mut self, tags: &[Tag]) {
        // "Dashboards watched": for as long as was asked.
        let undenied = |word: Word| {
            (0..tags.len())
                .any(|at| tags[at].is(word) && !is_denied(tags, at) && !is_missing(tags, at))
        };
        if durations(tags).is_empty() && undenied(Word::Monitor) {
            const LONG: i64 = 60 * 24 * 60;
            self.assume("plan.bake_minutes", LONG.into());
        }
        for length in durations(tags) {
            // "After" may stand beside any of them.
            // "10 % for an hour" is how long a share of the users had it.
            let shared = !shares(tags).is_empty();
            let topic = tags
                .iter()
                .enumerate()
                .filter_map(|(at, tag)| {
                    Some((
                        (tag.is(Word::After), at.abs_diff(length.at)),
                        Topic::of(tag)?,
                    ))
                })
                .min_by_key(|(distance, _)| *distance);
            let minutes = beside(tags, length);
            match topic.map(|(_, topic)| topic) {
                Some(Topic::Notice) => self.assume("attested.notice_minutes", minutes.into()),
                Some(Topic::Kept) if is_denied(tags, length.at) => {}
                Some(Topic::Kept) => {
                    // "Build artifacts kept 30 days" builds nothing.
                    self.assume("plan.action", "deploy".to_owned().into());
                    self.attested
                        .push(("attested.retention", "yes".to_owned().into()));
                    self.assume("attested.kept_minutes", minutes.into());
                }
                Some(Topic::Backup) => self.assume("attested.backup_minutes", minutes.into()),
                Some(Topic::Watched) => self.assume("plan.bake_minutes", minutes.into()),
                Some(Topic::Soaked) | None
                    if shared || matches!(topic, Some((_, Topic::Soaked))) =>
                {
                    self.assume("release.soaked_minutes", minutes.into());
                    self.assume("plan.bake_minutes", minutes.into());
                }
                Some(Topic::Soaked) | None => {}
            }
        }
    }

    /// "Deploy at 11:00, announced at 10:50", "announced today": how long ahead people know.
    fn notice(&mut self, tags: &[Tag]) {
        let Some(told) = tags.iter().position(|tag| tag.is(Word::Announce)) else {
            return;
        };
        let near_told = |at: usize| at.abs_diff(told) <= 4 && at > told;
        let clocks = tags
            .iter()
            .enumerate()
            .filter_map(|(at, tag)| match tag.meaning {
                Meaning::Clock(minutes) => Some((at, minutes)),
                _ => None,
            });
        let (of_notice, of_deploy): (Vec<_>, Vec<_>) = clocks.partition(|(at, _)| near_told(*at));
        if let ([(_, notice), ..], [(_, deploy), ..]) = (of_notice.as_slice(), of_deploy.as_slice())
            && deploy >= notice
        {
            self.assume("attested.notice_minutes", i64::from(deploy - notice).into());
            return;
        }
        let then = tags[..told]
            .iter()
            .rev()
            .take(3)
            .any(|tag| tag.first == "then")
            && tags[..told].iter().any(|tag| tag.is(Word::Deploy));
        if then || comes_too_late(tags, told) {
            return self.assume("attested.notice_minutes", 0.into());
        }
        if !durations(tags).is_empty() {
            return;
        }
        const DAY: i64 = 24 * 60;
        let said = |words: &[&str]| tags.iter().any(|tag| words.contains(&tag.first.as_str()));
        if said(&["today", "now", "tonight", "heute", "hoy", "hoje"]) {
            self.assume("attested.notice_minutes", 0.into());
        } else if said(&[
            "yesterday",
            "tomorrow",
            "gestern",
            "morgen",
            "ayer",
            "hier",
            "ontem",
        ]) {
            self.assume("attested.notice_minutes", DAY.into());
        }
    }

    /// "a backup from last week", "the backup of this morning"
    fn backup_age(&mut self, text: &str, tags: &[Tag]) {
        const DAY: i64 = 24 * 60;
        let backs_up = tags.iter().any(|tag| tag.is(Word::Backup));
        if !backs_up || !durations(tags).is_empty() {
            return;
        }
        let text = text.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let age = if says(&["last month", "months ago", "an old backup"]) {
            30 * DAY
        } else if says(&["last week", "weeks ago", "last monday", "last friday"]) {
            7 * DAY
        } else if says(&["yesterday", "gestern", "ayer", "ontem"]) {
            DAY
        } else if says(&[
            "this morning",
            "today",
            "an hour ago",
            "just taken",
            "heute",
            "hoy",
        ]) {
            0
        } else {
            return;
        };
        self.assume("attested.backup_minutes", age.into());
    }

    /// "Staging Monday 09:00, production Tuesday 10:00": how long it ran in between.
    fn between(&mut self, tags: &[Tag]) {
        const DAY: i64 = 24 * 60;
        let moment = |place: PlaceWord| {
            let at = tags
                .iter()
                .position(|tag| tag.meaning == Meaning::Place(place))?;
            let behind = tags.get(at + 1..)?.iter().take(4);
            let own = behind.take_while(|tag| !matches!(tag.meaning, Meaning::Place(_)));
            let mut day = None;
            let mut minute = None;
            for tag in own {
                match tag.meaning {
                    Meaning::Days(days) if days.count_ones() == 1 => {
                        day = Some(i64::from(days.trailing_zeros()));
                    }
                    Meaning::Clock(minutes) => minute = Some(i64::from(minutes)),
                    _ => {}
                }
            }
            Some((day, minute?))
        };
        let (Some(staged), Some(live)) =
            (moment(PlaceWord::Staging), moment(PlaceWord::Production))
        else {
            return;
        };
        let days = match (staged.0, live.0) {
            (Some(from), Some(to)) => (to - from).rem_euclid(7),
            _ => 0,
        };
        let minutes = days * DAY + live.1 - staged.1;
        if minutes > 0 {
            self.assume("release.soaked_minutes", minutes.into());
            self.assume("release.verified_in", vec!["staging".to_owned()].into());
        }
    }

    /// "keep the newest three images", "purge all images but the newest"
    fn versions(&mut self, tags: &[Tag]) {
        let keeps = |tag: &Tag| tag.is(Word::Keep) || tag.is(Word::History);
        let Some(at) = tags.iter().position(keeps) else {
            return;
        };
        let newest = tags.iter().position(|tag| {
            [
                "newest", "latest", "last", "recent", "current", "down", "only",
            ]
            .contains(&tag.first.as_str())
        });
        let count = newest.and_then(|newest| {
            tags[newest..]
                .iter()
                .take(3)
                .find_map(|tag| match tag.meaning {
                    Meaning::Number(count) => Some(count),
                    _ => None,
                })
        });
        let count = count.or_else(|| versions_kept(tags)).or(newest.map(|_| 1));
        if let Some(count) = count.filter(|_| newest.is_some() || !removes(&tags[at])) {
            self.attested
                .push(("attested.retention", "yes".to_owned().into()));
            self.assume("attested.kept_versions", i64::from(count).into());
        }
    }

    /// "CHG-1201", "OPS-77": the name of a record.
    fn records(&mut self, text: &str, tags: &[Tag]) {
        let names = tags.windows(2).any(|two| {
            let letters = &text[two[0].start..two[0].end];
            let is_name =
                (2..=6).contains(&letters.len()) && letters.chars().all(|c| c.is_ascii_uppercase());
            is_name
                && two[1].glue == Glue::Hyphen
                && matches!(two[1].meaning, Meaning::Number(number) if number > 0)
                && !["UTF", "SHA", "HTTP", "TLS", "ISO", "RC", "SEV", "CVE"].contains(&letters)
        });
        if names {
            self.attested("attested.ticket", false);
        }
    }

    /// "error rate 0.8 %, continue", "coverage 72 %"
    fn measured(&mut self, tags: &[Tag]) {
        let has = |word: Word| tags.iter().any(|tag| tag.is(word));
        let number = |measure: &Measure| beside(tags, *measure);
        // What is taken back is past no limit any more.
        let taken_back =
            (0..tags.len()).any(|at| tags[at].is(Word::Rollback) && !is_denied(tags, at));
        let share = rate(tags).as_ref().map(number);
        let latency = latencies(tags).first().map(number);
        if has(Word::SpecialTest) {
            if let Some(share) = share {
                self.assume("attested.coverage_percent", (share / 100).into());
            }
        } else if !taken_back && has(Word::Threshold) {
            if let Some(share) = share {
                let failing = match counts_successes(tags) {
                    true => 10_000 - share,
                    false => share,
                };
                self.assume("attested.error_rate", failing.into());
            }
            if let Some(latency) = latency {
                self.assume("attested.latency_ms", latency.into());
            }
        }
        // "1 %, 5 %, 20 %, 100 %" is step by step, "from 10 % straight to 100 %" is not.
        let steps = shares(tags);
        let grows = steps.windows(2).all(|two| two[0].value < two[1].value);
        let jumps = tags
            .iter()
            .any(|tag| tag.is(Word::From) || tag.is(Word::Directly));
        let named = tags
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Strategy(_)));
        if steps.len() > 1 && grows && !jumps && !named && !has(Word::Threshold) {
            self.assume("plan.strategy", "gradual".to_owned().into());
        }
        // "Error rate" alone is neither good nor bad.
        let worse = |(at, tag): (usize, &Tag)| {
            let bad = WORSE.iter().any(|word| tag.first.starts_with(word))
                || ERRORS.contains(&tag.first.as_str())
                || tag.is(Word::Pass) && tag.fails();
            let calm = tags[at..]
                .iter()
                .take(4)
                .any(|tag| ["normal", "fine", "stable", "low", "ok"].contains(&tag.first.as_str()));
            (tag.is(Word::Threshold) || tag.is(Word::Pass)) && bad && !calm && !is_denied(tags, at)
        };
        let breached = tags.iter().any(|tag| tag.first.starts_with("breach"));
        let over = |(at, tag): (usize, &Tag)| {
            let mut behind = tags.get(at + 1..).unwrap_or_default().iter().take(4);
            tag.is(Word::Threshold)
                && behind.any(|tag| {
                    ["over", "above", "past", "beyond", "higher"].contains(&tag.first.as_str())
                })
        };
        let mut checks = (0..tags.len()).filter(|at| {
            matches!(
                tags[*at].meaning,
                Meaning::Word(Word::Smoke | Word::Health | Word::Migration)
            )
        });
        let answers = |at: usize| {
            let mut behind = tags.get(at + 1..).unwrap_or_default().iter().take(3);
            behind.any(|tag| matches!(tag.meaning, Meaning::Number(500..=599)))
        };
        let failed = checks.any(|at| (failing(tags, at) || answers(at)) && !is_denied(tags, at));
        let wrong = breached
            || failed
            || tags.iter().enumerate().any(worse)
            || tags.iter().enumerate().any(over);
        let relative = tags.iter().any(|tag| tag.first.starts_with("baseline"));
        let measured = (share.is_some() && !relative) || latency.is_some();
        if wrong && !taken_back && !measured {
            self.assume("plan.rollback_target", false.into());
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
        .take(5)
        .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)) && !tag.ends_clause())
        .any(|tag| {
            matches!(
                tag.meaning,
                Meaning::Word(Word::Without | Word::Not | Word::Skip)
            ) || ABSENT.iter().any(|word| tag.first.starts_with(word))
        })
        || (MUST_LEAD.iter().any(|word| tags[at].is(*word)) && comes_too_late(tags, at))
        || at
            .checked_sub(1)
            .is_some_and(|before| tags[before].first == "non")
}

/// What is worth nothing afterwards.
const MUST_LEAD: [Word; 6] = [
    Word::Backup,
    Word::Approve,
    Word::Scan,
    Word::Review,
    Word::Ticket,
    Word::Test,
];

/// "deploy before the backup": what must come first comes last.
fn comes_too_late(tags: &[Tag], at: usize) -> bool {
    let acts = |tag: &Tag| {
        matches!(
            tag.meaning,
            Meaning::Word(Word::Deploy | Word::Migration | Word::Change)
        )
    };
    let near_before = tags[..at].iter().rev().take(3);
    let mut to_before = near_before.take_while(|tag| !matches!(tag.meaning, Meaning::Mark(_)));
    let acted = tags[..at].iter().any(acts);
    // In Chinese it stands behind what comes first; "vorher", "two days ahead" say how early.
    const EARLY: [&str; 6] = ["vorher", "vorab", "zuvor", "ahead", "early", "earlier"];
    let before = |tag: &Tag| {
        tag.is(Word::Before)
            && !tag.first.starts_with(is_wide)
            && !EARLY.contains(&tag.first.as_str())
    };
    let leads = acted && to_before.any(before);
    let behind = tags.get(at + 1..).unwrap_or_default();
    let trails = behind
        .iter()
        .take(2)
        .position(|tag| tag.is(Word::After) && !tag.first.starts_with(is_wide))
        // "y después", "et après": and then.
        .filter(|after| *after == 0 || !is_conjunction(&behind[after - 1]))
        .is_some_and(|after| behind.iter().skip(after + 1).take(3).any(acts));
    // "Start the rollout, announce it afterwards"
    let afterwards = behind.iter().take(3).any(|tag| {
        ["afterwards", "afterward", "later", "danach", "nachher"].contains(&tag.first.as_str())
    });
    leads || trails || (acted && afterwards)
}

/// "backup missing", "approval: none", "rollback not tested"
fn is_missing(tags: &[Tag], at: usize) -> bool {
    let done = |tag: &Tag| {
        matches!(tag.meaning, Meaning::Word(Word::Done)) && !tag.first.starts_with("un")
    };
    denies_behind(&tags[at + 1..])
        || tags[at + 1..]
            .iter()
            .take(3)
            .take_while(|tag| match tag.meaning {
                Meaning::Mark(mark) => mark == ':',
                _ => !done(tag) && !tag.ends_clause() && !is_conjunction(tag),
            })
            .any(|tag| {
                let not = tag.is(Word::Not) && NEGATIONS.contains(&tag.first.as_str());
                tag.is(Word::Skip)
                    || (tag.is(Word::Pass) && !passes(tag))
                    || not
                    || ABSENT.iter().any(|word| tag.first.starts_with(word))
            })
}

/// "备份没有做", "方案未准备": in Chinese the denial stands behind what is missing, and denies
/// what is done with it, or nothing at all.
fn denies_behind(behind: &[Tag]) -> bool {
    let denies = |tag: &Tag| {
        let word = matches!(tag.meaning, Meaning::Word(Word::Without | Word::Not));
        word && tag.first.starts_with(is_wide)
    };
    let [denial, rest @ ..] = behind else {
        return false;
    };
    denies(denial)
        && rest.first().is_none_or(|next| {
            matches!(
                next.meaning,
                Meaning::Other | Meaning::Mark(_) | Meaning::Word(Word::Done | Word::Pass)
            )
        })
}

const ABSENT: [&str; 24] = [
    "missing",
    "absent",
    "pending",
    "outstanding",
    "expired",
    "none",
    "tbd",
    "lacking",
    "incomplete",
    "partial",
    "insufficient",
    "outdated",
    "stale",
    "rejected",
    "declined",
    "revoked",
    "withdrawn",
    "unavailable",
    "offline",
    "asleep",
    "unreachable",
    "forgot",
    "disabled",
    "despite",
];

/// Whole words, for the beginning of "error rate" says nothing of it.
const ERRORS: [&str; 14] = [
    "fehler", "fehlern", "errores", "erro", "erros", "erreur", "erreurs", "错", "异", "报", "告",
    "飙", "抖", "超",
];

const NEGATIONS: [&str; 14] = [
    "no", "not", "never", "isn't", "aren't", "nicht", "n't", "nobody", "none", "nothing", "pas",
    "não", "无", "不",
];

const WORSE: [&str; 25] = [
    "burn",
    "exceed",
    "spike",
    "degrad",
    "breach",
    "alert",
    "alarm",
    "crash",
    "anomal",
    "regress",
    "unhealthy",
    "above",
    "rises",
    "goes",
    "climbs",
    "drops",
    "timeout",
    "memory",
    "failure",
    "failing",
    "failed",
    "fails",
    "keep",
    "broken",
    "red",
];

fn passes(tag: &Tag) -> bool {
    tag.is(Word::Pass) && !tag.fails()
}

fn is_conjunction(tag: &Tag) -> bool {
    const WORDS: [&str; 19] = [
        "and", "but", "then", "with", "und", "aber", "dann", "mit", "y", "pero", "luego", "con",
        "et", "mais", "puis", "avec", "e", "mas", "com",
    ];
    WORDS.contains(&tag.first.as_str())
}

/// Whether what is named lasts: "while a SEV2 is open".
fn goes_on(tags: &[Tag]) -> bool {
    tags.iter()
        .enumerate()
        .any(|(at, tag)| (tag.is(Word::During) || tag.is(Word::Ongoing)) && !is_denied(tags, at))
}

/// Who is named behind "by": "approved by alice and bob".
fn names(tags: &[Tag]) -> Vec<&str> {
    let Some(by) = tags.iter().position(|tag| tag.first == "by") else {
        return Vec::new();
    };
    let behind = tags.get(by + 1..).unwrap_or_default().iter();
    behind
        .take_while(|tag| tag.meaning == Meaning::Other || tag.meaning == Meaning::Mark('@'))
        .filter(|tag| tag.meaning == Meaning::Other)
        .map(|tag| tag.first.as_str())
        .filter(|name| !["and", "a", "an", "the", "peer"].contains(name))
        .collect()
}

/// "Under 80 %" is less than that, "over 2 %" is more.
fn beside(tags: &[Tag], measure: Measure) -> i64 {
    let value = i64::from(measure.value);
    let before = tags[..measure.at].iter().rev().take(4);
    let less = ["below", "under", "less", "<", "beneath"];
    let more = ["above", "over", "more", ">", "older"];
    before
        .map(|tag| tag.first.as_str())
        .find_map(|word| match word {
            _ if less.contains(&word) => Some(value - 1),
            _ if more.contains(&word) => Some(value + 1),
            _ => None,
        })
        .unwrap_or(value)
}

/// What a length of time is said of.
#[derive(Debug, Clone, Copy)]
enum Topic {
    Notice,
    Kept,
    Backup,
    Watched,
    Soaked,
}

impl Topic {
    fn of(tag: &Tag) -> Option<Self> {
        Some(match tag.meaning {
            Meaning::Word(Word::Announce | Word::Ticket) => Self::Notice,
            Meaning::Word(Word::Keep | Word::History) => Self::Kept,
            Meaning::Word(Word::Backup) => Self::Backup,
            Meaning::Word(Word::Monitor) => Self::Watched,
            Meaning::Other if ["watch", "watching", "watched"].contains(&tag.first.as_str()) => {
                Self::Watched
            }
            Meaning::Word(Word::Bake | Word::After) => Self::Soaked,
            Meaning::Place(PlaceWord::Staging) | Meaning::Strategy(_) => Self::Soaked,
            _ => return None,
        })
    }
}

fn failing(tags: &[Tag], at: usize) -> bool {
    let from = at.saturating_sub(3);
    let near = tags.get(from..(at + 4).min(tags.len())).unwrap_or_default();
    near.iter()
        .any(|tag| (tag.is(Word::Pass) || tag.is(Word::Threshold)) && tag.fails())
}
