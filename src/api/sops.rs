//! The written procedures in use.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::extract::{Items, Json, Query};
use super::problem::Problem;
use crate::domain::advice::{Citation, RuleStage, Severity};
use crate::domain::rule::{Demand, Example, Rule};
use crate::domain::sop::{Passage, Procedures, Sop, Suspicion};
use crate::domain::text::printable;

/// Passages that an answer cites.
const CITED: usize = 20;
/// Characters of a passage, a heading or a lead.
const PASSAGE: usize = 2_000;

/// A procedure: what of it is enforced, what people read, and what in it looks like an order to a
/// machine.
#[derive(Debug, Serialize, ToSchema)]
pub struct SopView {
    /// Relative to the folder of procedures.
    file: String,
    title: String,
    rules: Vec<RuleView>,
    passages: Vec<PassageView>,
    suspicions: Vec<Suspicion>,
}

/// A paragraph, a list item or a block of code, by which a procedure is cited.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassageView {
    /// The headings above it, outermost first.
    heading: Vec<String>,
    /// 1-based line in the file.
    line: u32,
    /// The 1-based page, where the file has pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u32>,
    /// The sentence that leads in the list whose item this is.
    lead: Option<String>,
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RuleView {
    id: String,
    /// 1-based line in the file.
    line: u32,
    /// When it is looked at first.
    at: RuleStage,
    message: String,
    /// The condition that says which plans it concerns; all that the procedure applies to without it.
    when: Option<String>,
    demand: DemandView,
    examples: Vec<ExampleView>,
}

/// A plan in short form, and what the rule says about it; `commander sops check` tries it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExampleView {
    /// `passes`, `fails` or `ignores`.
    expected: &'static str,
    /// In what the plan differs from an ordinary one, as the file says it.
    facts: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DemandView {
    Condition { require: String, severity: Severity },
    Approvals { count: u32 },
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Looked {
    /// Words to look for.
    q: String,
}

/// The procedures in use.
#[utoipa::path(
    get, path = "/api/sops", operation_id = "listSops", tag = "sops",
    responses((status = OK, body = Items<SopView>), Problem),
)]
pub async fn list(State(api): State<Arc<Api>>) -> Json<Items<SopView>> {
    Json(views(&api.flow.procedures.current()))
}

/// The passages that the words are found in, the best first.
#[utoipa::path(
    get, path = "/api/sops/search", operation_id = "searchSops", tag = "sops", params(Looked),
    responses((status = OK, body = Items<Citation>), Problem),
)]
pub async fn search(
    State(api): State<Arc<Api>>,
    Query(looked): Query<Looked>,
) -> Json<Items<Citation>> {
    let found = api.flow.procedures.current().search(&looked.q, CITED);
    Json(found.into())
}

/// Read the folder again. Where a file has a mistake, the procedures before it stay in use.
#[utoipa::path(
    post, path = "/api/sops/reindex", operation_id = "reindexSops", tag = "sops",
    responses((status = OK, body = Items<SopView>), Problem),
)]
pub async fn reindex(State(api): State<Arc<Api>>) -> Result<Json<Items<SopView>>, Problem> {
    Ok(Json(views(&*api.flow.reindex().await?)))
}

fn views(procedures: &Procedures) -> Items<SopView> {
    let views: Vec<SopView> = procedures.sops().iter().map(SopView::of).collect();
    views.into()
}

impl SopView {
    fn of(sop: &Sop) -> Self {
        Self {
            file: sop.file.clone(),
            title: sop.title.clone(),
            rules: sop.rules.iter().map(RuleView::of).collect(),
            passages: sop.passages.iter().map(PassageView::of).collect(),
            suspicions: sop.shown_suspicions().to_vec(),
        }
    }
}

impl PassageView {
    fn of(passage: &Passage) -> Self {
        let shown = |text: &String| printable(text, PASSAGE);
        Self {
            heading: passage.heading.iter().map(shown).collect(),
            line: passage.line,
            page: passage.page,
            lead: passage.lead.as_ref().map(shown),
            text: shown(&passage.text),
        }
    }
}

impl RuleView {
    fn of(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            line: rule.line,
            at: rule.at,
            message: rule.message.clone(),
            when: rule.when.as_ref().map(|when| when.source().to_owned()),
            demand: match &rule.demand {
                Demand::Condition { require, severity } => DemandView::Condition {
                    require: require.source().to_owned(),
                    severity: *severity,
                },
                Demand::Approvals(count) => DemandView::Approvals { count: *count },
            },
            examples: rule.examples.iter().map(ExampleView::of).collect(),
        }
    }
}

impl ExampleView {
    fn of(example: &Example) -> Self {
        let shown = |fact: &String| printable(fact, PASSAGE);
        Self {
            expected: example.expected.as_str(),
            facts: example.stated.iter().map(shown).collect(),
        }
    }
}
