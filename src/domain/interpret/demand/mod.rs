//! Seventh stage: the clauses of a text become one demand. Deeds that belong together are joined
//! ("build main, test it and put it on staging"), conditions that a plan meets anyway become part
//! of it, and two deeds that exclude each other stay two.

mod addressee;
mod beside;
mod conditions;
mod join;

use join::Deed;

use super::clause::{Clause, Link, clauses};
use super::concern::Concern;
use super::form::Form;
use super::found::{Found, Joint, PlaceMention, Said};
use super::head::Head;
use super::lexicon::Role;
use super::mood::{Mood, mood};
use super::slots::{self, Expect, Use};
use super::token::Kind;
use super::unit::Words;
use crate::domain::intent::{Action, Span};

/// What the whole text asks for.
#[derive(Debug)]
pub(super) struct Demand {
    pub whole: Whole,
    pub action: Option<Said<Action>>,
    /// Further deeds that do not belong to the first.
    pub others: Vec<Said<Action>>,
    pub found: Found,
    /// One for each unit.
    pub uses: Vec<Use>,
}

/// What a text is as a whole: its command, or the weightiest of the rest. The later ones give way
/// to the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whole {
    Command,
    Injection,
    Negated,
    Destructive,
    Question,
    Report,
    Foreign,
    Help,
    Fragment,
    Approval,
    Dissent,
    Assent,
    Empty,
}

pub(super) fn demand(words: Words<'_>, expect: Expect) -> Demand {
    let clauses = clauses(&words);
    let asks = |clause: &Clause| clause.end == Some(Kind::Question) && expect.asked.is_none();
    let repeats = |clause: &Clause| clause.units.clone().any(|at| words.has(at, Role::Same));
    let moods = clauses
        .iter()
        .map(|clause| match mood(&words, clause) {
            // "shop on production?", but "the same on production?" asks for a deed.
            Mood::Fragment if asks(clause) && !repeats(clause) => Mood::Question,
            mood => mood,
        })
        .collect();
    let mut reader = Reader {
        words,
        expect,
        clauses,
        moods,
        demand: Demand {
            whole: Whole::Empty,
            action: None,
            others: Vec::new(),
            found: Found::default(),
            uses: vec![Use::Free; words.units.len()],
        },
    };
    reader.read();
    reader.demand
}

struct Reader<'a> {
    words: Words<'a>,
    expect: Expect,
    clauses: Vec<Clause>,
    moods: Vec<Mood>,
    demand: Demand,
}

