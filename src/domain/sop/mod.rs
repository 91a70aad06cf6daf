//! Procedures: the house's own documents, with typed rules in their front matter.
//!
//! A procedure is a Markdown file, or a PDF with text (`pages`), which has no front matter. Its body is prose for people: it is cut into passages that are
//! cited and searched, and nothing in it is ever obeyed. What the advisor enforces is in the
//! front matter, and what a named person has accepted of the text:
//!
//! ```yaml
//! ---
//! title: Tests before production        # else the first heading, else the file's name
//! applies_to:                           # each list is optional; without it: every plan
//!   services: [shop]
//!   environments: [production]
//!   actions: [deploy, promote]
//! rules:
//!   - id: image-tests
//!     when: plan.reference_kind == "tag"      # optional CEL: which of these plans it concerns
//!     require: size(plan.tests) > 0           # CEL that must be true ...
//!     severity: high                          # ... or else info, warning, or high, which blocks
//!     at: plan                                # plan (default), approve or start, and later ones
//!     message: Run the image tests before production.
//!     section: Which tests                    # the heading that it is written under; optional
//!     passes: [{plan.tests: [unit]}]          # examples: what differs from an ordinary plan
//!     fails: [{plan.tests: []}]
//!     ignores: [{plan.reference_kind: branch}]
//!   - id: two-people
//!     approvals: 2                            # instead of require and severity
//!     message: Two people approve what goes to production.
//! ---
//! ```
//!
//! The text of a file is read once: `front_matter` (with `yaml`, `expression` and `typing`) makes
//! the rules, `passage` cuts the body, `suspicion` flags what looks like an attempt to talk to a
//! machine. `statement` recognises what the text demands; a person accepts it as a rule, or not
//! (`decisions`). `advise` asks rules and statements about one plan. All mistakes of all files are
//! reported together; one mistake refuses the whole set, so that no rule is lost in silence.

mod advise;
mod decisions;
mod examples;
pub mod expression;
mod fields;
mod front_matter;
mod offer;
mod pages;
mod passage;
mod procedures;
mod search;
pub mod statement;
mod suspicion;
mod trial;
mod try_out;
mod types;
mod typing;
mod yaml;

use std::fmt;

use serde::Serialize;

use super::advice::Citation;
use super::facts::{Facts, PlanFacts};
use super::intent::Action;
use super::name::{EnvironmentName, ServiceName};
use super::rule::{Outcome, Rule};
use super::text::printable;
use expression::KnownFacts;

pub use advise::{advise, advise_under};
pub use decisions::{DecisionRecord, DecisionRefused, Decisions, Ruling, Withdrawal, Word, decide};
pub use offer::{Offer, OfferedRule};
pub use pages::PdfLine;
pub use passage::Passage;
pub use procedures::Procedures;
pub use statement::{Statement, StatementId};
pub use suspicion::{Suspicion, SuspicionKind};
pub use trial::{Trial, trials};
pub use try_out::try_out;
pub use typing::Mention;

/// A longer file is no procedure that anybody follows.
pub const MAX_FILE_BYTES: usize = 256 * 1024;

/// Citations show the beginning of a passage; the file has the rest.
const MAX_EXCERPT: usize = 300;

/// One procedure document.
#[derive(Debug)]
pub struct Sop {
    /// Relative to the folder of procedures, with `/` between folders.
    pub file: String,
    pub title: String,
    pub applies_to: AppliesTo,
    pub rules: Vec<Rule>,
    pub passages: Vec<Passage>,
    /// In the order of their lines.
    pub suspicions: Vec<Suspicion>,
    /// What the text demands, as far as it is recognised; empty where nobody has looked.
    pub statements: Vec<Statement>,
}

/// Which plans a procedure is about; an empty list stands for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AppliesTo {
    pub services: Vec<ServiceName>,
    pub environments: Vec<EnvironmentName>,
    pub actions: Vec<Action>,
}

/// Something that must be repaired in a file before the procedures can be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    pub file: String,
    /// 1-based; absent where the whole file is meant.
    pub line: Option<u32>,
    /// Where in the front matter, as `rules[1].require`; empty where no key is meant.
    pub key: String,
    /// What is wrong, what was expected.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// An example that its rule does not agree with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedExample {
    pub file: String,
    pub line: u32,
    pub rule: String,
    /// `passes`, `fails` or `ignores`, as the file says.
    pub expected: &'static str,
    /// What the rule makes of it.
    pub found: String,
}

