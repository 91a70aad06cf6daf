//! Sixth stage: the roles of the words of one clause. Readers are tried in turn at each unit; one
//! that recognises its phrase takes all of it. Names that nothing marks are kept as candidates
//! and settled at the end, when it is known what else the clause holds.

mod beside;
mod doubt;
mod extras;
mod options;
mod places;
mod references;
mod services;
mod settle;
mod tests_wish;
mod versions;

use std::ops::Range;

use super::concern::Concern;
use super::form::Form;
use super::found::Found;
use super::lexicon::Role;
use super::reading::QuestionSlot;
use super::token::Kind;
use super::unit::Words;
use crate::domain::intent::Action;

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Free,
    Used,
    /// A little word that means nothing by itself.
    Little,
    /// Listed among the words that no slot stands for, but something else asks about it or nothing needs to.
    Aside,
}

/// What is known before the words of the clause are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expect {
    pub action: Option<Action>,
    /// What the person was asked for.
    pub asked: Option<QuestionSlot>,
    /// The first unit behind the verb.
    pub behind_verb: Option<usize>,
}

/// A name without anything that says what it names.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: usize,
    mark: Option<Role>,
}

pub(super) struct Slots<'a> {
    words: Words<'a>,
    expect: Expect,
    range: Range<usize>,
    uses: &'a mut [Use],
    found: Found,
    candidates: Vec<Candidate>,
}

/// The words that introduce a slot.
pub(super) const LEADS: [Role; 8] = [
    Role::To,
    Role::On,
    Role::At,
    Role::From,
    Role::Of,
    Role::For,
    Role::With,
    Role::By,
];

type Reader<'a> = fn(&mut Slots<'a>, usize) -> Option<usize>;

/// Reads the free units of a clause and marks what was understood.
pub(super) fn read(
    words: Words<'_>,
    range: Range<usize>,
    uses: &mut [Use],
    expect: Expect,
) -> Found {
    let mut slots = Slots {
        words,
        expect,
        range: range.clone(),
        uses,
        found: Found::default(),
        candidates: Vec::new(),
    };
    let mut at = range.start;
    while at < range.end {
        at = slots.step(at);
    }
    slots.settle();
    slots.noun_beside_service();
    slots.number_behind_name();
    slots.doubt_numbers();
    slots.found
}

impl<'a> Slots<'a> {
    const READERS: [Reader<'a>; 12] = [
        Self::unread,
        Self::time,
        Self::tests,
        Self::modifier,
        Self::everything,
        Self::left_out,
        Self::option,
        Self::version,
        Self::place,
        Self::service,
        Self::quantity,
        Self::back_reference,
    ];

    fn step(&mut self, at: usize) -> usize {
        if self.uses[at] != Use::Free {
            return at + 1;
        }
        for reader in Self::READERS {
            if let Some(next) = reader(self, at) {
                debug_assert!(
                    next > at && next <= self.range.end,
                    "a reader takes what it saw"
                );
                self.take(at..next);
                return next;
            }
        }
        self.rest(at);
        at + 1
    }

    fn take(&mut self, units: Range<usize>) {
        for used in &mut self.uses[units] {
            if *used == Use::Free {
                *used = Use::Used;
            }
        }
    }

    /// What no reader knows: a little word, a candidate, or something not understood.
    fn rest(&mut self, at: usize) {
        let little = [
            Role::Filler,
            Role::Polite,
            Role::Determiner,
            Role::And,
            Role::Then,
            Role::Yes,
            Role::Running,
            Role::Everything,
            Role::Addressee,
            Role::Tool,
            Role::QuestionEnd,
        ];
        // What is only shown is shown, in whichever words it is asked for.
        let asks = [
            Role::QuestionStart,
            Role::StatusNoun,
            Role::LogNoun,
            Role::TestNoun,
            Role::HealthCheck,
            Role::Report,
            Role::Inflected,
            Role::Verb,
            Role::VerbNoun,
            Role::VersionNoun,
            Role::VersionPlural,
            Role::Fail,
            Role::Pass,
            Role::Subject,
            Role::ReplicaNoun,
        ];
        let unit = &self.words.units[at];
        let sign = matches!(unit.kind, Kind::Comma | Kind::Colon | Kind::Arrow)
            || unit.form() == Some(Form::Decoration)
            || (unit.form() == Some(Form::Mention) && self.opens(at));
        let asked = self.only_shows() && unit.any(&asks);
        // "ask jenkins to deploy shop"
        let asked =
            asked || unit.has(Role::Relay) && self.expect.behind_verb.is_some_and(|v| at < v);
        // "trigger the build pipeline", "scale the replicas"
        let job = unit.has(Role::JobNoun)
            && at > 0
            && self.words.any(at - 1, &[Role::VerbNoun, Role::Verb]);
        let job = job || (unit.has(Role::ReplicaNoun) && self.is_action(&[Action::Scale]));
        // "shop: restart the production pods"
        let job = job || (unit.has(Role::ResourceNoun) && self.is_action(&[Action::Restart]));
        if (unit.is_ticket() && self.opens(at)) || self.words.is_bot(at) {
            self.uses[at] = Use::Aside;
        } else if unit.form() == Some(Form::Mention) && !self.opens(at) {
            self.uses[at] = Use::Aside;
            self.note(Concern::Notify, at..at + 1);
        } else if self.is_called_like_a_bot(at) {
            let mark = self.mark_before(at);
            self.candidates.push(Candidate { at, mark });
        } else if self.leads_nowhere(at) || self.is_means(at) {
            // It stays among the words that were not understood.
        } else if job || sign || asked || unit.any(&little) || unit.any(&LEADS) {
            self.uses[at] = Use::Little;
        } else if self.is_searched_for(at) {
            // It stays among the words that were not understood.
        } else if self.words.definition.prepositions.contains(&unit.lower) {
            // "the commit auf staging": of another language than the rest, and no name.
        } else if unit.is_unknown_name() || self.may_be_any_word(at) {
            let mark = self.mark_before(at);
            self.candidates.push(Candidate { at, mark });
        }
    }

