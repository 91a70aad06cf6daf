//! The written procedures.

use super::page::{Page, Sheet, Tone};
use crate::cli::wire::{DemandListed, RuleListed, SopListed};
use crate::domain::advice::{Citation, RuleStage, Severity};
use crate::flow::{Suggestion, SuggestionStatus};

/// The procedures in use, each with what of it is enforced.
pub fn list(page: &Page, sops: &[SopListed]) -> String {
    let mut sheet = Sheet::new(page);
    if sops.is_empty() {
        sheet.line(
            Tone::Warn,
            "no procedures: plans are not checked against any (advisor.sops names their folder)",
        );
    }
    for sop in sops {
        let file = format!("  {}", sop.file);
        sheet.point("", &[(Tone::Strong, &sop.title), (Tone::Dim, &file)]);
        for rule in &sop.rules {
            let (tone, word) = demand(rule);
            let message = format!(": {}", rule.message);
            let place = format!("  {} (line {})", rule.id, rule.line);
            sheet.point(
                "  - ",
                &[(tone, &word), (Tone::Plain, &message), (Tone::Dim, &place)],
            );
        }
        for suspicion in &sop.suspicions {
            let text = format!(
                "line {} is suspicious, {}: {}",
                suspicion.line,
                suspicion.kind.as_str(),
                suspicion.excerpt
            );
            sheet.point("  ! ", &[(Tone::Warn, &text)]);
        }
    }
    sheet.finish()
}

fn demand(rule: &RuleListed) -> (Tone, String) {
    let (tone, what) = match rule.demand {
        DemandListed::Condition { severity } => match severity {
            Severity::High => (Tone::Bad, "blocks".to_owned()),
            Severity::Warning => (Tone::Warn, "warns".to_owned()),
            Severity::Info => (Tone::Plain, "informs".to_owned()),
        },
        DemandListed::Approvals { count } => (Tone::Plain, format!("asks for {count} approvals")),
    };
    let from = match rule.at {
        RuleStage::Plan => "from the plan on",
        RuleStage::Approve => "from the approval on",
        RuleStage::Start => "at the start",
    };
    (tone, format!("{what} {from}"))
}

/// What the text demands, and what was decided about it.
pub fn suggestions(page: &Page, found: &[Suggestion]) -> String {
    let mut sheet = Sheet::new(page);
    if found.is_empty() {
        sheet.line(
            Tone::Plain,
            "the text of the procedures demands nothing that is recognised",
        );
    }
    for suggestion in found {
        let (tone, status) = match suggestion.status {
            SuggestionStatus::Pending => (Tone::Warn, "pending"),
            SuggestionStatus::Accepted => (Tone::Strong, "accepted"),
            SuggestionStatus::Refused => (Tone::Dim, "refused"),
            SuggestionStatus::Stale => (Tone::Warn, "stale"),
        };
        let offer = &suggestion.offer;
        let said = format!(": \u{201c}{}\u{201d}", offer.text);
        let by = suggestion
            .decision
            .as_ref()
            .map(|made| format!(" by {}", made.by));
        let asked = suggestion.decision.as_ref();
        let asked = asked.and_then(|made| made.withdrawal.as_ref());
        let place = format!(
            "  {}, {}, {}{}",
            offer.kind.as_str(),
            offer.citation.place(),
            offer.id,
            by.unwrap_or_default()
        );
        sheet.point(
            "",
            &[(tone, status), (Tone::Plain, &said), (Tone::Dim, &place)],
        );
        if let Some(asked) = asked {
            let waits = match suggestion.status {
                SuggestionStatus::Accepted => "; it counts until a second person refuses it too",
                _ => "",
            };
            let asked = format!(
                "{} asked to take it back: {}{waits}",
                asked.by, asked.reason
            );
            sheet.point("  ", &[(Tone::Warn, &asked)]);
        }
        if let Some(rule) = &offer.rule {
            let when = format!("when {}", rule.when.as_deref().unwrap_or("always"));
            sheet.point("  ", &[(Tone::Dim, &when)]);
            let demand = match (&rule.require, rule.approvals) {
                (Some(require), _) => format!("require {require}"),
                (None, approvals) => format!("{} approvals", approvals.unwrap_or(1)),
            };
            sheet.point("  ", &[(Tone::Dim, &demand)]);
            sheet.point("  ", &[(Tone::Plain, &offer.effect)]);
        }
    }
    sheet.finish()
}

/// Passages with the place where each is written.
pub fn passages(page: &Page, found: &[Citation]) -> String {
    let mut sheet = Sheet::new(page);
    if found.is_empty() {
        sheet.line(Tone::Dim, "no passage has these words");
    }
    for citation in found {
        let place = citation.place();
        let title = format!("  {}", citation.title);
        let heading = match citation.heading.is_empty() {
            true => String::new(),
            false => format!("  {}", citation.heading.join(" > ")),
        };
        sheet.point(
            "",
            &[
                (Tone::Strong, &place),
                (Tone::Plain, &title),
                (Tone::Dim, &heading),
            ],
        );
        sheet.point("  ", &[(Tone::Plain, &citation.excerpt)]);
    }
    sheet.finish()
}
