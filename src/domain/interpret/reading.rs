//! What comes out: the reading of one sentence, and what of it the conversation remembers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::intent::{Draft, Intent, Span};

/// One sentence, understood or asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    pub outcome: Outcome,
    /// The best guess; complete when the outcome is `plan`.
    pub intent: Option<Draft>,
    pub question: Option<Question>,
    /// A sentence for the person, where the words themselves are the answer. The live data of
    /// `status` and `logs` is added by who has it.
    pub answer: Option<String>,
    /// Words that no part of the intent stands for.
    pub unconsumed: Vec<Unconsumed>,
    pub warnings: Vec<Warning>,
    /// Characters that were read as others, or refused.
    pub changes: Vec<Change>,
}

impl Reading {
    /// The intent of a plan; `None` for every other outcome, and for a name that no catalogue can have.
    pub fn plan(&self) -> Option<Intent> {
        match self.outcome {
            Outcome::Plan => self.intent.as_ref()?.complete(),
            Outcome::Clarification | Outcome::Answer | Outcome::Unsupported => None,
        }
    }

    /// What the next sentence of the same thread may refer to; `before` is what this one could.
    pub fn context(&self, before: Option<&ThreadContext>) -> ThreadContext {
        let asked_before = before.filter(|thread| thread.question.is_some());
        match (self.outcome, asked_before) {
            (Outcome::Clarification, _) => {
                // What only a new sentence can mend is not to be completed.
                let mendable = |question: &Question| question.slot != QuestionSlot::Sentence;
                let completes = self.question.as_ref().is_some_and(mendable);
                ThreadContext {
                    intent: self.intent.clone().filter(|_| completes),
                    question: self.question.clone(),
                    warnings: self.warnings.clone(),
                }
            }
            // Looking something up leaves the question open.
            (Outcome::Answer, Some(open)) => open.clone(),
            (Outcome::Plan | Outcome::Answer, _) => ThreadContext {
                intent: self.intent.clone(),
                ..ThreadContext::default()
            },
            // What was refused is nothing to come back to.
            (Outcome::Unsupported, _) => ThreadContext {
                intent: before.and_then(|thread| thread.intent.clone()),
                ..ThreadContext::default()
            },
        }
    }

    /// The text of this reading without the secrets in it. It stays as long as it was, so that all
    /// spans hold.
    pub fn masked(&self, text: &str) -> String {
        let is_secret = |warning: &&Warning| warning.code == WarningCode::SecretInText;
        let spans: Vec<Span> = self
            .warnings
            .iter()
            .filter(is_secret)
            .filter_map(|warning| warning.span)
            .collect();
        let mut masked = String::with_capacity(text.len());
        for (at, c) in text.char_indices() {
            match spans
                .iter()
                .any(|span| (span.start..span.end).contains(&at))
            {
                true => masked.extend(std::iter::repeat_n('*', c.len_utf8())),
                false => masked.push(c),
            }
        }
        masked
    }

    pub fn warns(&self, code: WarningCode) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything that a plan needs is there. It is still only a plan: a person approves it.
    Plan,
    /// Something is missing, doubtful or cannot be done as wished: `question` says what.
    Clarification,
    /// Nothing is to be changed; live data answers.
    Answer,
    Unsupported,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    pub text: String,
    pub slot: QuestionSlot,
    /// What may be answered, in the order in which "the second" counts; empty where the answer is free.
    pub choices: Vec<String>,
}

/// What an answer fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionSlot {
    Action,
    Service,
    Version,
    Environment,
    Test,
    /// "yes" makes the plan without what the warnings say that it lacks.
    Confirmation,
    /// Only a new sentence helps.
    Sentence,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unconsumed {
    /// Printable and capped; hidden where it looks like a secret.
    pub text: String,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    pub code: WarningCode,
    pub text: String,
    /// The words that it is about; absent where they stand in an earlier sentence of the thread.
    pub span: Option<Span>,
    /// A plan would not be what was wished: it is made only after a yes.
    pub needs_yes: bool,
}

/// The closed list of what is said aloud.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    Negation,
    Question,
    Reported,
    RelativeVersion,
    Scheduled,
    Conditional,
    ForceRequested,
    SkipRequested,
    DryRun,
    StrategyRequested,
    NotifyRequested,
    Bulk,
    Destructive,
    UnknownService,
    UnknownEnvironment,
    Typo,
    Normalised,
    InvalidCharacters,
    Injection,
    SecretInText,
    Unmodelled,
}

/// A character that was not read as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Code points, such as `U+0440`.
    pub from: String,
    /// What it was read as; empty where it was left out.
    pub to: String,
    pub span: Span,
    pub kind: ChangeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Quotes, dashes and spaces as a text program sets them.
    Typography,
    /// Another form of the same letter, such as a full-width one (Unicode NFKC).
    Compatibility,
    /// A letter of another script that looks like a Latin one.
    LookAlike,
    /// A character that cannot be seen.
    Hidden,
    /// A control character or one that turns the direction of the text: the sentence is refused.
    Refused,
}

/// What a thread remembers of its last reading. The flow stores it as JSON and hands it back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadContext {
    pub intent: Option<Draft>,
    /// The question that is still open.
    pub question: Option<Question>,
    /// What was said aloud before the question was answered: it still holds for the plan.
    pub warnings: Vec<Warning>,
}
