//! The questions: each names what is missing or doubtful and offers what the catalogue has.

use super::problem::Problem;
use super::reading::{Question, QuestionSlot, Warning, WarningCode};
use super::vocabulary::Vocabulary;
use crate::domain::intent::{Action, Draft, Span};
use crate::domain::text::printable;

/// At most this many choices are offered.
const CHOICES: usize = 12;

/// What can be chosen where nothing says what is to be done.
pub(super) const ACTIONS: [Action; 6] = [
    Action::Deploy,
    Action::Rollback,
    Action::Build,
    Action::Test,
    Action::Promote,
    Action::Restart,
];

/// The question for one problem.
pub(super) fn ask(problem: &Problem, draft: &Draft, vocabulary: &Vocabulary) -> Question {
    Asker { draft, vocabulary }.question(problem)
}

/// What is said aloud about it besides.
pub(super) fn warnings_about(problem: &Problem) -> Vec<Warning> {
    match problem {
        Problem::UnknownService { name, span, near } => {
            let text = format!("“{}” is not a service of the catalogue.", shown(name));
            unknown(WarningCode::UnknownService, text, name, Some(*span), near)
        }
        Problem::UnknownPlace { word, span, near } => {
            let text = format!("“{}” is not a known environment.", shown(word));
            unknown(WarningCode::UnknownEnvironment, text, word, *span, near)
        }
        _ => Vec::new(),
    }
}

fn unknown(
    code: WarningCode,
    text: String,
    word: &str,
    span: Option<Span>,
    near: &[String],
) -> Vec<Warning> {
    let warning = |code, text| Warning {
        code,
        text,
        span,
        needs_yes: false,
    };
    let mut warnings = vec![warning(code, text)];
    if let Some(meant) = near.first() {
        let text = format!("“{}” may be a slip for “{meant}”.", shown(word));
        warnings.push(warning(WarningCode::Typo, text));
    }
    warnings
}

struct Asker<'a> {
    draft: &'a Draft,
    vocabulary: &'a Vocabulary,
}

