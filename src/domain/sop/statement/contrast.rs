//! What the words of a command say against a sentence of a procedure, or in line with it: "ship it,
//! no screenshots attached" against "Screenshots are attached to every release".
//!
//! A statement is a demand of a closed list; procedures demand more than any list has. Here nothing is
//! known of what a sentence is about: its words are compared with those of the command, and it is
//! looked at what each denies. It counts where procedures are tried out (`commander advise`), and
//! nowhere else, as claims do.

use super::claims::{is_denied, is_missing};
use super::definition::Definition;
use super::meaning::{Meaning, Word};
use super::measure::{Measure, durations, shares};
use super::recognise::{removes, says_no, wants};
use super::sentence::{Sentence, Tag};
use super::token::is_wide;
use super::window::windows;

/// How a command stands to a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    Against,
    /// It names less than is asked for, or more than is allowed.
    Amount,
    InLine,
    /// Neither can be told.
    Open,
}

/// `None` where they have nothing to do with each other.
pub(super) fn stand(
    sentence: &Sentence,
    command: &[Tag],
    definition: &Definition,
) -> Option<Stand> {
    let read = Read {
        sentence,
        command,
        definition,
    };
    if read.denies_the_wanted() || read.names_another() || read.is_outside() {
        Some(Stand::Against)
    } else if read.misses_an_amount() {
        Some(Stand::Amount)
    } else if read.is_in_line() {
        Some(Stand::InLine)
    } else {
        read.is_open().then_some(Stand::Open)
    }
}

struct Read<'a> {
    sentence: &'a Sentence,
    command: &'a [Tag],
    definition: &'a Definition,
}

