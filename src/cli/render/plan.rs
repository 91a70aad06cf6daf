//! A plan as a person wants to read it before saying yes.

use super::page::{LABEL, Page, Sheet, Tone, columns, cut, unbroken};
use super::step::described;
use super::table::{Cell, plain, table};
use super::words::{commit, counted, deed, length};
use crate::domain::advice::{Advice, Finding, Severity};
use crate::domain::changes::{Changes, Direction};
use crate::domain::intent::{Action, Draft, Intent, PostStep, Slot, SlotSource, VersionWish};
use crate::domain::lock::Place;
use crate::domain::plan::{OnDegraded, Pins, Plan, PlanStatus, Requester};
use crate::domain::revision::RefKind;

/// Commits and files that are listed; the rest is counted.
const COMMITS: usize = 8;
const FILES: usize = 6;
/// Columns of an author's name, and the fewest of a subject beside it.
const AUTHOR: usize = 20;
const NARROW_SUBJECT: usize = 20;

/// Everything, with the command that approves it at its end.
pub fn plan(page: &Page, plan: &Plan) -> String {
    let mut sheet = Sheet::new(page);
    if let (Some(intent), Some(text)) = (&plan.origin.intent, &plan.origin.text) {
        understood(&mut sheet, text, &draft(intent));
        sheet.blank();
    }
    let approve = format!("commander approve {}", plan.id.short());
    body(&mut sheet, page, plan, &approve);
    sheet.finish()
}

/// The plan without the sentence that it comes from; `approve` is what to type to say yes.
pub fn body(sheet: &mut Sheet<'_>, page: &Page, plan: &Plan, approve: &str) {
    sheet.entry_of(
        "Plan",
        &[
            (Tone::Strong, &headline(plan)),
            (Tone::Dim, &format!("  {}", plan.id)),
        ],
    );
    status(sheet, page, plan);
    if let Some(rerun) = &plan.origin.rerun_of {
        let text = format!("{} again, from {}", rerun.execution, rerun.from_step);
        sheet.entry("Runs", Tone::Plain, &text);
    }
    source(sheet, &plan.body.pins);
    if let Some(changes) = &plan.changes {
        changed(sheet, page, changes);
    }
    sheet.blank();
    steps(sheet, plan);
    sheet.blank();
    way_back(sheet, plan);
    for note in &plan.notes {
        sheet.entry("Note", Tone::Plain, note);
    }
    if !plan.chain.is_empty() {
        let next: Vec<_> = plan.chain.iter().map(ToString::to_string).collect();
        let text = format!(
            "once this is verified, a plan for {} is made and waits for its own approval",
            next.join(", then ")
        );
        sheet.entry("Afterwards", Tone::Plain, &text);
    }
    sheet.blank();
    procedures(sheet, &plan.advice);
    sheet.blank();
    approval(sheet, page, plan, approve);
}

/// What it does, in one line.
pub fn headline(plan: &Plan) -> String {
    let body = &plan.body;
    let place = Place {
        service: body.service.clone(),
        environment: body.environment.clone(),
    };
    let which = match (&body.pins.reference, &body.pins.commit) {
        (Some(reference), _) => Some(reference.clone()),
        (None, Some(sha)) => Some(format!("commit {}", commit(sha))),
        (None, None) => None,
    };
    match (body.action, which, &body.environment) {
        (Action::Deploy | Action::Promote, Some(which), Some(to)) => {
            format!("{} {} {which} to {to}", body.action.as_str(), body.service)
        }
        (Action::Rollback, Some(which), Some(environment)) => {
            format!("roll {} in {environment} back to {which}", body.service)
        }
        (Action::Build | Action::Test, Some(which), None) => {
            format!("{} {} {which}", body.action.as_str(), body.service)
        }
        (action, ..) => deed(action, &place),
    }
}