impl Asker<'_> {
    fn question(&self, problem: &Problem) -> Question {
        match problem {
            Problem::TwoActions(actions) => self.two_actions(actions),
            Problem::UnknownService { name, near, .. } => self.unknown_service(name, near),
            Problem::SeveralServices(names) => question(
                QuestionSlot::Service,
                format!(
                    "One service at a time: which is meant, {}?",
                    alternatives(names)
                ),
                names.clone(),
            ),
            Problem::MissingService => {
                let services = self.services();
                question(
                    QuestionSlot::Service,
                    format!("{} which service?", self.deed()),
                    services,
                )
            }
            Problem::UnknownPlace { word, near, .. } => self.unknown_place(word, near),
            Problem::SeveralPlaces(names) => question(
                QuestionSlot::Environment,
                format!(
                    "Which environment is meant, {}? For several say “… and …” or “… then …”.",
                    alternatives(names)
                ),
                names.clone(),
            ),
            Problem::PlaceLeftOut(name) => question(
                QuestionSlot::Environment,
                format!("“{name}” is named and left out at once: which environment is meant?"),
                self.places(),
            ),
            Problem::MissingPlace => question(
                QuestionSlot::Environment,
                format!("{} in which environment?", self.deed()),
                self.places(),
            ),
            _ => self.version_or_rest(problem),
        }
    }

    fn version_or_rest(&self, problem: &Problem) -> Question {
        match problem {
            Problem::SeveralVersions(names) => question(
                QuestionSlot::Version,
                format!("Which version is meant, {}?", alternatives(names)),
                names.clone(),
            ),
            Problem::UnclearVersion(text) => question(
                QuestionSlot::Version,
                format!(
                    "Which version is “{}”? Name a tag, branch or commit.",
                    shown(text)
                ),
                Vec::new(),
            ),
            Problem::PerhapsVersion(word) => question(
                QuestionSlot::Version,
                format!(
                    "Is “{}” the version? Name a tag, branch or commit.",
                    shown(word)
                ),
                vec![word.clone()],
            ),
            Problem::ToOrFrom(name) => question(
                QuestionSlot::Version,
                format!(
                    "Back to {0}, or away from {0} to the previous one?",
                    shown(name)
                ),
                vec![name.clone(), "previous".to_owned()],
            ),
            Problem::PreviousIsRollback => question(
                QuestionSlot::Version,
                "Back to the last known good release is a rollback: say “roll back”, or name the \
                 version to deploy."
                    .to_owned(),
                Vec::new(),
            ),
            Problem::MissingVersion => question(
                QuestionSlot::Version,
                format!(
                    "{} which version? Name a tag, branch or commit.",
                    self.deed()
                ),
                Vec::new(),
            ),
            Problem::UnknownTest(name) => question(
                QuestionSlot::Test,
                format!(
                    "There is no test or script called “{}”: which is meant?",
                    shown(name)
                ),
                self.tests(),
            ),
            _ => question(
                QuestionSlot::Action,
                "What is to be done: deploy, roll back, build, test, promote or restart?"
                    .to_owned(),
                ACTIONS.map(|action| action.as_str().to_owned()).to_vec(),
            ),
        }
    }

    fn two_actions(&self, actions: &[Action]) -> Question {
        let mut names: Vec<String> = Vec::new();
        for action in actions.iter().map(|action| action.as_str().to_owned()) {
            if !names.contains(&action) {
                names.push(action);
            }
        }
        if names.len() == 1 {
            return question(
                QuestionSlot::Sentence,
                "One thing at a time: say the first of them alone.".to_owned(),
                Vec::new(),
            );
        }
        question(
            QuestionSlot::Action,
            format!(
                "One thing at a time: which comes first, {}?",
                alternatives(&names)
            ),
            names,
        )
    }

    fn unknown_service(&self, name: &str, near: &[String]) -> Question {
        let text = match near {
            [] => format!("There is no service “{}”: which is meant?", shown(name)),
            near => format!(
                "There is no service “{}”: did you mean {}?",
                shown(name),
                alternatives(near)
            ),
        };
        let choices = if near.is_empty() {
            self.services()
        } else {
            near.to_vec()
        };
        question(QuestionSlot::Service, text, choices)
    }

    fn unknown_place(&self, word: &str, near: &[String]) -> Question {
        let text = match near {
            [] => format!("There is no environment “{}”: which is meant?", shown(word)),
            near => format!(
                "There is no environment “{}”: did you mean {}?",
                shown(word),
                alternatives(near)
            ),
        };
        let choices = if near.is_empty() {
            self.places()
        } else {
            near.to_vec()
        };
        question(QuestionSlot::Environment, text, choices)
    }

    /// "Deploy shop"
    fn deed(&self) -> String {
        let verb = match self.draft.action.as_ref().map(|slot| slot.value) {
            Some(Action::Rollback) => "Roll back",
            Some(Action::Build) => "Build",
            Some(Action::Test) => "Test",
            Some(Action::Promote) => "Promote",
            Some(Action::Restart) => "Restart",
            Some(Action::Scale) => "Scale",
            _ => "Deploy",
        };
        match &self.draft.service {
            Some(service) => format!("{verb} {}", shown(&service.value)),
            None => verb.to_owned(),
        }
    }

    fn services(&self) -> Vec<String> {
        let names = self.vocabulary.names();
        let all = names.map_or_else(Vec::new, |names| names.service_names());
        all.into_iter().take(CHOICES).collect()
    }

    fn places(&self) -> Vec<String> {
        let service = self.draft.service.as_ref().map(|s| s.value.as_str());
        let names = self.vocabulary.names();
        let all = names.map_or_else(Vec::new, |names| names.environment_names(service));
        all.into_iter().take(CHOICES).collect()
    }

    fn tests(&self) -> Vec<String> {
        let Some(names) = self.vocabulary.names() else {
            return Vec::new();
        };
        let service = self.draft.service.as_ref().map(|s| s.value.as_str());
        let known = names
            .all()
            .iter()
            .filter(|s| service.is_none_or(|name| s.name.as_str() == name))
            .flat_map(|s| s.image_tests.iter().chain(&s.live_tests))
            .chain(names.scripts());
        known.take(CHOICES).cloned().collect()
    }
}

pub(super) fn question(slot: QuestionSlot, text: String, choices: Vec<String>) -> Question {
    Question {
        text,
        slot,
        choices,
    }
}

/// "staging, qa or production"
fn alternatives(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| shown(name)).collect();
    match shown.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A word of the sentence, made fit to be shown.
pub(super) fn shown(word: &str) -> String {
    printable(word, 80)
}