    /// "switch production off for shop": a part of the verb, which may turn it into its opposite.
    fn leads_nowhere(&self, at: usize) -> bool {
        let ends = at + 1 >= self.range.end || self.any(at + 1, &LEADS);
        // "führe die Tests aus"
        let ends = ends && !self.words.definition.verb_final;
        let acts = self.expect.action.is_some_and(Action::makes_plan);
        let only_from = !self.any(at, &[Role::To, Role::On, Role::Of, Role::Filler]);
        acts && ends && only_from && self.has(at, Role::From)
    }

    /// "deploy shop with helm": how it is to be done is not chosen here.
    fn is_means(&self, at: usize) -> bool {
        let acts = self.expect.action.is_some_and(Action::makes_plan);
        let behind = self.expect.behind_verb.is_some_and(|verb| at > verb);
        let led = matches!(self.mark_before(at), Some(Role::With | Role::By));
        acts && behind && led && self.has(at, Role::Tool)
    }

    /// "deploy hubot", "status of jenkins": behind the verb it is no address, unless a comma sets
    /// it apart.
    fn is_called_like_a_bot(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        let bot = unit.has(Role::Addressee) && !unit.any(&[Role::Filler, Role::Polite]);
        let behind = self.expect.behind_verb.is_some_and(|verb| at >= verb);
        bot && behind
            && self.form(at) == Some(Form::Name)
            && !unit.text.contains(' ')
            && self.words.kind(at - 1) != Some(Kind::Comma)
    }

    /// A branch may be called like an ordinary word, and a service like a place of the web; it is one
    /// where that was asked for.
    fn may_be_any_word(&self, at: usize) -> bool {
        match self.expect.asked {
            Some(QuestionSlot::Version) => self.words.any(at, &[Role::Plain, Role::Payload]),
            Some(QuestionSlot::Service) => self.words.has(at, Role::Hosting),
            _ => false,
        }
    }

    /// "logs with the keyword 'timeout'"
    fn is_searched_for(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        let told = at > self.range.start && self.has(at - 1, Role::Plain);
        self.only_shows() && told && unit.quote.is_some() && unit.services.is_empty()
    }

    /// Whether only words of greeting stand before it: "hey @bot".
    fn opens(&self, at: usize) -> bool {
        (0..at).all(|before| {
            self.words
                .any(before, &[Role::Filler, Role::Polite, Role::Addressee])
                || self.words.form(before).is_none()
                || self.words.units[before].is_ticket()
        })
    }

    /// The word that introduces a slot at this unit, and where the slot itself begins.
    fn lead(&self, at: usize) -> (Option<Role>, usize) {
        let lead = LEADS
            .iter()
            .copied()
            .find(|role| at < self.range.end && self.words.has(at, *role));
        let at = if lead.is_some() { at + 1 } else { at };
        (lead, self.skip(at, &[Role::Determiner, Role::Filler]))
    }

    /// The same for a unit that was reached already: what introduces it.
    fn mark_before(&self, at: usize) -> Option<Role> {
        let mut before = at;
        while before > self.range.start
            && self
                .words
                .any(before - 1, &[Role::Determiner, Role::Filler])
        {
            before -= 1;
        }
        let before = before.checked_sub(1).filter(|b| *b >= self.range.start)?;
        LEADS
            .iter()
            .copied()
            .find(|role| self.words.has(before, *role))
    }

    fn skip(&self, at: usize, roles: &[Role]) -> usize {
        self.words.skip(at, roles).min(self.range.end)
    }

    /// What a noun names: "environment staging", "the version: v2", "the service called shop".
    fn behind_noun(&self, noun: usize) -> usize {
        let colon = self.words.kind(noun + 1) == Some(Kind::Colon);
        self.skip(noun + 1 + usize::from(colon), &[Role::Filler])
    }

    fn has(&self, at: usize, role: Role) -> bool {
        at < self.range.end && self.words.has(at, role)
    }

    fn any(&self, at: usize, roles: &[Role]) -> bool {
        at < self.range.end && self.words.any(at, roles)
    }

    fn form(&self, at: usize) -> Option<Form> {
        self.words.form(at).filter(|_| at < self.range.end)
    }

    fn is_environment(&self, at: usize) -> bool {
        at < self.range.end && self.words.is_environment(at)
    }

    fn is_action(&self, actions: &[Action]) -> bool {
        self.expect.action.is_some_and(|a| actions.contains(&a))
    }

    /// Nothing is done at all.
    fn only_names(&self) -> bool {
        self.is_action(&[Action::Unsupported])
    }

    /// Nothing is changed by what is only shown.
    fn only_shows(&self) -> bool {
        self.is_action(&[Action::Status, Action::Logs])
    }

    fn note(&mut self, concern: Concern, units: Range<usize>) {
        let span = self.words.span(units.clone());
        self.found.note(concern, span, self.words.text(units));
    }
}
