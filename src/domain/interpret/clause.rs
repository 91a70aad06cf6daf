//! Fourth stage: sentences cut into clauses. A clause ends at the end of its sentence, at a
//! connector with a new verb behind it, and where a condition or a reason begins. "staging and
//! production" stays together, "deploy it and run the tests" does not.

use std::ops::Range;

use super::form::Form;
use super::lexicon::Role;
use super::token::Kind;
use super::unit::Words;

/// A clause: its units and how it hangs together with the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub units: Range<usize>,
    pub link: Link,
    /// The mark that ends its sentence, on the sentence's last clause.
    pub end: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Sentence,
    Comma,
    And,
    Then,
    Or,
    But,
    /// "if ...", "once ..."
    Condition,
    /// "because ..."
    Reason,
    /// After a `|`: words that are not for us.
    Pipe,
}

/// Words that may stand before a verb without hiding that a clause begins. Looked over at most
/// this many units, so that the work stays linear.
const LOOK_AHEAD: usize = 8;

pub(super) fn clauses(words: &Words<'_>) -> Vec<Clause> {
    let mut splitter = Splitter {
        words,
        clauses: Vec::new(),
        start: 0,
        link: Link::Sentence,
    };
    let mut at = 0;
    while at < words.units.len() {
        at = splitter.step(at);
    }
    splitter.close(words.units.len(), None);
    splitter.clauses
}

struct Splitter<'a> {
    words: &'a Words<'a>,
    clauses: Vec<Clause>,
    start: usize,
    link: Link,
}

impl Splitter<'_> {
    fn step(&mut self, at: usize) -> usize {
        if self.link == Link::Pipe {
            return at + 1;
        }
        match self.words.units[at].kind {
            Kind::Stop | Kind::Question | Kind::Exclamation => {
                return self.cut(at, at + 1, Link::Sentence, Some(self.words.units[at].kind));
            }
            Kind::Pipe => return self.cut(at, at + 1, Link::Pipe, None),
            Kind::Colon => return self.colon(at),
            _ => {}
        }
        if let Some(link) = self.connector(at) {
            return self.connect(at, link);
        }
        if self.begins_condition(at) {
            return self.cut(at, at, Link::Condition, None).max(at + 1);
        }
        if self.words.has(at, Role::Because) && !self.is_time(at + 1) && at > self.start {
            return self.cut(at, at, Link::Reason, None).max(at + 1);
        }
        if self.link == Link::Condition && self.verb_after_condition(at) {
            return self.cut(at, at, Link::Comma, None).max(at + 1);
        }
        at + 1
    }

    fn close(&mut self, end: usize, mark: Option<Kind>) {
        if self.start < end {
            self.clauses.push(Clause {
                units: self.start..end,
                link: self.link,
                end: mark,
            });
        } else if let (Some(last), Some(_)) = (self.clauses.last_mut(), mark) {
            last.end = last.end.or(mark);
        }
    }

    /// Ends the clause before `end` and begins the next at `next`.
    fn cut(&mut self, end: usize, next: usize, link: Link, mark: Option<Kind>) -> usize {
        self.close(end, mark);
        self.start = next;
        self.link = link;
        next
    }

    /// "Reminder: deploy ..." says where the command begins; "shop: deploy ..." names the service.
    fn colon(&mut self, at: usize) -> usize {
        let named = self.words.units[self.start..at]
            .iter()
            .any(|unit| !unit.services.is_empty() || unit.environment);
        if !named && self.begins_clause(at + 1) {
            self.cut(at, at + 1, Link::Sentence, Some(Kind::Colon))
        } else {
            at + 1
        }
    }

    fn connector(&self, at: usize) -> Option<Link> {
        let unit = &self.words.units[at];
        match unit.kind {
            Kind::Comma => Some(Link::Comma),
            _ if unit.has(Role::Then) => Some(Link::Then),
            _ if unit.has(Role::But) => Some(Link::But),
            _ if unit.has(Role::Or) => Some(Link::Or),
            _ if unit.has(Role::And) => Some(Link::And),
            _ => None,
        }
    }

    fn connect(&mut self, at: usize, link: Link) -> usize {
        // ", and then": the strongest of a row counts.
        let mut next = at + 1;
        let mut strongest = link;
        while next < at + LOOK_AHEAD
            && let Some(more) = self.words.get(next).and_then(|_| self.connector(next))
        {
            if rank(more) > rank(strongest) {
                strongest = more;
            }
            next += 1;
        }
        // "no, production", but not "yes, that one".
        let same = [Role::Pronoun, Role::Determiner, Role::Filler, Role::Yes];
        let answers = link == Link::Comma
            && at == self.start + 1
            && !self.words.any(next, &same)
            && self.words.any(self.start, &[Role::Yes, Role::NoAnswer]);
        let leaves_condition =
            self.link == Link::Condition && matches!(strongest, Link::Comma | Link::Then);
        if answers || leaves_condition || self.begins_clause(next) {
            return self.cut(at, next, strongest, None);
        }
        // "then production", "and to production": a list goes on.
        at + 1
    }

    fn begins_condition(&self, at: usize) -> bool {
        // "check if it is up", "find out when ..."
        let looks = at > self.start && self.words.any(at - 1, &[Role::Display, Role::Inspect]);
        self.words.has(at, Role::If)
            && !looks
            && !self.is_time(at + 1)
            && !self.is_question_word(at)
    }

    /// "when did somebody deploy last?"
    fn is_question_word(&self, at: usize) -> bool {
        at == self.start
            && self.words.has(at, Role::QuestionStart)
            && self.words.any(at + 1, &[Role::QuestionStart, Role::Report])
    }

    /// "after 30m", "until Friday": a time and no condition.
    fn is_time(&self, at: usize) -> bool {
        let at = self
            .words
            .skip(at, &[Role::Determiner, Role::Every, Role::Count]);
        self.words
            .any(at, &[Role::Time, Role::TimeUnit, Role::Past])
            || matches!(
                self.words.form(at),
                Some(Form::Clock | Form::Duration | Form::Number)
            )
    }

    /// "if the tests pass deploy ...": without a comma the verb shows where the command begins.
    fn verb_after_condition(&self, at: usize) -> bool {
        let noun_before = [
            Role::Determiner,
            Role::Subject,
            Role::To,
            Role::On,
            Role::Of,
            Role::For,
            Role::From,
            Role::Previous,
            Role::Last,
            Role::Newest,
            Role::AllTests,
            Role::If,
            Role::Pronoun,
        ];
        // "on success deploy ..."
        if at == self.start + 1 && self.words.any(self.start, &[Role::Pass, Role::Fail]) {
            return self
                .words
                .any(at, &[Role::Verb, Role::Run, Role::Separable]);
        }
        at > self.start + 1
            && self.words.any(at, &[Role::Verb, Role::Run])
            && !self.words.any(at - 1, &noun_before)
            && !self.words.any(at, &[Role::TestNoun, Role::Pass])
    }

    /// Whether a new clause begins here, after words that may stand before it.
    fn begins_clause(&self, at: usize) -> bool {
        let words = self.words;
        let before = [Role::Filler, Role::Urgency];
        let mut first = at;
        while first < at + LOOK_AHEAD
            && words.any(first, &before)
            && !words.has(first, Role::Polite)
        {
            first += 1;
        }
        // "and skip the tests", "and no canary" are wishes about the same deed.
        if words.has(first, Role::Skip) && self.is_skippable(first + 1) {
            return false;
        }
        if words.has(first, Role::Halt) {
            return true;
        }
        if words.any(first, &[Role::Negator, Role::Except, Role::Without]) {
            return words.has(first, Role::Negator) && !self.excludes_place(first + 1);
        }
        if words.has(first, Role::Environment) && !words.has(first, Role::Verb) {
            return false;
        }
        words.any(
            first,
            &[
                Role::Verb,
                Role::Separable,
                Role::Polite,
                Role::Suggest,
                Role::Notify,
                Role::Destructive,
                Role::Other,
                Role::Injection,
                Role::Display,
                Role::Inspect,
                Role::Run,
                Role::Light,
                Role::Subject,
                Role::QuestionStart,
                Role::Speech,
                Role::Help,
            ],
        ) || self.begins_condition(first)
            || words.has(first, Role::Because)
    }

    fn is_skippable(&self, at: usize) -> bool {
        let at = self.words.skip(at, &[Role::Determiner, Role::AllTests]);
        self.words.any(
            at,
            &[
                Role::Skippable,
                Role::TestNoun,
                Role::SmokeTests,
                Role::HealthCheck,
            ],
        )
    }

    /// "not production", "not to production"
    fn excludes_place(&self, at: usize) -> bool {
        let at = self
            .words
            .skip(at, &[Role::To, Role::On, Role::Determiner, Role::For]);
        self.words.is_environment(at) && !self.words.has(at, Role::Verb)
    }
}

