//! Advice: what the written procedures say about a plan.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Digest;

/// Findings in a stable order (severity, then source), so that the same plan, procedures and
/// facts give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Advice {
    pub findings: Vec<Finding>,
    /// How many distinct named people must approve; at least one.
    pub required_approvals: u32,
    /// How many rules concern the plan and are kept: no findings are good news only where rules
    /// were looked at.
    pub rules_kept: u32,
}

impl Default for Advice {
    fn default() -> Self {
        Self {
            findings: Vec::new(),
            required_approvals: 1,
            rules_kept: 0,
        }
    }
}

impl Advice {
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// Findings that forbid going on.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings
            .iter()
            .filter(|finding| finding.severity == Severity::High)
    }
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Blocks approval.
    High,
    Warning,
    Info,
}

/// When a rule is looked at.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RuleStage {
    Plan,
    Approve,
    Start,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub severity: Severity,
    pub at: RuleStage,
    /// One sentence for the person who decides.
    pub message: String,
    pub citation: Citation,
    /// The statement in the text that it comes from, where it comes from no rule of a front matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// Where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The file, relative to the folder of procedures.
    pub sop: String,
    pub title: String,
    /// The rule's id in the front matter, or none for a passage.
    pub rule: Option<String>,
    /// The headings above the passage, outermost first.
    pub heading: Vec<String>,
    /// 1-based line where the passage begins; of a PDF, counted over the text of all its pages.
    pub line: u32,
    /// The 1-based page, where the file has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The passage's own words, capped and printable.
    pub excerpt: String,
}

impl Citation {
    /// Where a person finds it: `release.md:12`, `handbook.pdf, page 3`.
    pub fn place(&self) -> String {
        match self.page {
            Some(page) => format!("{}, page {page}", self.sop),
            None => format!("{}:{}", self.sop, self.line),
        }
    }
}
