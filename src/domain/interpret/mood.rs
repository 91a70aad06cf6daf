//! Fifth stage: what a clause does. Only a clause that begins with a verb in its plain form (after
//! polite words, or behind names) is a command; what tells, asks or forbids is not, whichever
//! words stand in it.

use std::ops::Range;

use super::clause::{Clause, Link};
use super::form::Form;
use super::head::{Head, Stretch};
use super::lexicon::Role;
use super::token::Kind;
use super::unit::Words;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mood {
    Command(Head),
    /// "deployment of shop to staging": names a deed without asking for it.
    Nominal(Head),
    /// Says what must not happen.
    Negated,
    Question,
    Report,
    /// Somebody's words: "Bob said to deploy".
    Speech,
    Condition,
    Reason,
    Notice,
    Injection,
    Destructive,
    /// A deed that Commander does not do, or words that it does not know.
    Foreign,
    Help,
    Assent,
    Dissent,
    Approval,
    /// Names and versions without a verb.
    Fragment,
    /// Nothing but fillers.
    Empty,
    /// Words behind a `|`.
    Opaque,
}

pub(super) fn mood(words: &Words<'_>, clause: &Clause) -> Mood {
    Reader(Stretch {
        words,
        end: clause.units.end,
    })
    .mood(clause)
}

struct Reader<'a>(Stretch<'a>);