/// The words of the sentence beside what each was understood as.
pub fn understood(sheet: &mut Sheet<'_>, text: &str, draft: &Draft) {
    sheet.entry("Understood", Tone::Strong, &format!("“{text}”"));
    if let Some(action) = &draft.action {
        slot(sheet, text, "action", action, action.value.as_str());
    }
    if let Some(service) = &draft.service {
        slot(sheet, text, "service", service, &service.value);
    }
    if let Some(version) = &draft.version {
        slot(sheet, text, "version", version, &wish(&version.value));
    }
    for environment in &draft.environments {
        let name = environment.value.as_str();
        slot(sheet, text, "environment", environment, name);
    }
    for step in &draft.post_steps {
        slot(sheet, text, "with", step, &post_step(&step.value));
    }
}

fn draft(intent: &Intent) -> Draft {
    let service = intent.service.as_ref().map(|slot| Slot {
        value: slot.value.to_string(),
        source: slot.source,
        span: slot.span,
    });
    Draft {
        action: Some(intent.action.clone()),
        service,
        version: intent.version.clone(),
        environments: intent.environments.clone(),
        environment_order: intent.environment_order,
        post_steps: intent.post_steps.clone(),
    }
}

/// One understood part and its proof.
fn slot<T>(sheet: &mut Sheet<'_>, text: &str, label: &str, slot: &Slot<T>, value: &str) {
    let said = slot.span.and_then(|span| text.get(span.start..span.end));
    let said = said.map(|words| format!("“{words}”"));
    let proof = match (slot.source, said) {
        (SlotSource::Text, Some(words)) => words,
        (SlotSource::Alias, Some(words)) => format!("{words}, another word for it"),
        (SlotSource::OnlyService, _) => {
            "not said: filled in, for it is the only service".to_owned()
        }
        (SlotSource::Thread, _) => "said before".to_owned(),
        (SlotSource::Text | SlotSource::Alias, None) => "said".to_owned(),
    };
    sheet.entry_of(
        &format!("  {label}"),
        &[(Tone::Plain, value), (Tone::Dim, &format!("  {proof}"))],
    );
}

fn wish(version: &VersionWish) -> String {
    match version {
        VersionWish::Reference(name) => name.clone(),
        VersionWish::Previous => "the last known good".to_owned(),
        VersionWish::RunningIn(environment) => format!("the one that runs in {environment}"),
        VersionWish::Unclear(said) => format!("unclear: {said}"),
    }
}

fn post_step(step: &PostStep) -> String {
    match step {
        PostStep::RunTests => "all image tests".to_owned(),
        PostStep::SmokeTests => "all live tests".to_owned(),
        PostStep::HealthCheck => "the health gate".to_owned(),
        PostStep::Named(name) => name.clone(),
    }
}

fn status(sheet: &mut Sheet<'_>, page: &Page, plan: &Plan) {
    let (tone, words) = status_words(plan.status);
    let made = format!(
        "  made {} by {}",
        page.distance(plan.created_at),
        requester(&plan.origin.by)
    );
    sheet.entry_of("Status", &[(tone, words), (Tone::Dim, &made)]);
    if let Some(reason) = &plan.reason {
        sheet.more(tone, reason);
    }
}

pub fn status_words(status: PlanStatus) -> (Tone, &'static str) {
    match status {
        PlanStatus::PendingApproval => (Tone::Warn, "waits for approval"),
        PlanStatus::Approved => (Tone::Plain, "approved"),
        PlanStatus::Running => (Tone::Plain, "running"),
        PlanStatus::Succeeded => (Tone::Good, "succeeded"),
        PlanStatus::Failed => (Tone::Bad, "failed"),
        PlanStatus::Rejected => (Tone::Dim, "rejected"),
        PlanStatus::Expired => (Tone::Dim, "expired"),
        PlanStatus::Superseded => (Tone::Dim, "superseded"),
        PlanStatus::Cancelled => (Tone::Dim, "cancelled"),
        PlanStatus::RolledBack => (Tone::Bad, "rolled back"),
    }
}

pub fn requester(by: &Requester) -> String {
    match by {
        Requester::Person { name } => name.to_string(),
        Requester::Policy { under } => format!("the watch, under approval {under}"),
    }
}

