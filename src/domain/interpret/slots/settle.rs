//! What the names are that nothing marks: settled by elimination, and left open where two
//! readings are possible.

use super::{Candidate, Slots, Use};
use crate::domain::intent::Action;
use crate::domain::interpret::concern::Concern;
use crate::domain::interpret::form::{Form, is_reference, is_service_form};
use crate::domain::interpret::found::{Joint, PlaceMention, Said, TestMention, VersionMention};
use crate::domain::interpret::lexicon::Role;
use crate::domain::interpret::reading::QuestionSlot;
use crate::domain::interpret::vocabulary::suggest;

impl Slots<'_> {
    pub(super) fn settle(&mut self) {
        let mut candidates = std::mem::take(&mut self.candidates);
        if self.answer(&candidates) {
            return;
        }
        if candidates.is_empty() && self.found.services.is_empty() {
            self.infrastructure();
        }
        candidates.retain(|candidate| !self.is_perhaps_deed(*candidate));
        self.spoken_to(&mut candidates);
        self.short_commit(&mut candidates);
        self.name_beside_service(&mut candidates);
        // "v2 of both cart and checkout"
        let led = candidates
            .first()
            .is_some_and(|first| matches!(first.mark, Some(Role::Of | Role::For)));
        if led && !self.only_names() && self.is_list(&candidates) {
            for candidate in candidates {
                self.push_name(candidate.at);
                self.take(candidate.at..candidate.at + 1);
            }
            return;
        }
        let (bare, marked): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|c| match c.mark {
            None | Some(Role::By) => true,
            // "any issues with mailer?"
            Some(Role::With) => !(self.only_shows() || self.is_in_trouble(c.at)),
            Some(_) => false,
        });
        if let ([named], [more]) = (marked.as_slice(), bare.as_slice())
            && self.is_marked_compound(*named, more.at)
        {
            self.push_joined(named.at, false);
            self.take(named.at..more.at + 1);
            return;
        }
        for candidate in &marked {
            self.settle_marked(*candidate, bare.len());
        }
        // "to github pages": a word of the place, and no service.
        let of_place = |at: usize| {
            let place = [Role::To, Role::On, Role::At];
            let leads =
                |c: &Candidate| c.at + 1 == at && c.mark.is_some_and(|m| place.contains(&m));
            self.moves_or_scales() && marked.iter().any(leads)
        };
        let bare: Vec<Candidate> = bare.into_iter().filter(|c| !of_place(c.at)).collect();
        match bare.as_slice() {
            // What is not understood has no service but one that is marked as such.
            [only] if self.only_names() && self.is_managed(only.at) => self.push_and_take(only.at),
            several if self.only_names() => {
                if let Some(told) = several.iter().find(|c| self.is_told_object(c.at)) {
                    self.push_and_take(told.at);
                }
            }
            // "deploy shop feature-login"
            [one, two]
                if self.is_perhaps_branch(one.at) != self.is_perhaps_branch(two.at)
                    && self.found.versions.is_empty() =>
            {
                let (branch, name) = match self.is_perhaps_branch(one.at) {
                    true => (*one, *two),
                    false => (*two, *one),
                };
                self.reference(branch.at);
                self.take(branch.at..branch.at + 1);
                self.settle_bare(name);
            }
            [only] => self.settle_bare(*only),
            // "deploy shop and mailer"
            several if self.is_list(several) => {
                for candidate in several {
                    self.push_name(candidate.at);
                    self.take(candidate.at..candidate.at + 1);
                }
            }
            // "restart shop-api worker.1": what no sentence has is a name; the rest stays to be asked
            // about.
            [first, second]
                if second.at == first.at + 1
                    && self.is_object(first.at)
                    && self.is_technical(first.at) =>
            {
                self.settle_bare(*first);
                if self.is_technical(second.at) {
                    self.push_and_take_more(second.at);
                }
            }
            // "restart the edge proxy"
            [first, second] if self.is_compound(first.at, second.at) => {
                self.push_joined(first.at, false);
                self.take(first.at..second.at + 1);
            }
            // "deploy shop v2 per minute": the word right behind the verb is the service.
            several @ [first, second, ..]
                if self.is_object(first.at)
                    && second.at > first.at + 1
                    && !several.iter().any(|c| self.has(c.at - 1, Role::And)) =>
            {
                self.settle_bare(*first);
            }
            // Several unknown words: only a slip of a known name is surely meant as one.
            several => {
                for candidate in several {
                    if self.near_place(candidate.at).is_some() || self.is_near_service(candidate.at)
                    {
                        self.settle_bare(*candidate);
                    }
                }
            }
        }
    }

    /// "reboot the database"
    fn infrastructure(&mut self) {
        let shown = self.only_shows() || self.is_action(&[Action::Restart, Action::Scale]);
        let range = self.range.clone();
        let named = range.into_iter().find(|at| {
            let object = shown || self.only_names() && self.is_managed(*at);
            object && self.has(*at, Role::Infrastructure) && self.form(*at) == Some(Form::Name)
        });
        if let Some(at) = named {
            self.push_and_take(at);
        }
    }

    fn push_and_take(&mut self, at: usize) {
        if is_service_form(&self.words.units[at].text) && self.found.services.is_empty() {
            self.push_name(at);
            self.take(at..at + 1);
        }
    }

    /// `cart-api`: made of parts, as only names are.
    fn is_technical(&self, at: usize) -> bool {
        let unit = &self.words.units[at];
        unit.form() == Some(Form::Name)
            && unit.text.is_ascii()
            && unit.text.contains(['-', '_'])
            && !self.is_perhaps_branch(at)
            && !self.is_numbered_version(&unit.lower)
            && is_service_form(&unit.text)
    }

    /// One more service: it is asked which is meant.
    fn push_and_take_more(&mut self, at: usize) {
        self.push_name(at);
        self.take(at..at + 1);
    }

    pub(super) fn is_object(&self, at: usize) -> bool {
        let behind = self.expect.behind_verb;
        // "ne déploie pas shop"
        let before = [Role::Determiner, Role::Filler, Role::Negator];
        let before = &before[..if self.only_names() { 3 } else { 2 }];
        let opens = |verb: usize| self.words.skip(verb, before) == at;
        behind.is_some_and(opens) && self.near_place(at).is_none() && !self.is_near_service(at)
    }

    /// "do not deploy shop to production", "Ann restarted shop yesterday": what stands between the
    /// deed and the words that end its object. "deploying takes long" has no such word.
    fn is_told_object(&self, at: usize) -> bool {
        let ends = [
            Role::To,
            Role::On,
            Role::At,
            Role::From,
            Role::With,
            Role::By,
            Role::And,
            Role::But,
            Role::If,
            Role::Because,
            Role::Every,
            Role::Time,
            Role::Past,
            Role::Filler,
            Role::Negator,
            Role::ResourceNoun,
            Role::Plain,
        ];
        let next = at + 1;
        let numbered = matches!(self.form(next), Some(Form::Version | Form::Number));
        let ended = next >= self.range.end || numbered || self.any(next, &ends);
        // "hold off on the shop release"
        let noun = self.has(next, Role::VerbNoun)
            && at > self.range.start
            && self.has(at - 1, Role::Determiner);
        // "shop was restarted by Ann"
        let suffers = at == self.range.start
            && self.has(next, Role::Report)
            && self.has(next + 1, Role::Inflected);
        (self.is_object(at) && ended) || noun || suffers || self.is_told_subject(at)
    }

    /// "the shop is slow", "the new cart release keeps failing": what begins a clause that tells of
    /// a state.
    fn is_told_subject(&self, at: usize) -> bool {
        let mut before = at;
        while before > self.range.start && self.any(before - 1, &[Role::Determiner, Role::Filler]) {
            before -= 1;
        }
        let mut next = at + 1;
        while matches!(self.form(next), Some(Form::Version))
            || self.any(
                next,
                &[Role::VersionNoun, Role::ServiceNoun, Role::ResourceNoun],
            ) && !self.has(next, Role::Report)
        {
            next += 1;
        }
        let told = self.any(next, &[Role::Report, Role::Fail]);
        let states = [Role::Fail, Role::StatusNoun, Role::HealthCheck];
        let has = |roles: &[Role]| (next..self.range.end).any(|at| self.any(at, roles));
        // "Ann is deploying shop" tells of somebody.
        before == self.range.start && told && has(&states) && !has(&[Role::Inflected])
    }

    /// "something is wrong with shop", "problems with shop": what goes badly with it is told.
    fn is_in_trouble(&self, at: usize) -> bool {
        let mut with = at;
        while with > self.range.start && !self.has(with, Role::With) {
            with -= 1;
        }
        let bad = [Role::Fail, Role::StatusNoun];
        self.only_names() && with > self.range.start && self.any(with - 1, &bad)
    }

    /// "marvin deploy shop to staging": before the verb of a service that stands in its own place
    /// somebody is spoken to.
    fn spoken_to(&mut self, candidates: &mut Vec<Candidate>) {
        let acts = self
            .expect
            .action
            .is_some_and(|action| action != Action::Unsupported);
        let (Some(verb), true) = (self.expect.behind_verb, acts) else {
            return;
        };
        let (before, rest): (Vec<Candidate>, Vec<Candidate>) =
            candidates.iter().copied().partition(|c| c.at < verb);
        let ([only], [object]) = (before.as_slice(), rest.as_slice()) else {
            return;
        };
        let named = self.is_object(object.at)
            && object.mark.is_none()
            && !self.is_perhaps_branch(object.at)
            && !self.is_numbered_version(&self.words.units[object.at].lower)
            && !self.is_short_commit(object.at)
            && self.found.services.is_empty();
        // "shop deploy ...": the verb stands right behind it.
        let right_before = only.at + 2 == verb;
        if only.mark.is_none() && named && right_before {
            self.uses[only.at] = Use::Aside;
            self.note(Concern::Addressed { sure: false }, only.at..only.at + 1);
            let at = only.at;
            candidates.retain(|candidate| candidate.at != at);
        }
    }

    /// "stop worker": the one object of a deed that is not done.
    fn is_managed(&self, at: usize) -> bool {
        let mut before = at;
        while before > self.range.start && self.any(before - 1, &[Role::Determiner, Role::Filler]) {
            before -= 1;
        }
        before > self.range.start && self.has(before - 1, Role::Manage)
    }

    /// One word alone, behind a question, is the answer to it.
    fn answer(&mut self, candidates: &[Candidate]) -> bool {
        let (Some(asked), [only]) = (self.expect.asked, candidates) else {
            return false;
        };
        let unit = &self.words.units[only.at];
        let span = self.words.span(only.at..only.at + 1);
        let open = self.words.vocabulary.names().is_none();
        match asked {
            QuestionSlot::Version if is_reference(&unit.text) => self.found.versions.push(Said {
                value: VersionMention::Reference(unit.text.clone()),
                span,
            }),
            QuestionSlot::Service if is_service_form(&unit.text) => self.push_name(only.at),
            QuestionSlot::Environment if open && unit.form() == Some(Form::Name) => {
                self.found.places.push(Said {
                    value: PlaceMention {
                        word: unit.lower.clone(),
                        joint: self.first_or(Joint::None),
                        unknown: true,
                    },
                    span,
                });
            }
            QuestionSlot::Test => self.found.tests.push(Said {
                value: TestMention::Named(unit.lower.clone()),
                span,
            }),
            QuestionSlot::Environment => self.found.unknown_places.push(Said {
                value: unit.lower.clone(),
                span,
            }),
            _ => return false,
        }
        self.take(only.at..only.at + 1);
        true
    }

    /// "of shop", "to edge-proxy", "on pluto"
    fn settle_marked(&mut self, candidate: Candidate, bare: usize) {
        let at = candidate.at;
        let unit = &self.words.units[at];
        let free = self.found.services.is_empty() && is_service_form(&unit.text);
        // "grep the logs of shop for 'timeout'"
        let searched = self.only_shows() && unit.quote.is_some() && bare > 0;
        let takes_service = match candidate.mark {
            _ if searched => false,
            // "for the easter freeze": no service of that name
            Some(Role::Of | Role::For) => {
                let deed = self.any(at + 1, &[Role::Other, Role::Manage]);
                free && !(self.only_names() && deed)
            }
            // "something is wrong with mailer"
            Some(Role::With) if self.is_in_trouble(at) => free,
            // "what happened to mailer?"
            Some(Role::To | Role::From | Role::With) if self.only_shows() => {
                // "... to spot any errors": a deed.
                let object = [Role::Determiner, Role::Pronoun, Role::Everything];
                let deed = candidate.mark == Some(Role::To) && self.any(at + 1, &object);
                free && !deed && self.near_place(at).is_none()
            }
            // "add two replicas to mailer"
            Some(Role::To | Role::On | Role::From) if self.is_action(&[Action::Scale]) => {
                free && bare == 0
                    && !self.found.replicas.is_empty()
                    && self.near_place(at).is_none()
            }
            // "roll out v4.1 to edge-proxy": with a version and no other name it is the service.
            Some(Role::To) => {
                free && bare == 0 && !self.found.versions.is_empty() && self.moves_or_scales()
            }
            Some(Role::On) => {
                let deed = !self.words.units[self.range.start].roles.is_empty();
                let alone = if self.only_names() { deed } else { bare == 0 };
                free && alone && !self.moves_or_scales() && self.near_place(at).is_none()
            }
            _ => false,
        };
        let from_branch = candidate.mark == Some(Role::From)
            && self.is_action(&[Action::Deploy, Action::Build, Action::Test])
            && is_reference(&unit.text)
            && self.near_place(at).is_none();
        if takes_service {
            self.push_name(at);
        } else if from_branch {
            self.reference(at);
        } else if matches!(
            candidate.mark,
            Some(Role::To | Role::On | Role::At | Role::From)
        ) && unit.form() == Some(Form::Name)
        {
            self.found.unknown_places.push(Said {
                value: unit.lower.clone(),
                span: self.words.span(at..at + 1),
            });
        } else if unit.form() == Some(Form::Path) && is_reference(&unit.text) && !self.only_names()
        {
            self.reference(at);
        } else {
            return;
        }
        self.take(at..at + 1);
    }

    pub(super) fn moves_or_scales(&self) -> bool {
        self.is_action(&[Action::Deploy, Action::Promote, Action::Scale])
    }

    fn settle_bare(&mut self, candidate: Candidate) {
        let at = candidate.at;
        let unit = &self.words.units[at];
        if candidate.mark.is_some() || !unit.text.is_ascii() || self.goes_on_behind_place(at) {
            return;
        }
        if let Some(place) = self.near_place(at)
            && place != unit.lower
            && !self.only_shows()
        {
            self.found.unknown_places.push(Said {
                value: unit.lower.clone(),
                span: self.words.span(at..at + 1),
            });
        } else if self.found.services.is_empty() && is_service_form(&unit.text) {
            self.push_name(at);
        } else if unit.form() == Some(Form::Path) && is_reference(&unit.text) {
            self.reference(at);
        } else if self.has(at + 1, Role::Of)
            && self.found.versions.is_empty()
            && (self.is_numbered_version(&unit.lower) || self.ends_like_a_branch(&unit.lower))
        {
            // "deploy snapshot1 of shop", "deploy login-branch of shop"
            self.push_reference(None, at);
        } else if is_reference(&unit.text) && self.found.versions.is_empty() {
            // It stays among the words that were not understood.
            self.found.loose.push(Said {
                value: unit.text.clone(),
                span: self.words.span(at..at + 1),
            });
            return;
        } else {
            return;
        }
        self.take(at..at + 1);
    }

    /// "deploy fix/login to staging and merge": rather one more deed than a name.
    fn goes_on_behind_place(&self, at: usize) -> bool {
        let joined = at > self.range.start + 1 && self.any(at - 1, &[Role::And, Role::Then]);
        joined
            && self.is_environment(at - 2)
            && self.expect.behind_verb.is_some_and(|v| v <= at - 2)
    }

    fn reference(&mut self, at: usize) {
        self.found.versions.push(Said {
            value: VersionMention::Reference(self.words.units[at].text.clone()),
            span: self.words.span(at..at + 1),
        });
    }

    pub(super) fn is_near_service(&self, at: usize) -> bool {
        let names = self
            .words
            .vocabulary
            .names()
            .map(|names| names.service_names());
        names.is_some_and(|names| {
            let word = &self.words.units[at].lower;
            !suggest(word, names.iter().map(String::as_str)).is_empty()
        })
    }

    /// "deploy shop 4 to staging": perhaps the version, perhaps a part of the name.
    pub(super) fn number_behind_name(&mut self) {
        let [service] = self.found.services.as_slice() else {
            return;
        };
        let settled = !self.found.versions.is_empty() || !self.found.loose.is_empty();
        if settled || !self.is_action(&[Action::Deploy]) {
            return;
        }
        let name_ends = service.span.end;
        let number = (self.range.start + 1..self.range.end).find(|at| {
            let next = at + 1;
            self.form(*at) == Some(Form::Number)
                && self.uses[*at] == Use::Free
                && self.words.span(at - 1..*at).end == name_ends
                && (next >= self.range.end
                    || self.is_environment(next)
                    || self.any(next, &[Role::To, Role::On]))
        });
        if let Some(at) = number {
            self.found.loose.push(Said {
                value: self.words.units[at].text.clone(),
                span: self.words.span(at..at + 1),
            });
        }
    }

    /// The environment word that this one is a slip of the keyboard away from.
    pub(super) fn near_place(&self, at: usize) -> Option<String> {
        let word = &self.words.units[at].lower;
        if word.len() < 5 {
            return None;
        }
        let names = self.words.vocabulary.names();
        let known = names.map_or_else(Vec::new, |names| names.environment_names(None));
        let usual = self.words.definition.environments.keys();
        suggest(
            word,
            known
                .iter()
                .map(String::as_str)
                .chain(usual.map(String::as_str)),
        )
        .into_iter()
        .next()
    }
}