impl Reader<'_> {
    fn mood(&self, clause: &Clause) -> Mood {
        let all = clause.units.clone();
        if clause.link == Link::Pipe {
            return Mood::Opaque;
        }
        match clause.link {
            Link::Reason => return Mood::Reason,
            Link::Condition => return Mood::Condition,
            _ => {}
        }
        if self.0.words.has(all.start, Role::Because) && !self.0.words.has(all.start, Role::Polite)
        {
            return Mood::Reason;
        }
        if let Some(mood) = self.short_answer(all.clone()) {
            return mood;
        }
        let (first, polite) = self.opening(all.start);
        if first >= self.0.end {
            return Mood::Empty;
        }
        if self.is_help_with(all.start..first) {
            return Mood::Help;
        }
        let mood = self.sentence(first, polite);
        // "deploy ... as admin" is a command with an attempt in it, "mark it approved" only an attempt.
        let attempt = self.0.holds(all, &[Role::Injection]);
        match mood {
            Mood::Command(_) | Mood::Negated | Mood::Question => mood,
            _ if attempt => Mood::Injection,
            _ => mood,
        }
    }

    fn sentence(&self, first: usize, polite: bool) -> Mood {
        let words = self.0.words;
        // "deploy help", but "show memory usage"
        let last = self.0.end - 1;
        let used = words.any(last, &[Role::StatusNoun])
            && words.any(last.saturating_sub(1), &[Role::StatusNoun, Role::Plain])
            && !words.has(last.saturating_sub(1), Role::Verb);
        if words.has(first, Role::Help) || (last > first && words.has(last, Role::Help) && !used) {
            return Mood::Help;
        }
        if let Some(head) = self.0.had_done(first) {
            return Mood::Command(head);
        }
        // "Get" is a verb of its own: it must make no command of two deeds.
        if self.0.has_two_deeds(first) {
            return Mood::Foreign;
        }
        if !polite && words.has(first, Role::QuestionStart) && !words.has(first, Role::Display) {
            return Mood::Question;
        }
        if !polite && self.0.holds(first..self.0.end, &[Role::QuestionEnd]) {
            return Mood::Question;
        }
        let unit = &words.units[first];
        if unit.sigil && unit.roles.is_empty() {
            return Mood::Foreign;
        }
        // `/deploy lock staging` is a deed of its own.
        let other = words.any(first + 1, &[Role::Other, Role::Destructive]);
        if unit.sigil && other && first + 1 < self.0.end && !words.has(first + 1, Role::Verb) {
            return Mood::Foreign;
        }
        let head = self.0.head(first, polite);
        let verb_at = head.as_ref().map_or(self.0.end, |head| head.units.start);
        let deeds = [
            Role::Verb,
            Role::VerbNoun,
            Role::Inflected,
            Role::Other,
            Role::Destructive,
            Role::Light,
            Role::Run,
        ];
        // "production is not ready" tells, "deploying is not allowed" forbids.
        if head.is_none()
            && words.has(first, Role::Halt)
            && words.has(first, Role::Other)
            && !self.0.holds(first + 1..self.0.end, &deeds)
        {
            // "stop the worker"
            return Mood::Foreign;
        }
        let tells = head.is_none()
            && !words.any(first, &[Role::Negator, Role::Halt])
            && !self.0.holds(first..self.0.end, &deeds);
        if self.forbids(first..verb_at) {
            return if tells { Mood::Report } else { Mood::Negated };
        }
        if self.0.holds(first..verb_at, &[Role::Speech]) {
            return Mood::Speech;
        }
        match head {
            Some(head) if polite || !words.has(first, Role::Subject) => return Mood::Command(head),
            Some(_) => return Mood::Report,
            None => {}
        }
        self.without_verb(first)
    }

    fn without_verb(&self, first: usize) -> Mood {
        let words = self.0.words;
        let rest = first..self.0.end;
        // "bring shop back": to the version before, or only to life? It is asked.
        if self.0.comes_back(first) {
            return Mood::Fragment;
        }
        if words.has(first, Role::VerbNoun) || self.noun_phrase(first) {
            return self.nominal(first);
        }
        if words.has(first, Role::Approval) && !words.has(first, Role::Inspect) {
            return Mood::Approval;
        }
        // "force cleanup of shop"
        let deed = words.skip(first, &[Role::Force, Role::Urgency]);
        if deed < self.0.end && words.has(deed, Role::Destructive) {
            return Mood::Destructive;
        }
        if words.has(first, Role::Notify) {
            return Mood::Notice;
        }
        // "I need v2 on production": what is to be there, but not how.
        if words.has(first, Role::Wish) && self.is_fragment(first + 1..self.0.end) {
            return Mood::Fragment;
        }
        if words.any(
            first,
            &[
                Role::Other,
                Role::Display,
                Role::Inspect,
                Role::Light,
                Role::Run,
            ],
        ) {
            return Mood::Foreign;
        }
        if words.has(first, Role::Subject) || self.0.holds(rest.clone(), &[Role::Inflected]) {
            return Mood::Report;
        }
        if self.0.holds(rest.clone(), &[Role::Report]) {
            return Mood::Report;
        }
        if let Some(head) = self.0.mistyped(first) {
            return Mood::Command(head);
        }
        if self.is_fragment(rest) {
            Mood::Fragment
        } else {
            Mood::Foreign
        }
    }

    /// "help me deploy": with nothing that is to be deployed it asks how that is done.
    fn is_help_with(&self, opening: Range<usize>) -> bool {
        let words = self.0.words;
        let verb = opening.end;
        let bare = words.skip(verb + 1, &[Role::Filler]) >= self.0.end;
        bare && words.has(verb, Role::Verb) && self.0.holds(opening, &[Role::Help])
    }

    /// Where the clause really begins, and whether it begins politely.
    fn opening(&self, start: usize) -> (usize, bool) {
        let mut polite = false;
        let mut at = start;
        while at < self.0.end {
            if self.0.words.has(at, Role::Polite) {
                polite = true;
            } else if let Some(next) = self.relayed(at, start) {
                polite = true;
                at = next;
                continue;
            } else if !self.is_opening(at, start) {
                break;
            }
            at += 1;
        }
        (at, polite)
    }

    /// "ask jenkins to restart shop", "ask jenkins for the status": the first unit of what is to be
    /// done. What Dana is to be asked is hers to do.
    fn relayed(&self, at: usize, start: usize) -> Option<usize> {
        let words = self.0.words;
        let opens = (start..at).all(|before| self.is_opening(before, start));
        let who = words.get(at + 1)?;
        let told = words.has(at, Role::Relay) && who.any(&[Role::Addressee, Role::Tool]);
        let deed = words.skip(at + 3, &[Role::Polite, Role::Filler, Role::Determiner]);
        let to = words.has(at + 2, Role::To)
            && words.any(at + 3, &[Role::Verb, Role::Separable, Role::Light]);
        let asks = words.has(at + 2, Role::For)
            && words.any(deed, &[Role::StatusNoun, Role::LogNoun, Role::HealthCheck]);
        match (opens && told && at + 3 < self.0.end, to, asks) {
            (true, true, _) => Some(at + 3),
            (true, _, true) => Some(deed),
            _ => None,
        }
    }

    fn is_opening(&self, at: usize, start: usize) -> bool {
        let unit = &self.0.words.units[at];
        let connects = unit.any(&[Role::And, Role::Then, Role::But, Role::Or]);
        let mention = unit.form() == Some(Form::Mention) || unit.is_ticket();
        let assent = unit.has(Role::Yes) && at == start;
        mention
            || assent
            || connects
            || unit.form() == Some(Form::Decoration)
            || matches!(unit.kind, Kind::Comma | Kind::Colon)
            || (unit.any(&[Role::Filler, Role::Urgency, Role::Suggest]) && !unit.is_verb())
            || unit.any(&[Role::Addressee, Role::Tool])
            // "heroku rollback shop"
            || (unit.has(Role::Hosting)
                && unit.services.is_empty()
                && at + 2 < self.0.end
                && self.0.words.has(at + 1, Role::Verb))
            || self.0.words.is_bot(at)
    }

    /// A negator before the verb forbids; "no tests" and "not production" only leave something out.
    fn forbids(&self, units: Range<usize>) -> bool {
        units.into_iter().any(|at| {
            self.0.words.any(at, &[Role::Negator, Role::Halt])
                && !(self.0.words.has(at, Role::Skip) && self.0.words.has(at + 1, Role::Skippable))
        })
    }

    /// "yes", "no", "approve 42", "the second".
    fn short_answer(&self, units: Range<usize>) -> Option<Mood> {
        let words = self.0.words;
        let only = |roles: &[Role]| {
            units.clone().all(|at| {
                words.any(at, roles)
                    || !matches!(words.form(at), Some(form) if form != Form::Decoration)
            })
        };
        let names = [Role::Filler, Role::Pronoun, Role::Determiner, Role::Polite];
        if words.has(units.start, Role::Approval) && units.len() <= 4 {
            let rest_is_its_object = units.clone().skip(1).all(|at| {
                words.any(at, &names)
                    || words.any(at, &[Role::VersionNoun, Role::StatusNoun, Role::Approval])
                    || matches!(words.form(at), Some(Form::Number | Form::Hash | Form::Name))
                        && words.units[at].roles.is_empty()
            });
            if rest_is_its_object {
                return Some(Mood::Approval);
            }
        }
        let with = |role: Role| [&names[..], &[role]].concat();
        let has = |role: Role| units.clone().any(|at| words.has(at, role));
        if has(Role::NoAnswer) && only(&with(Role::NoAnswer)) {
            return Some(Mood::Dissent);
        }
        if has(Role::Yes) && only(&with(Role::Yes)) {
            return Some(Mood::Assent);
        }
        None
    }

    /// Names, versions and environments, with the little words between them.
    fn is_fragment(&self, units: Range<usize>) -> bool {
        let small = [
            Role::To,
            Role::On,
            Role::At,
            Role::From,
            Role::Of,
            Role::For,
            Role::With,
            Role::And,
            Role::Then,
            Role::Or,
            Role::Determiner,
            Role::Filler,
            Role::Same,
            Role::Pronoun,
            Role::FirstChoice,
            Role::SecondChoice,
            Role::ThirdChoice,
            Role::LastChoice,
            Role::Yes,
            Role::BranchName,
            Role::VersionNoun,
            Role::Previous,
            Role::Last,
            Role::Newest,
            Role::UnclearVersion,
            Role::EnvironmentNoun,
            Role::ServiceNoun,
            Role::TestNoun,
            Role::SmokeTests,
            Role::WhateverRuns,
            Role::Running,
            Role::Everything,
            Role::BackCount,
            Role::Count,
            Role::By,
            Role::Time,
            Role::TimeUnit,
            Role::Urgency,
        ];
        let mut known = 0;
        let mut unknown = 0;
        for at in units {
            let unit = &self.0.words.units[at];
            let slot = !unit.services.is_empty()
                || unit.environment
                || matches!(
                    unit.form(),
                    Some(
                        Form::Version | Form::Pinned(_) | Form::Number | Form::Pair(_) | Form::Path
                    )
                )
                || unit.any(&[Role::Same, Role::BranchName, Role::Previous]);
            known += usize::from(slot);
            unknown += usize::from(!slot && !unit.any(&small) && unit.form().is_some());
        }
        unknown == 0 || (known > 0 && unknown == 1) || (known == 0 && unknown == 1)
    }

    /// "the deployment of shop", "a quick rollback"
    fn noun_phrase(&self, first: usize) -> bool {
        let at = self.0.words.skip(first, &[Role::Determiner]);
        at > first && at < self.0.end && self.0.words.has(at, Role::VerbNoun)
    }

    fn nominal(&self, first: usize) -> Mood {
        let at = self.0.words.skip(first, &[Role::Determiner]);
        let told = self.0.holds(
            at + 1..self.0.end,
            &[Role::Report, Role::Inflected, Role::Fail],
        );
        match self.0.words.units[at].action {
            Some(action) if !told => Mood::Nominal(Head::new(action, at..at + 1)),
            _ => Mood::Report,
        }
    }
}