fn source(sheet: &mut Sheet<'_>, pins: &Pins) {
    let kind = match pins.reference_kind {
        Some(RefKind::Tag) => "tag ",
        Some(RefKind::Branch) => "branch ",
        Some(RefKind::Commit) | None => "",
    };
    match (&pins.reference, &pins.commit) {
        (Some(reference), Some(sha)) if reference != sha => {
            let text = format!("{kind}{reference}, pinned at commit {}", commit(sha));
            sheet.entry("Source", Tone::Plain, &text);
        }
        (_, Some(sha)) => sheet.entry("Source", Tone::Plain, &format!("commit {}", commit(sha))),
        (_, None) => {}
    }
    if let Some(image) = &pins.image_id {
        let text = format!("{}, as it is; nothing is built", image.short());
        sheet.entry("Image", Tone::Plain, &text);
    }
}

fn changed(sheet: &mut Sheet<'_>, page: &Page, changes: &Changes) {
    let all = changes.commits.len() as u64 + u64::from(changes.more_commits);
    let files = changes.files.len() as u64 + u64::from(changes.more_files);
    let what = format!("{}, {}", counted(all, "commit"), counted(files, "file"));
    let since = changes.since.as_deref().map_or("", commit);
    let (tone, text) = match changes.direction {
        Direction::First => (
            Tone::Plain,
            "a first deploy: nothing runs there yet".to_owned(),
        ),
        Direction::Same => (Tone::Plain, "none: this commit runs already".to_owned()),
        Direction::Forward => (Tone::Plain, format!("{what} since {since}, which runs")),
        Direction::Backward => (
            Tone::Warn,
            format!("back by {what} behind {since}, which runs: they are taken out again"),
        ),
        Direction::Diverged => (
            Tone::Warn,
            format!(
                "{what} since {since}, which runs and has {} that are not in this one",
                counted(changes.lost_commits, "commit")
            ),
        ),
    };
    sheet.entry("Changes", tone, &text);
    for change in changes.commits.iter().take(COMMITS) {
        let who = format!("  {}", cut(&change.author, AUTHOR));
        let room = page.width.saturating_sub(LABEL + columns(&who) + 12);
        let about = format!(
            "{}  {}",
            commit(&change.sha),
            cut(&change.subject, room.max(NARROW_SUBJECT))
        );
        sheet.entry_of("", &[(Tone::Plain, &about), (Tone::Dim, &who)]);
    }
    let hidden = all.saturating_sub(COMMITS as u64);
    if hidden > 0 && changes.commits.len() > COMMITS {
        sheet.more(Tone::Dim, &format!("and {hidden} more"));
    }
    if !changes.files.is_empty() {
        let mut shown = changes
            .files
            .iter()
            .take(FILES)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        if files > FILES as u64 {
            shown.push_str(&format!(" and {} more", files - FILES as u64));
        }
        sheet.entry("  files", Tone::Dim, &shown);
    }
}

fn steps(sheet: &mut Sheet<'_>, plan: &Plan) {
    sheet.line(Tone::Strong, "Steps");
    // A plan that is shown was checked by the server; in a circle there is no order to show.
    let Ok(order) = plan.body.in_order() else {
        return sheet.line(Tone::Bad, "the steps wait for each other in a circle");
    };
    let longest = order.iter().map(|step| step.id.0.len()).max().unwrap_or(0);
    for (number, step) in order.into_iter().enumerate() {
        let (what, details) = described(step, &plan.body);
        let marker = format!("{:>3}. {:<longest$}  ", number + 1, step.id.0);
        let limit = length(u64::from(step.timeout_seconds) * 1000);
        let limit = format!(" {}", unbroken(&format!("(at most {limit})")));
        sheet.point(&marker, &[(Tone::Plain, &what), (Tone::Dim, &limit)]);
        let indent = " ".repeat(marker.len());
        for detail in details {
            sheet.point(&format!("{indent}- "), &[(Tone::Dim, &detail)]);
        }
    }
}