impl Read<'_> {
    /// The sentence's own words that tell what it is about.
    fn terms(&self) -> impl Iterator<Item = usize> + '_ {
        let tags = &self.sentence.tags;
        (self.sentence.own..tags.len()).filter(|at| self.is_term(&tags[*at]))
    }

    fn is_term(&self, tag: &Tag) -> bool {
        match &tag.meaning {
            Meaning::Word(word) => TOPICS.contains(word),
            Meaning::Role(_) | Meaning::Strategy(_) => true,
            Meaning::Other => {
                tag.first.chars().count() >= 3
                    && !tag.first.starts_with(is_wide)
                    && !self.definition.is_empty_word(&tag.first)
            }
            _ => false,
        }
    }

    /// What the sentence asks for, conditions apart.
    fn wanted(&self) -> Vec<usize> {
        self.terms()
            .filter(|at| wants(self.sentence, *at) && !self.is_condition(*at))
            .collect()
    }

    /// What it is against.
    fn forbidden(&self) -> Vec<usize> {
        self.terms()
            .filter(|at| !wants(self.sentence, *at) && !self.is_condition(*at))
            .collect()
    }

    /// "If X, then Y", "Y when X": X tells when.
    fn is_condition(&self, at: usize) -> bool {
        self.sentence.tags[..at]
            .iter()
            .rev()
            .take_while(|tag| !matches!(tag.meaning, Meaning::Mark(',' | ';' | ':' | '.')))
            .any(|tag| tag.is(Word::If) || tag.is(Word::Unless))
    }

    /// Whether the command denies what stands there.
    fn denied(&self, at: usize) -> bool {
        is_denied(self.command, at)
            || is_missing(self.command, at)
            || says_no(&self.command[at])
            || self.command.get(at + 1).is_some_and(undoes)
    }

    /// Where the command and the sentence say the same, of these terms of the sentence.
    fn shared(&self, terms: &[usize]) -> Vec<(usize, usize)> {
        let said = (0..self.command.len()).filter(|at| self.is_term(&self.command[*at]));
        said.flat_map(|at| {
            terms
                .iter()
                .filter(move |of| same(&self.command[at], &self.sentence.tags[**of]))
                .map(move |of| (at, *of))
        })
        .collect()
    }

    /// "No screenshots attached" where they are asked for.
    fn denies_the_wanted(&self) -> bool {
        // What nobody wants is well denied.
        let welcome = [Word::Finding, Word::Incident, Word::Freeze];
        let shared = self.shared(&self.wanted());
        shared
            .iter()
            .filter(|(at, _)| {
                // "No known CVEs"
                let mut near = self.command[*at..].iter().take(3);
                !near.any(|tag| welcome.iter().any(|word| tag.is(*word)))
            })
            .any(|(at, _)| self.denied(*at))
    }

    /// "Announced two hours before" where it is announced two days ahead.
    fn misses_an_amount(&self) -> bool {
        let own = self.sentence.own();
        if !self.shares_a_subject() {
            return false;
        }
        // "9h" is a time of the day where the sentence names one.
        let asked = match windows(own).listed.is_empty() {
            true => durations(own),
            false => Vec::new(),
        };
        self.misses(&asked, &self.durations()) || self.misses(&shares(own), &shares(self.command))
    }

    fn misses(&self, asked: &[Measure], named: &[Measure]) -> bool {
        let ([.., asked], [named]) = (asked, named) else {
            return false;
        };
        let own = self.sentence.own();
        let mut near = own[..asked.at].iter().rev().take(6);
        // "Nothing within two days of the launch" asks for two days at least.
        let is_ceiling = match self.sentence.has_any(&[Word::Not, Word::Freeze]) {
            true => near.any(|tag| EXCEEDS.contains(&tag.first.as_str())),
            false => near.any(|tag| {
                CEILINGS.contains(&tag.first.as_str()) || (tag.is(Word::During) && tag.is_phrase())
            }),
        };
        match is_ceiling {
            true => named.value > asked.value,
            false => named.value < asked.value,
        }
    }

    /// Whether both speak of one thing, so that their amounts may be compared: of a term, of an act
    /// such as a merge, or of one share of the users.
    fn shares_a_subject(&self) -> bool {
        let own = self.sentence.own();
        let of_term = self.command.iter().filter(|tag| self.is_term(tag));
        let first = self.sentence.own;
        let conditional = |at: usize| self.is_condition(first + at);
        let mut of_term = of_term.filter(|tag| {
            own.iter()
                .enumerate()
                .any(|(at, other)| self.is_term(other) && same(tag, other) && !conditional(at))
        });
        let mut acts = self.command.iter().filter(|tag| is_act(tag)).filter(|tag| {
            own.iter()
                .any(|other| is_act(other) && same_word(&tag.first, &other.first))
        });
        let steps = shares(own);
        of_term.next().is_some()
            || acts.next().is_some()
            || shares(self.command)
                .iter()
                .any(|share| steps.iter().any(|step| step.value == share.value))
    }

    /// The lengths of time of the command; "the next day" is one.
    fn durations(&self) -> Vec<Measure> {
        const DAY: u32 = 24 * 60;
        let found = durations(self.command);
        if !found.is_empty() {
            return found;
        }
        let next_day = self.command.iter().enumerate().position(|(at, tag)| {
            let behind = self.command.get(at + 1).map(|tag| &tag.meaning);
            ["tomorrow", "yesterday", "morgen", "gestern"].contains(&tag.first.as_str())
                || (tag.first == "next" && behind == Some(&Meaning::Unit(DAY)))
        });
        next_day
            .map(|at| Measure { at, value: DAY })
            .into_iter()
            .collect()
    }

    /// "Approved by Bob" where somebody else is asked for.
    fn names_another(&self) -> bool {
        let approves = |tag: &Tag| tag.is(Word::Approve) || tag.is(Word::Review);
        let own = self.sentence.own();
        let asked = self
            .wanted()
            .into_iter()
            .any(|at| approves(&self.sentence.tags[at]));
        let by = self
            .command
            .windows(2)
            .position(|two| approves(&two[0]) && BY.contains(&two[1].first.as_str()));
        let Some(by) = by.filter(|_| asked) else {
            return false;
        };
        let is_person = |tag: &&Tag| {
            let names = matches!(
                tag.meaning,
                Meaning::Other | Meaning::Role(_) | Meaning::Word(Word::OnCall)
            );
            names && !self.definition.is_empty_word(&tag.first)
        };
        let mut named = self.command[by + 2..]
            .iter()
            .take_while(|tag| !tag.ends_clause() && !tag.is(Word::Not))
            .filter(is_person)
            .peekable();
        // Who is asked for is a role, or stands behind "by".
        let asks_for_one = own
            .iter()
            .any(|tag| matches!(tag.meaning, Meaning::Role(_)))
            || own.windows(2).any(|two| {
                let led = two[0].first.as_str();
                two[1].meaning == Meaning::Other
                    && (BY.contains(&led) || ["of", "from", "de"].contains(&led))
            });
        asks_for_one
            && named.peek().is_some()
            && named.all(|tag| !own.iter().any(|other| same(tag, other)))
    }

    /// "Outside the agreed hours"
    fn is_outside(&self) -> bool {
        let outside = self.command.iter().position(|tag| tag.is(Word::Outside));
        let Some(at) = outside.filter(|_| !self.sentence.has_any(&[Word::Outside, Word::Not]))
        else {
            return false;
        };
        let near = at + 5;
        self.shared(&self.wanted())
            .iter()
            .any(|(said, _)| (at..near).contains(said))
    }

    /// The command says of something that is asked for that it is so, and denies nothing.
    fn is_in_line(&self) -> bool {
        let denies = (0..self.command.len()).any(|at| self.denied(at));
        !denies
            && self.shared(&self.forbidden()).is_empty()
            && !self.shared(&self.wanted()).is_empty()
    }

    /// Whether the sentence demands something of a release, and the command does not tell if it is
    /// kept. What is forbidden is not done by a command that does not speak of it.
    fn is_open(&self) -> bool {
        let sentence = self.sentence;
        let orders = sentence
            .first_word()
            .is_some_and(|word| self.definition.is_imperative(word));
        let insists = orders
            || sentence.has_any(&[Word::Must, Word::Not, Word::Only, Word::Should, Word::Stop]);
        let is_about = |meaning: &Meaning| match meaning {
            Meaning::Word(Word::Deploy | Word::Change | Word::Emergency)
            | Meaning::Place(_)
            | Meaning::Strategy(_) => true,
            Meaning::Word(word) => TOPICS.contains(word) && !EVERYDAY.contains(word),
            _ => false,
        };
        let of_release = sentence.tags.iter().any(|tag| is_about(&tag.meaning))
            || sentence.above.iter().any(is_about);
        insists
            && of_release
            && !sentence.has(Word::Reported)
            && (!self.wanted().is_empty() || !self.shared(&self.forbidden()).is_empty())
    }
}