impl Reader<'_> {
    fn read(&mut self) {
        self.marks();
        self.set_attempts_aside();
        let commands = self
            .moods
            .iter()
            .any(|mood| matches!(mood, Mood::Command(_)));
        self.demand.whole = self.moods.iter().map(whole).min().unwrap_or(Whole::Empty);
        for index in 0..self.clauses.len() {
            if let Mood::Command(head) = self.moods[index].clone() {
                self.command(index, &head);
            }
        }
        for index in 0..self.clauses.len() {
            if commands {
                self.beside(index);
            } else {
                self.alone(index);
            }
        }
    }

    /// Marks and the connectors between clauses say nothing more; what must never be in a command
    /// counts wherever it stands.
    fn marks(&mut self) {
        self.demand.uses.fill(Use::Little);
        for clause in &self.clauses {
            self.demand.uses[clause.units.clone()].fill(Use::Free);
        }
        for (at, unit) in self.words.units.iter().enumerate() {
            match unit.kind {
                Kind::Word(Form::Hostile) => self.note(Concern::Hostile, at..at + 1),
                Kind::Word(Form::Placeholder) => self.note(Concern::Placeholder, at..at + 1),
                Kind::Word(_) if unit.has(Role::Correction) => {
                    self.note(Concern::Correction, at..at + 1);
                }
                Kind::Word(_) | Kind::Quoted => {}
                _ => self.demand.uses[at] = Use::Little,
            }
        }
    }

    /// What follows an attempt in its sentence belongs to it.
    fn set_attempts_aside(&mut self) {
        for index in 1..self.clauses.len() {
            let follows = self.clauses[index].link != Link::Sentence;
            if follows && self.moods[index - 1] == Mood::Injection {
                if matches!(self.moods[index], Mood::Command(_)) {
                    let units = self.clauses[index].units.clone();
                    self.note(Concern::AttemptedDeed, units);
                }
                self.moods[index] = Mood::Injection;
            }
        }
    }

    fn command(&mut self, index: usize, head: &Head) {
        let found = self.slots_of_command(index, head);
        let said = Said {
            value: head.action,
            span: self.span_of(head),
        };
        match self.demand.action.clone() {
            None => {
                self.demand.action = Some(said);
                self.demand.found.join(found);
            }
            Some(first) => self.join(
                first,
                Deed {
                    index,
                    action: said,
                    found,
                },
            ),
        }
        self.notes_of_command(index, head);
        self.ban_behind(index);
        if head.action.makes_plan() {
            self.backticks(index);
        }
    }

    /// "starte shop nicht neu": a ban that stands behind its verb.
    fn ban_behind(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        for at in units {
            let open = self.demand.uses[at] == Use::Free;
            if open && self.words.any(at, &[Role::Negator]) {
                self.demand.uses[at] = Use::Aside;
                self.note(Concern::Negation, at..at + 1);
            }
        }
    }

    /// Backticks are how text is set in chats, and how a shell is made to run something.
    fn backticks(&mut self, index: usize) {
        for at in self.clauses[index].units.clone() {
            let unit = &self.words.units[at];
            let known = !unit.services.is_empty() || unit.environment;
            let version = matches!(unit.form(), Some(Form::Version | Form::Path));
            if unit.quote == Some('`') && !known && !version && !self.is_hyphenated(at) {
                self.note(Concern::Backticks, at..at + 1);
            }
        }
    }

    /// "`develop`-Commit": what it is stands in the same word.
    fn is_hyphenated(&self, at: usize) -> bool {
        let ends = self.words.units[at].at.end + "`-".len();
        let joined = self.words.get(at + 1).filter(|next| next.at.start == ends);
        joined.is_some_and(|next| next.has(Role::GitNoun))
    }

    fn slots_of_command(&mut self, index: usize, head: &Head) -> Found {
        let verb = head.units.start;
        let says_more = self
            .words
            .any(verb, &[Role::Strategy, Role::DryRun, Role::Time]);
        if !says_more || self.words.has(verb, Role::Verb) {
            self.demand.uses[verb..head.units.end].fill(Use::Used);
        }
        // "back to" is the particle and the word before the version.
        if let Some(particle) = head.particle.filter(|p| !self.words.has(*p, Role::To)) {
            self.demand.uses[particle] = Use::Used;
        }
        self.slots(index, Some(head.action), Some(head.units.end))
    }

    fn slots(&mut self, index: usize, action: Option<Action>, behind_verb: Option<usize>) -> Found {
        // A command of its own is no answer to what was asked.
        let fragment = self.moods[index] == Mood::Fragment;
        let expect = Expect {
            action,
            behind_verb,
            asked: self.expect.asked.filter(|_| fragment),
        };
        let units = self.clauses[index].units.clone();
        slots::read(self.words, units, &mut self.demand.uses, expect)
    }

    fn span_of(&self, head: &Head) -> Span {
        let verb = self.words.span(head.units.clone());
        let particle = head.particle.map(|at| self.words.span(at..at + 1));
        Span {
            start: verb.start,
            end: particle.map_or(verb.end, |p| p.end.max(verb.end)),
        }
    }

    fn notes_of_command(&mut self, index: usize, head: &Head) {
        let units = self.clauses[index].units.clone();
        if let Some(meant) = &head.typo_of {
            let meant = meant.clone();
            self.note(Concern::MistypedVerb { meant }, head.units.clone());
        }
        let end = self.clauses[index].end;
        let asks = end == Some(Kind::Question) && !head.polite;
        if asks && head.action.makes_plan() {
            self.note(Concern::Tentative, units.clone());
        }
        // `/deploy shop@main!` is how a bot is told to use force.
        let last = &self.words.units[units.end - 1];
        let next = self.words.get(units.end);
        // So does `deploy! shop to staging`.
        let alone = units.clone().all(|at| {
            head.units.contains(&at) || self.words.any(at, &[Role::Addressee, Role::Tool])
        });
        let goes_on = alone && head.action.makes_plan() && index + 1 < self.clauses.len();
        // "hubot deploy shop to staging!"
        let bot = units.clone().any(|at| self.words.has(at, Role::Addressee))
            && last.environment
            && head.action.makes_plan();
        let forced = (matches!(last.form(), Some(Form::Pinned(_))) || goes_on || bot)
            && next
                .is_some_and(|mark| mark.kind == Kind::Exclamation && mark.at.start == last.at.end);
        if forced {
            self.note(Concern::Force, units.end - 1..units.end);
        }
    }

    fn holds(&self, index: usize, roles: &[Role]) -> bool {
        let units = self.clauses[index].units.clone();
        units.into_iter().any(|at| self.words.any(at, roles))
    }

    fn aside(&mut self, index: usize) {
        let units = self.clauses[index].units.clone();
        for at in units {
            let unit = &self.words.units[at];
            let word = unit.form().is_some() || unit.kind == Kind::Quoted;
            if word && self.demand.uses[at] == Use::Free {
                self.demand.uses[at] = Use::Aside;
            }
        }
    }

    fn note(&mut self, concern: Concern, units: std::ops::Range<usize>) {
        let span = self.words.span(units.clone());
        self.demand
            .found
            .note(concern, span, self.words.text(units));
    }

    fn set_aside(&mut self, index: usize, concern: Concern) {
        self.aside(index);
        self.note(concern, self.clauses[index].units.clone());
    }

    /// A clause of a text without any command: the best guess is still worth showing.
    fn alone(&mut self, index: usize) {
        match self.moods[index].clone() {
            Mood::Question | Mood::Fragment if self.is_remark(index) => self.aside(index),
            Mood::Question => {
                let action = self.shown_by(index);
                self.guess(index, action, None);
            }
            Mood::Nominal(head) => {
                self.demand.uses[head.units.clone()].fill(Use::Used);
                self.guess(index, head.action, Some(head.units.end));
                self.note(Concern::Nominal, self.clauses[index].units.clone());
            }
            Mood::Foreign | Mood::Destructive => {
                let behind = self.behind_told_deed(index);
                self.guess(index, Action::Unsupported, behind);
            }
            Mood::Fragment if self.addresses(index) => self.addressed(index),
            Mood::Fragment => {
                // "Quiet week, so no deploys": its words name nothing.
                let tells = matches!(
                    self.demand.whole,
                    Whole::Negated | Whole::Report | Whole::Destructive
                );
                let action = tells.then_some(Action::Unsupported);
                let found = self.slots(index, action.or(self.expect.action), None);
                self.demand.found.join(found);
            }
            Mood::Injection => self.set_aside(index, Concern::Injection),
            Mood::Assent | Mood::Dissent | Mood::Approval | Mood::Empty => {
                let units = self.clauses[index].units.clone();
                self.demand.uses[units].fill(Use::Little);
            }
            Mood::Help | Mood::Notice => {
                // "how do I release a web page to staging": which word is a service is not known.
                self.demand
                    .found
                    .places
                    .extend(self.told_in(index, None).places);
                self.aside(index);
            }
            mood @ (Mood::Report | Mood::Negated) => {
                self.named_in(index, mood == Mood::Report);
                self.aside(index);
            }
            _ => self.aside(index),
        }
    }

    /// "is it stuck again (crashing)?": one word in brackets behind a question explains it.
    fn is_remark(&self, index: usize) -> bool {
        let units = self.clauses[index].units.clone();
        let (Some(asked), Some(mark)) = (index.checked_sub(1), units.start.checked_sub(1)) else {
            return false;
        };
        let word = &self.words.units[units.start];
        self.moods[asked] == Mood::Question
            && self.words.text(mark..mark + 1) == "("
            && units.len() == 1
            && word.is_unknown_name()
            && word.services.is_empty()
    }

    /// What a report or a ban is about is worth showing, too. Nothing follows from it.
    fn named_in(&mut self, index: usize, tells: bool) {
        let found = self.told_in(index, self.behind_told_deed(index));
        // "do not push to main" speaks of no version.
        let versions = if tells { found.versions } else { Vec::new() };
        // "nicht auf Staging", "pas en production": the ban is about that place.
        let banned = found.left_out.into_iter().map(|said| Said {
            value: PlaceMention {
                word: said.value,
                joint: Joint::First,
                unknown: false,
            },
            span: said.span,
        });
        let places = match found.places.is_empty() && !tells {
            true => banned.collect(),
            false => found.places,
        };
        self.demand.found.join(Found {
            services: found.services,
            places,
            versions,
            ..Found::default()
        });
    }

    fn told_in(&self, index: usize, behind_verb: Option<usize>) -> Found {
        let units = self.clauses[index].units.clone();
        let mut uses = self.demand.uses.clone();
        // What was set aside is told all the same.
        for used in &mut uses[units.clone()] {
            if *used == Use::Aside {
                *used = Use::Free;
            }
        }
        let expect = Expect {
            action: Some(Action::Unsupported),
            behind_verb,
            ..Expect::default()
        };
        slots::read(self.words, units, &mut uses, expect)
    }

    /// The first unit behind the deed that a clause tells of or forbids.
    fn behind_told_deed(&self, index: usize) -> Option<usize> {
        let mut units = self.clauses[index].units.clone();
        let told = [Role::Verb, Role::Inflected, Role::VerbNoun];
        let deed = |at: &usize| {
            let unit = &self.words.units[*at];
            unit.any(&told) && unit.action.is_some_and(Action::makes_plan)
        };
        units.find(deed).map(|at| at + 1)
    }

    fn guess(&mut self, index: usize, action: Action, behind_verb: Option<usize>) {
        let found = self.slots(index, Some(action), behind_verb);
        self.demand.found.join(found);
        if self.demand.action.is_none() {
            self.demand.action = Some(Said {
                value: action,
                span: self.words.span(self.clauses[index].units.clone()),
            });
        }
    }

    /// What would answer a question.
    fn shown_by(&self, index: usize) -> Action {
        let known = [
            Role::StatusNoun,
            Role::Environment,
            Role::Inflected,
            Role::Verb,
            Role::VerbNoun,
            Role::HealthCheck,
            Role::Pass,
            Role::Fail,
            Role::ReplicaNoun,
        ];
        let units = self.clauses[index].units.clone();
        if self.holds(index, &[Role::LogNoun]) {
            Action::Logs
        } else if self.holds(index, &known)
            || units
                .into_iter()
                .any(|at| !self.words.units[at].services.is_empty())
        {
            Action::Status
        } else {
            Action::Unsupported
        }
    }
}

fn whole(mood: &Mood) -> Whole {
    match mood {
        Mood::Command(_) | Mood::Nominal(_) => Whole::Command,
        Mood::Injection => Whole::Injection,
        Mood::Negated => Whole::Negated,
        Mood::Destructive => Whole::Destructive,
        Mood::Question => Whole::Question,
        Mood::Report | Mood::Speech | Mood::Condition | Mood::Reason => Whole::Report,
        Mood::Foreign | Mood::Notice | Mood::Opaque => Whole::Foreign,
        Mood::Help => Whole::Help,
        Mood::Fragment => Whole::Fragment,
        Mood::Approval => Whole::Approval,
        Mood::Dissent => Whole::Dissent,
        Mood::Assent => Whole::Assent,
        Mood::Empty => Whole::Empty,
    }
}
