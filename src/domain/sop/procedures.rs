//! The procedures together: looked through for passages, compared with the catalogue.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::search::PassageIndex;
use super::statement::{self, Claims, Contrast, Definition};
use super::{Mention, Mistake, Sop};
use crate::domain::advice::Citation;
use crate::domain::catalogue::Catalogue;
use crate::domain::facts::{Place, closest};
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::rule::Rule;
use crate::domain::text::printable;

/// All procedures of the house, in the order of their files' names.
#[derive(Debug, Default)]
pub struct Procedures {
    sops: Vec<Sop>,
    index: PassageIndex,
    /// By which statements and the claims of commands are recognised.
    definition: Option<Arc<Definition>>,
    /// Facts that a rule or a statement looks at.
    reads: BTreeSet<&'static str>,
}

impl Procedures {
    pub fn new(sops: Vec<Sop>) -> Self {
        Self::with(sops, None)
    }

    /// Procedures whose text is looked through for statements.
    pub fn recognising(mut sops: Vec<Sop>, definition: &Arc<Definition>) -> Self {
        for sop in &mut sops {
            sop.statements = statement::recognise(sop, definition);
        }
        Self::with(sops, Some(Arc::clone(definition)))
    }

    fn with(mut sops: Vec<Sop>, definition: Option<Arc<Definition>>) -> Self {
        sops.sort_by(|one, other| one.file.cmp(&other.file));
        let index = PassageIndex::build(&sops);
        let reads = sops
            .iter()
            .flat_map(|sop| {
                let statements = sop.statements.iter().filter_map(|s| s.rule.as_ref());
                sop.rules.iter().chain(statements)
            })
            .flat_map(Rule::expressions)
            .flat_map(|expression| expression.reads().iter().copied())
            .collect();
        Self {
            sops,
            index,
            definition,
            reads,
        }
    }

    /// Whether anything looks at this fact: what nobody looks at need not be gathered.
    pub fn look_at(&self, fact: &str) -> bool {
        self.reads.contains(fact)
    }

    /// What a command claims beside what it asks for.
    pub fn claims(&self, command: &str) -> Claims {
        self.definition
            .as_ref()
            .map_or_else(Claims::default, |definition| {
                statement::claims(command, definition)
            })
    }

    /// How a command stands to the sentences of each procedure.
    pub fn contrasts(&self, command: &str) -> Vec<(&Sop, Vec<Contrast>)> {
        let Some(definition) = &self.definition else {
            return Vec::new();
        };
        let of_sop = |sop| (sop, statement::contrasts(sop, definition, command));
        self.sops.iter().map(of_sop).collect()
    }

    pub fn sops(&self) -> &[Sop] {
        &self.sops
    }

    /// The passages that the query's words are found in, the best first; at most `limit`.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Citation> {
        self.index
            .find(query, limit)
            .into_iter()
            .filter_map(|place| {
                let sop = self.sops.get(place.sop)?;
                Some(sop.cite_passage(sop.passages.get(place.passage)?))
            })
            .collect()
    }

    /// Services and environments that procedures name and the catalogue does not have: such a
    /// rule concerns no plan, perhaps because of a misspelling.
    pub fn unknown_names(&self, catalogue: &Catalogue) -> Vec<Mistake> {
        let services: Vec<&str> = catalogue.services.keys().map(ServiceName::as_str).collect();
        let mut environments: Vec<&str> = catalogue
            .services
            .values()
            .flat_map(|service| service.environments.keys().map(EnvironmentName::as_str))
            .collect();
        environments.sort_unstable();
        environments.dedup();
        let mut found = Vec::new();
        for sop in &self.sops {
            for (line, key, mention) in sop.mentions() {
                let (what, known) = match mention.place {
                    Place::Service => ("service", &services),
                    Place::Environment => ("environment", &environments),
                };
                if !known.contains(&mention.name.as_str()) {
                    let suggestion = closest(&mention.name, known.iter().copied())
                        .map(|near| format!(": did you mean \"{near}\"?"))
                        .unwrap_or_default();
                    found.push(Mistake {
                        file: sop.file.clone(),
                        line,
                        key,
                        message: format!(
                            "the catalogue has no {what} \"{}\"{suggestion}",
                            printable(&mention.name, 80)
                        ),
                    });
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Sop {
    /// Every name of the catalogue in this procedure, with the line and key it stands under.
    fn mentions(&self) -> Vec<(Option<u32>, String, Mention)> {
        let mention = |place, name: &str| Mention {
            place,
            name: name.to_owned(),
        };
        let scope = &self.applies_to;
        let services = scope
            .services
            .iter()
            .map(|name| mention(Place::Service, name.as_str()));
        let environments = scope
            .environments
            .iter()
            .map(|name| mention(Place::Environment, name.as_str()));
        let in_scope = services
            .chain(environments)
            .map(|mention| (None, "applies_to".to_owned(), mention));
        let in_rules = self.rules.iter().flat_map(|rule| {
            rule.expressions()
                .flat_map(|expression| expression.mentions())
                .map(|mention| {
                    (
                        Some(rule.line),
                        format!("rule {}", rule.id),
                        mention.clone(),
                    )
                })
        });
        in_scope.chain(in_rules).collect()
    }
}
