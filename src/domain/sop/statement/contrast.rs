//! What the words of a command say against a sentence of a procedure, or in line with it: "ship it,
//! no screenshots attached" against "Screenshots are attached to every release".
//!
//! A statement is a demand of a closed list; procedures demand more than any list has. Here nothing is
//! known of what a sentence is about: its words are compared with those of the command, and it is
//! looked at what each denies. It counts where procedures are tried out (`commander advise`), and
//! nowhere else, as claims do.

use super::claims::{is_denied, is_missing};
use super::definition::Definition;
use super::meaning::{Meaning, PlaceWord, StrategyWord, Word};
use super::measure::{Measure, durations, multiples, shares};
use super::recognise::{removes, says_no, wants};
use super::sentence::{Sentence, Tag};
use super::token::{Glue, is_wide};
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
    if read.is_of_another_size() {
        return None;
    }
    if read.denies_the_wanted()
        || read.names_another()
        || read.is_outside()
        || read.turns_the_order()
        || read.takes_another_first()
        || read.does_it_during()
        || read.does_all_at_once()
        || read.does_only_a_part()
        || read.names_no_digest()
    {
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
            Meaning::Word(word) => TOPICS.contains(word) || self.contents(tag).next().is_some(),
            Meaning::Role(_) | Meaning::Strategy(_) => true,
            Meaning::Other => self.contents(tag).next().is_some(),
            _ => false,
        }
    }

    /// The words of a phrase that tell what it is about, whatever it means.
    fn contents<'t>(&self, tag: &'t Tag) -> impl Iterator<Item = &'t str> {
        let tells = match &tag.meaning {
            Meaning::Word(word) => !FRAME.contains(word),
            Meaning::Other | Meaning::Role(_) => true,
            _ => false,
        };
        let definition = self.definition;
        std::iter::once(&tag.first)
            .chain(&tag.rest)
            .filter(move |_| tells)
            .filter(move |word| {
                word.chars().count() >= 2
                    && !word.starts_with(is_wide)
                    && !word.starts_with(|c: char| c.is_ascii_digit())
                    && !definition.is_empty_word(word)
            })
            .map(String::as_str)
    }

    /// Whether both say the same.
    fn same(&self, one: &Tag, other: &Tag) -> bool {
        let topic = |tag: &Tag| match &tag.meaning {
            Meaning::Word(word) => TOPICS.contains(word).then(|| family(*word)),
            _ => None,
        };
        let alike = match (&one.meaning, &other.meaning) {
            (Meaning::Word(_), Meaning::Word(_)) => {
                topic(one).is_some() && topic(one) == topic(other)
            }
            (Meaning::Role(_), Meaning::Role(_)) | (Meaning::Strategy(_), Meaning::Strategy(_)) => {
                one.meaning == other.meaning
            }
            _ => false,
        };
        alike
            || self
                .contents(one)
                .any(|word| self.contents(other).any(|other| same_word(word, other)))
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
                .filter(move |of| self.same(&self.command[at], &self.sentence.tags[**of]))
                .map(move |of| (at, *of))
        })
        .collect()
    }

    /// "No screenshots attached" where they are asked for.
    fn denies_the_wanted(&self) -> bool {
        // What nobody wants is well denied.
        let welcome = [
            Word::Finding,
            Word::Incident,
            Word::Severity,
            Word::Emergency,
            Word::Freeze,
            Word::Holiday,
            Word::Peak,
            Word::Downtime,
        ];
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
        self.misses_a_count()
            || self.misses(&asked, &self.durations())
            || self.misses(&shares(own), &shares(self.command))
            || self.misses(&multiples(own), &multiples(self.command))
    }

    /// "One engineer" where there must be two of them.
    fn misses_a_count(&self) -> bool {
        let counted = |tags: &[Tag]| -> Vec<(u32, usize, usize)> {
            (0..tags.len())
                .filter_map(|at| {
                    let Meaning::Number(count @ 0..=20) = tags[at].meaning else {
                        return None;
                    };
                    let of = (at + 1..(at + 3).min(tags.len()))
                        .take_while(|of| !matches!(tags[*of].meaning, Meaning::Mark(_)))
                        .find(|of| self.is_term(&tags[*of]) || tags[*of].is(Word::People))?;
                    Some((count, at, of))
                })
                .collect()
        };
        let own = self.sentence.own();
        let (asked, mut named) = (counted(own), counted(self.command));
        // "Two for a risky change, one for a small one"
        named.retain(|(count, _, _)| !own.iter().any(|tag| tag.meaning == Meaning::Number(*count)));
        asked.into_iter().any(|(asked, at, of)| {
            let most = own[..at].iter().rev().take(4).any(|tag| {
                CEILINGS.contains(&tag.first.as_str()) || EXCEEDS.contains(&tag.first.as_str())
            });
            let banned = !wants(self.sentence, self.sentence.own + of);
            !most
                && !banned
                && named.iter().any(|(count, _, said)| {
                    let same = self.same(&self.command[*said], &own[of])
                        || (own[of].is(Word::People) && self.command[*said].is(Word::People));
                    same && *count < asked
                })
        })
    }

    fn misses(&self, asked: &[Measure], named: &[Measure]) -> bool {
        let ([.., asked], [named]) = (asked, named) else {
            return false;
        };
        let own = self.sentence.own();
        let mut near = own[..asked.at].iter().rev().take(6);
        // "Nothing within two days of the launch" asks for two days at least.
        let over =
            |tag: &Tag| EXCEEDS.contains(&tag.first.as_str()) || tag.meaning == Meaning::Mark('>');
        // "Back when errors are over 2 %": what is taken back is past no limit any more.
        if self.sentence.has(Word::Threshold) && near.clone().any(over) {
            return named.value > asked.value && !self.takes_back();
        }
        let is_ceiling = match self.sentence.has_any(&[Word::Not, Word::Freeze]) {
            true => near.any(over),
            // "30分钟内": it stands behind the length.
            false if own.get(asked.at + 1).is_some_and(|tag| tag.first == "内") => true,
            false => near.any(|tag| {
                CEILINGS.contains(&tag.first.as_str()) || (tag.is(Word::During) && tag.is_phrase())
            }),
        };
        match is_ceiling {
            true => named.value > asked.value,
            false => named.value < asked.value,
        }
    }

    /// "While the import runs" where nothing goes out while it does.
    fn does_it_during(&self) -> bool {
        let during = |tags: &[Tag]| {
            tags.iter()
                .position(|tag| tag.is(Word::During) && !tag.is_phrase())
        };
        let own = self.sentence.own();
        let (Some(asked), Some(named)) = (during(own), during(self.command)) else {
            return false;
        };
        let forbids = own[..asked]
            .iter()
            .any(|tag| tag.is(Word::Not) || tag.is(Word::Stop));
        let lasts = |tags: &[Tag], from: usize| -> Vec<usize> {
            (from + 1..tags.len())
                .take_while(|at| !tags[*at].ends_clause())
                .filter(|at| self.is_term(&tags[*at]))
                .collect()
        };
        let (asked, named) = (lasts(own, asked), lasts(self.command, named));
        let shared = named.iter().filter(|at| {
            let said = &self.command[**at];
            !self.denied(**at) && asked.iter().any(|of| self.same(said, &own[*of]))
        });
        forbids
            && !self.takes_back()
            && !self.sentence.has(Word::Unless)
            && shared.count() * 2 >= asked.len().max(1)
    }

    /// "All hosts at once" where it is one by one.
    fn does_all_at_once(&self) -> bool {
        let one_by_one = self.sentence.owns(Word::OneByOne) && !self.sentence.has(Word::Not);
        let recreate = Meaning::Strategy(StrategyWord::Recreate);
        one_by_one && self.command.iter().any(|tag| tag.meaning == recreate)
    }

    /// "Signed by QA only" where QA and security sign.
    fn does_only_a_part(&self) -> bool {
        let Some(only) = self.command.iter().position(|tag| tag.is(Word::Only)) else {
            return false;
        };
        let own = self.sentence.own();
        let choice = own
            .iter()
            .any(|tag| ["or", "oder", "either", "ou", "o"].contains(&tag.first.as_str()));
        let whole = own.iter().any(|tag| {
            [
                "all", "every", "each", "both", "whole", "entire", "and", "plus", "&", "+", "und",
                "y", "et", "e",
            ]
            .contains(&tag.first.as_str())
        });
        let wanted = self.wanted();
        let near = only.saturating_sub(3)..only + 4;
        let shared = self.shared(&wanted);
        let limits = shared.iter().any(|(said, _)| near.contains(said));
        let mut kept: Vec<usize> = shared.into_iter().map(|(_, of)| of).collect();
        kept.sort_unstable();
        kept.dedup();
        whole && !choice && !self.sentence.has(Word::Only) && limits && kept.len() < wanted.len()
    }

    /// "For large changes" says nothing of a small one.
    fn is_of_another_size(&self) -> bool {
        let said = |word: Word| self.command.iter().any(|tag| tag.is(word));
        let has = |word: Word| self.sentence.has(word);
        (has(Word::Major) && !has(Word::Minor) && said(Word::Minor) && !said(Word::Major))
            || (has(Word::Minor) && !has(Word::Major) && said(Word::Major) && !said(Word::Minor))
    }

    /// "Deploy shop:v1" where images are named by their digest.
    fn names_no_digest(&self) -> bool {
        let by_digest = |tag: &Tag| {
            let words = std::iter::once(&tag.first).chain(&tag.rest);
            words
                .into_iter()
                .any(|word| word.starts_with("digest") || word.starts_with("sha256"))
        };
        let own = self.sentence.own();
        let asked = (0..own.len())
            .any(|at| by_digest(&own[at]) && wants(self.sentence, self.sentence.own + at));
        // A colon that a version follows at once: of a time it is a number.
        let tagged = self.command.windows(3).any(|three| {
            three[1].meaning == Meaning::Mark(':')
                && three[1].glue == Glue::Nothing
                && three[2].glue == Glue::Nothing
                && three[0].meaning == Meaning::Other
        });
        asked && tagged && !self.command.iter().any(by_digest)
    }

    fn takes_back(&self) -> bool {
        (0..self.command.len()).any(|at| self.command[at].is(Word::Rollback) && !self.denied(at))
    }

    /// "The app first" where the database comes first.
    fn takes_another_first(&self) -> bool {
        // What stands before "first", as far as two words.
        let led = |tags: &[Tag]| {
            let first = tags.iter().position(|tag| tag.is(Word::First))?;
            let near = first.saturating_sub(2)..first;
            Some(near.collect::<Vec<usize>>())
        };
        let own = self.sentence.own();
        let (Some(asked), Some(named)) = (led(own), led(self.command)) else {
            return false;
        };
        let asked: Vec<&Tag> = asked.iter().map(|at| &own[*at]).collect();
        let named: Vec<&Tag> = named.iter().map(|at| &self.command[*at]).collect();
        let tells = |tags: &[&Tag]| tags.iter().any(|tag| self.is_term(tag));
        tells(&asked)
            && tells(&named)
            && !named
                .iter()
                .any(|tag| asked.iter().any(|other| self.same(tag, other)))
    }

    /// "B, then A", "B before A" where A comes before B.
    fn turns_the_order(&self) -> bool {
        let own = self.sentence.own();
        let Some(before) = own.iter().position(|tag| tag.is(Word::Before)) else {
            return false;
        };
        if before == 0 || self.sentence.has_any(&[Word::Not, Word::Without]) {
            return false;
        }
        let Some(turn) = self
            .command
            .iter()
            .position(|tag| tag.is(Word::Before) || THEN.contains(&tag.first.as_str()))
        else {
            return false;
        };
        let (early, late) = (&own[..before], &own[before + 1..]);
        let (said_first, said_then) = (&self.command[..turn], &self.command[turn + 1..]);
        // Only what stands on one side tells the order.
        let says = |said: &[Tag], side: &[Tag], other: &[Tag]| {
            said.iter().filter(|tag| self.is_term(tag)).any(|tag| {
                side.iter()
                    .any(|term| self.is_term(term) && self.same(tag, term))
                    && !other
                        .iter()
                        .any(|term| self.is_term(term) && self.same(tag, term))
            })
        };
        let first_is_late = says(said_first, late, early) && !says(said_first, early, late);
        let last_is_early = says(said_then, early, late) && !says(said_then, late, early);
        first_is_late && last_is_early
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
                .any(|(at, other)| self.is_term(other) && self.same(tag, other) && !conditional(at))
        });
        let mut acts = self.command.iter().filter(|tag| is_act(tag)).filter(|tag| {
            own.iter()
                .any(|other| is_act(other) && same_word(&tag.first, &other.first))
        });
        let steps = shares(own);
        // What is removed, or kept for so long only.
        let removed = self.sentence.owns(Word::Keep)
            && self
                .command
                .iter()
                .any(|tag| removes(tag) || tag.is(Word::Keep));
        let staging = |tags: &[Tag]| {
            tags.iter().any(|tag| {
                matches!(
                    tag.meaning,
                    Meaning::Place(PlaceWord::Staging | PlaceWord::Other)
                )
            })
        };
        removed
            || (staging(own) && staging(self.command))
            || of_term.next().is_some()
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
        let is_day =
            |at: usize| self.command.get(at).map(|tag| &tag.meaning) == Some(&Meaning::Unit(DAY));
        let turns = |at: usize| {
            self.command
                .get(at)
                .is_some_and(|tag| tag.is(Word::Before) || tag.is(Word::After))
        };
        let next_day = self.command.iter().enumerate().position(|(at, tag)| {
            ["tomorrow", "yesterday", "morgen", "gestern"].contains(&tag.first.as_str())
                || (tag.first == "next" && is_day(at + 1))
                || (tag.first == "the" && is_day(at + 1) && turns(at + 2))
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
        // "At the owner's request": requested by somebody.
        let requests = |tag: &Tag| tag.first.starts_with("request");
        let requested = own.iter().any(requests);
        let by = self.command.windows(2).position(|two| {
            let acts = (asked && approves(&two[0])) || (requested && requests(&two[0]));
            acts && BY.contains(&two[1].first.as_str())
        });
        let Some(by) = by else {
            return false;
        };
        let is_person = |tag: &&Tag| {
            let names = match &tag.meaning {
                Meaning::Other | Meaning::Role(_) | Meaning::Word(Word::OnCall) => true,
                Meaning::Word(Word::People) => !ANYBODY.contains(&tag.first.as_str()),
                _ => false,
            };
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
                matches!(two[1].meaning, Meaning::Other | Meaning::Number(1))
                    && (BY.contains(&led) || ["of", "from", "de"].contains(&led))
            });
        asks_for_one
            && named.peek().is_some()
            && named.all(|tag| !own.iter().any(|other| self.same(tag, other)))
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

const THEN: [&str; 8] = [
    "then",
    "dann",
    "danach",
    "luego",
    "despu\u{e9}s",
    "puis",
    "ensuite",
    "depois",
];

/// Whoever they are.
const ANYBODY: [&str; 12] = [
    "people",
    "person",
    "persons",
    "someone",
    "somebody",
    "individuals",
    "members",
    "team",
    "staff",
    "colleagues",
    "colleague",
    "roles",
];

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

/// One name for words that speak of one thing.
fn family(word: Word) -> Word {
    match word {
        Word::WayBack | Word::Reversible | Word::DownMigration => Word::Rollback,
        Word::FourEyes => Word::Approve,
        Word::Present => Word::OnCall,
        Word::Channel => Word::Announce,
        other => other,
    }
}

/// Words of the definition that tell how something is meant, and not what it is about.
const FRAME: [Word; 54] = [
    Word::Deploy,
    Word::Change,
    Word::Plan,
    Word::Mutable,
    Word::Pinned,
    Word::People,
    Word::Not,
    Word::Stop,
    Word::Only,
    Word::Must,
    Word::Should,
    Word::May,
    Word::Vague,
    Word::Optional,
    Word::Unless,
    Word::Before,
    Word::After,
    Word::Until,
    Word::Between,
    Word::From,
    Word::To,
    Word::At,
    Word::Outside,
    Word::During,
    Word::Without,
    Word::Skip,
    Word::First,
    Word::Last,
    Word::Directly,
    Word::Pass,
    Word::Alone,
    Word::AtOnce,
    Word::OneByOne,
    Word::Size,
    Word::Done,
    Word::Defines,
    Word::Refers,
    Word::If,
    Word::Ongoing,
    Word::RollForward,
    Word::Rebuild,
    Word::SameImage,
    Word::Unproven,
    Word::Leave,
    Word::Minor,
    Word::Major,
    Word::Spent,
    Word::GoOn,
    Word::Critical,
    Word::Others,
    Word::Threshold,
    Word::Own,
    Word::Auto,
    Word::Keep,
];

/// "Warn" and "warning": what differs is an ending, or a third of the longer one at most.
fn same_word(one: &str, other: &str) -> bool {
    let alike = one
        .char_indices()
        .zip(other.chars())
        .take_while(|((_, one), other)| one == other)
        .last()
        .map_or(0, |((at, letter), _)| at + letter.len_utf8());
    let letters = one[..alike].chars().count();
    let longer = one.chars().count().max(other.chars().count());
    let ends = |word: &str| ENDINGS.contains(&&word[alike..]);
    letters == longer || (letters >= 4 && (letters * 3 >= longer * 2 || (ends(one) && ends(other))))
}

const ENDINGS: [&str; 22] = [
    "", "s", "es", "d", "ed", "e", "ing", "ings", "er", "ers", "ion", "ions", "ation", "ations",
    "al", "ally", "ly", "ment", "ments", "en", "y", "ies",
];

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
const TOPICS: [Word; 34] = [
    Word::Reversible,
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