fn way_back(sheet: &mut Sheet<'_>, plan: &Plan) {
    if plan.body.environment.is_none() {
        return;
    }
    let target = plan.body.rollback_target.as_ref();
    let shown = target.map(|to| {
        format!(
            "commit {}, image {}",
            commit(&to.commit),
            to.image_id.short()
        )
    });
    let (tone, text) = match (&plan.body.on_degraded, shown) {
        (OnDegraded::RollBack { .. }, Some(to)) => (
            Tone::Plain,
            format!("{to}; by itself, once, if this release turns out bad in its bake"),
        ),
        (OnDegraded::CallPerson, Some(to)) if plan.body.action == Action::Rollback => (
            Tone::Plain,
            format!("this goes to {to}; nothing is automatic after it"),
        ),
        (OnDegraded::CallPerson, Some(to)) => (
            Tone::Warn,
            format!("{to}; not by itself: a person is called"),
        ),
        (OnDegraded::NotWatched, _) => (
            Tone::Plain,
            "not watched: no new release is made".to_owned(),
        ),
        (_, None) => (Tone::Warn, "none yet".to_owned()),
    };
    sheet.entry("Rollback to", tone, &text);
}

fn procedures(sheet: &mut Sheet<'_>, advice: &Advice) {
    let kept = counted(advice.rules_kept, "rule");
    let broken = advice.findings.len() as u64;
    let (tone, text) = match (advice.rules_kept, broken) {
        (0, 0) => (
            Tone::Warn,
            "no procedure has anything to say about this".to_owned(),
        ),
        (_, 0) => (Tone::Good, format!("{kept} looked at and kept")),
        _ => (
            Tone::Plain,
            format!("{}; {kept} kept", counted(broken, "finding")),
        ),
    };
    sheet.entry("Procedures", tone, &text);
    for found in &advice.findings {
        finding(sheet, found);
    }
}

/// What a procedure says, and where it is written.
pub fn finding(sheet: &mut Sheet<'_>, finding: &Finding) {
    let (tone, word) = match finding.severity {
        Severity::High => (Tone::Bad, "blocks"),
        Severity::Warning => (Tone::Warn, "warning"),
        Severity::Info => (Tone::Plain, "info"),
    };
    sheet.entry_of(&format!("  {word}"), &[(tone, &finding.message)]);
    let citation = &finding.citation;
    let mut place = citation.place();
    if let Some(rule) = &citation.rule {
        place.push_str(&format!(", rule {rule}"));
    }
    place.push_str(&format!(" ({})", citation.title));
    sheet.more(Tone::Dim, &place);
    if !citation.excerpt.is_empty() {
        sheet.more(Tone::Dim, &format!("“{}”", citation.excerpt));
    }
}

fn approval(sheet: &mut Sheet<'_>, page: &Page, plan: &Plan, approve: &str) {
    sheet.entry("Digest", Tone::Plain, plan.digest.short());
    if plan.status != PlanStatus::PendingApproval {
        return;
    }
    if plan.advice.blocking().next().is_some() {
        sheet.entry(
            "Approval",
            Tone::Bad,
            "not possible: a procedure forbids it. Change what it objects to, then ask anew",
        );
        return;
    }
    let who = match plan.advice.required_approvals {
        0 | 1 => "one person".to_owned(),
        several => format!("{several} different people"),
    };
    let until = format!(
        "{who}, until {} ({})",
        page.time(plan.expires_at),
        page.distance(plan.expires_at)
    );
    sheet.entry("Approval", Tone::Plain, &until);
    sheet.entry("Next", Tone::Strong, approve);
}

/// A list of plans, newest first.
pub fn list(page: &Page, plans: &[Plan]) -> String {
    if plans.is_empty() {
        return page.paint(Tone::Dim, "no plans; make one with: commander ask \"...\"") + "\n";
    }
    let rows: Vec<[Cell; 4]> = plans
        .iter()
        .map(|plan| {
            let (tone, words) = status_words(plan.status);
            [
                plain(plan.id.short()),
                (tone, words.to_owned()),
                plain(headline(plan)),
                (Tone::Dim, page.distance(plan.created_at)),
            ]
        })
        .collect();
    table(page, ["PLAN", "STATUS", "WHAT", "MADE"], &rows)
}