impl Sop {
    /// Reads one file.
    ///
    /// # Errors
    ///
    /// All mistakes in it, in the order of their lines.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Mistake>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = front_matter::split(file, text)?;
        let (passages, first_heading) = passage::cut(document.body, document.body_line);
        let matter = front_matter::read(file, &document, &passages)?;
        let title = matter
            .title
            .or(first_heading)
            .unwrap_or_else(|| file.trim_end_matches(".md").to_owned());
        Ok(Self {
            file: file.to_owned(),
            title: printable(&title, 120),
            applies_to: matter.applies_to,
            rules: matter.rules,
            suspicions: suspicion::find(text, &document, &passages),
            passages,
            statements: Vec::new(),
        })
    }

    /// A citation of a rule: the passage that it was written from, or its own place in the file.
    pub fn cite_rule(&self, rule: &Rule) -> Citation {
        let passage = rule.passage.and_then(|index| self.passages.get(index));
        Citation {
            sop: self.file.clone(),
            title: self.title.clone(),
            rule: Some(rule.id.clone()),
            heading: passage.map_or_else(Vec::new, |passage| passage.heading.clone()),
            line: passage.map_or(rule.line, |passage| passage.line),
            page: passage.and_then(|passage| passage.page),
            excerpt: passage
                .map_or_else(|| rule.message.clone(), |p| printable(&p.text, MAX_EXCERPT)),
        }
    }

    pub fn cite_passage(&self, passage: &Passage) -> Citation {
        Citation {
            sop: self.file.clone(),
            title: self.title.clone(),
            rule: None,
            heading: passage.heading.clone(),
            line: passage.line,
            page: passage.page,
            excerpt: printable(&passage.text, MAX_EXCERPT),
        }
    }

    /// The suspicions that are shown to a person.
    pub fn shown_suspicions(&self) -> &[Suspicion] {
        suspicion::shown(&self.suspicions)
    }

    /// Tries the examples that stand beside the rules.
    pub fn failed_examples(&self) -> Vec<FailedExample> {
        let mut failed = Vec::new();
        for rule in &self.rules {
            for example in &rule.examples {
                let found = self.outcome_of(rule, &example.facts);
                if found != example.expected {
                    failed.push(FailedExample {
                        file: self.file.clone(),
                        line: example.line,
                        rule: rule.id.clone(),
                        expected: example.expected.as_str(),
                        found: match found {
                            Outcome::Failed(error) => format!("cannot be evaluated: {error}"),
                            other => other.as_str().to_owned(),
                        },
                    });
                }
            }
        }
        failed
    }

    fn outcome_of(&self, rule: &Rule, facts: &Facts) -> Outcome {
        if self.applies_to.concerns(&facts.plan) {
            rule.judge(facts, &KnownFacts::new(facts))
        } else {
            Outcome::Unconcerned
        }
    }
}

impl AppliesTo {
    pub fn everything(&self) -> bool {
        self.services.is_empty() && self.environments.is_empty() && self.actions.is_empty()
    }

    /// The same, however the lists are written.
    fn in_order(&self) -> Self {
        let Self {
            mut services,
            mut environments,
            mut actions,
        } = self.clone();
        services.sort();
        services.dedup();
        environments.sort();
        environments.dedup();
        actions.sort_by_key(|action| action.as_str());
        actions.dedup();
        Self {
            services,
            environments,
            actions,
        }
    }

    pub fn concerns(&self, plan: &PlanFacts) -> bool {
        let listed = |names: Vec<&str>, name: &str| names.is_empty() || names.contains(&name);
        listed(
            self.services.iter().map(ServiceName::as_str).collect(),
            &plan.service,
        ) && listed(
            self.environments
                .iter()
                .map(EnvironmentName::as_str)
                .collect(),
            &plan.environment,
        ) && listed(
            self.actions.iter().map(|action| action.as_str()).collect(),
            &plan.action,
        )
    }

    /// Makes a plan one that is concerned, by the first name of each list.
    fn shape(&self, plan: &mut PlanFacts) {
        if !self.concerns(plan) {
            let first = |name: Option<&str>, into: &mut String| {
                if let Some(name) = name {
                    name.clone_into(into);
                }
            };
            first(
                self.services.first().map(ServiceName::as_str),
                &mut plan.service,
            );
            first(
                self.environments.first().map(EnvironmentName::as_str),
                &mut plan.environment,
            );
            first(
                self.actions.first().map(|action| action.as_str()),
                &mut plan.action,
            );
        }
    }
}