const BY: [&str; 4] = ["by", "von", "por", "par"];

/// "Rollback untested", "logs discarded"
fn undoes(tag: &Tag) -> bool {
    let word = tag.first.as_str();
    (word.starts_with("un") && word.ends_with("ed") && word.len() > 6) || removes(tag)
}

/// "At most two hours", "within a day"
const CEILINGS: [&str; 12] = [
    "within",
    "under",
    "most",
    "max",
    "maximum",
    "below",
    "<",
    "innerhalb",
    "younger",
    "h\u{f6}chstens",
    "maximal",
    "m\u{e1}ximo",
];

/// "No older than a day"
const EXCEEDS: [&str; 8] = [
    "older", "exceed", "exceeds", "more", "longer", "above", "over", "later",
];

/// "Merge", "maintenance": acts that are more than a deploy.
fn is_act(tag: &Tag) -> bool {
    const PLAIN: [&str; 5] = ["deploy", "releas", "chang", "ship", "roll"];
    (tag.is(Word::Deploy) || tag.is(Word::Change))
        && !PLAIN.iter().any(|word| tag.first.starts_with(word))
}

/// Whether both say the same.
fn same(one: &Tag, other: &Tag) -> bool {
    match (&one.meaning, &other.meaning) {
        (Meaning::Other, Meaning::Other) => same_word(&one.first, &other.first),
        (one, other) => one == other,
    }
}

/// "inform" and "informed": two thirds of the longer one are alike.
fn same_word(one: &str, other: &str) -> bool {
    let alike = one
        .chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other)
        .count();
    let longer = one.chars().count().max(other.chars().count());
    alike == longer || (alike >= 4 && alike * 3 >= longer * 2)
}

/// Topics that other texts have, too.
const EVERYDAY: [Word; 10] = [
    Word::Channel,
    Word::Ticket,
    Word::Notes,
    Word::Image,
    Word::Tag,
    Word::Branch,
    Word::Present,
    Word::History,
    Word::Window,
    Word::Announce,
];

/// Words of the definition that tell what a sentence is about; a deploy, a change or a plan is what
/// all of them are about.
const TOPICS: [Word; 33] = [
    Word::Manual,
    Word::Window,
    Word::Migration,
    Word::DownMigration,
    Word::Rollback,
    Word::WayBack,
    Word::Test,
    Word::SpecialTest,
    Word::Smoke,
    Word::Health,
    Word::Monitor,
    Word::Scan,
    Word::Finding,
    Word::Backup,
    Word::RestoreTest,
    Word::Provenance,
    Word::Tag,
    Word::Semver,
    Word::Branch,
    Word::Image,
    Word::Approve,
    Word::FourEyes,
    Word::Review,
    Word::OnCall,
    Word::Present,
    Word::Announce,
    Word::Channel,
    Word::Ticket,
    Word::Notes,
    Word::Freeze,
    Word::Incident,
    Word::Bake,
    Word::History,
];