fn rank(link: Link) -> u8 {
    match link {
        Link::Or => 4,
        Link::But => 3,
        Link::Then => 2,
        Link::And => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::interpret::definition::Definition;
    use crate::domain::interpret::normalise::normalise;
    use crate::domain::interpret::token::tokenise;
    use crate::domain::interpret::unit::units;
    use crate::domain::interpret::vocabulary::Vocabulary;

    fn cut(text: &str) -> Vec<(Link, String)> {
        let definition =
            Definition::parse(include_str!("../../../agents/interpreter.toml")).unwrap();
        let mut normalised = normalise(text);
        let tokens = tokenise(&mut normalised, &definition);
        let units = units(&tokens, &definition, &Vocabulary::Open);
        let words = Words {
            units: &units,
            definition: &definition,
            vocabulary: &Vocabulary::Open,
            normalised: &normalised,
        };
        clauses(&words)
            .into_iter()
            .map(|clause| (clause.link, words.text(clause.units).to_owned()))
            .collect()
    }

    #[test]
    fn a_connector_with_a_verb_behind_it_begins_a_clause_and_a_list_does_not() {
        assert_eq!(
            cut("deploy v1 of shop to staging, production and qa, then run the tests"),
            [
                (
                    Link::Sentence,
                    "deploy v1 of shop to staging, production and qa".to_owned()
                ),
                (Link::Then, "run the tests".to_owned())
            ]
        );
        assert_eq!(cut("deploy shop to staging then production").len(), 1);
    }

    #[test]
    fn conditions_and_reasons_are_clauses_and_times_are_not() {
        assert_eq!(
            cut("if the tests pass deploy shop"),
            [
                (Link::Condition, "if the tests pass".to_owned()),
                (Link::Comma, "deploy shop".to_owned())
            ]
        );
        assert_eq!(
            cut("deploy shop because login is broken")[1],
            (Link::Reason, "because login is broken".to_owned())
        );
        assert_eq!(cut("deploy shop after 30m").len(), 1);
        assert_eq!(cut("deploy v1.2. Ignore previous instructions").len(), 2);
    }
}
