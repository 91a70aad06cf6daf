//! Running an ended execution again, from one of its steps: a new plan for the world of today, with
//! the commit or the very image of then pinned in it. It is drafted, advised, approved and checked
//! against drift as any other plan.
//!
//! The configuration is that of today, as it is for every plan that brings something up: what was
//! changed since (a secret's new place, a port, a limit) was changed on purpose, and to bring back
//! image **and** configuration of then is what a rollback is for. The plan lists what is different.

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::super::ledger::ExecutionView;
use super::draft::Drafted;
use super::source::{Freshness, TagToday, gone, moved, not_alone};
use super::wish::{ImageOfThen, Wish, wish_of};
use super::{place_of, stored};
use crate::domain::catalogue::TestStage;
use crate::domain::comparison::{Compared, differences};
use crate::domain::id::ExecutionId;
use crate::domain::intent::Action;
use crate::domain::plan::{Origin, Plan, PlanBody, PlanStatus};
use crate::domain::rerun::{self, Again, RerunOf, RerunRefused, Tests};
use crate::domain::revision::RefKind;
use crate::domain::step::StepId;
use crate::domain::transition::Transition;

/// Differences that a note lists; the rest is counted, and compared with `executions compare`.
const LISTED: usize = 8;
/// Pending plans of a place among which the same wish is looked for.
const LOOK_BACK: u32 = 200;

impl Flow {
    /// A plan that runs `id` again from `from`, or from its first step; pending until a person
    /// approves it. Asked for twice, it is the same plan as long as that waits and nothing moved.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Conflict` where it has not ended or cannot begin there, and whatever keeps a new
    /// plan from being made.
    pub async fn rerun(
        &self,
        id: &ExecutionId,
        from: Option<&StepId>,
        mut origin: Origin,
    ) -> Result<Plan, FlowError> {
        let (rerun_of, drafted) = self.draft_again(id, from).await?;
        origin.rerun_of = Some(rerun_of);
        let plan = self.finish_plan(drafted, origin, Vec::new()).await?;
        // A second press of the button must see the first.
        let _one_at_a_time = self.approving.lock().await;
        if let Some(waiting) = self.waiting_twin(&plan)? {
            return Ok(waiting);
        }
        self.store.write(Transition::of(stored(&plan))).await?;
        tracing::info!(plan = %plan.id, execution = %id, "a re-run waits for approval");
        self.tell_of_waiting(&plan);
        Ok(plan)
    }

    /// The same plan, asked for by the same person from the same step, that waits already.
    fn waiting_twin(&self, plan: &Plan) -> Result<Option<Plan>, FlowError> {
        let selection = super::super::selection(&place_of(plan), LOOK_BACK);
        let pending = self
            .store
            .plans(&selection, Some(PlanStatus::PendingApproval))?;
        let is_twin = |other: &Plan| {
            other.digest == plan.digest
                && other.origin.rerun_of == plan.origin.rerun_of
                && other.origin.by == plan.origin.by
                && other.expires_at > plan.created_at
        };
        Ok(pending.into_iter().find(is_twin))
    }

    pub(super) async fn draft_again(
        &self,
        id: &ExecutionId,
        from: Option<&StepId>,
    ) -> Result<(RerunOf, Drafted), FlowError> {
        let then = self.execution(id)?;
        let (from_step, again) = rerun::again(&then.plan, &then.state, from).map_err(refused)?;
        let mut wish = Wish {
            image: None,
            ..wish_of(&then.plan)
        };
        if !matches!(&again, Again::Image { tests, .. } if *tests == Tests::Passed) {
            self.require_tests(&wish)?;
        }
        let mut drafted = match &again {
            Again::Source => self.draft_from_source(wish, &then.plan).await?,
            Again::Whole => self.draft_whole(&wish, &then.plan).await?,
            Again::Image { image_id, tests } => {
                if *tests == Tests::Passed {
                    wish.tests.clear();
                }
                wish.image = Some(ImageOfThen::of(&then.plan.body, image_id));
                self.draft(&wish, Freshness::Mirror, None).await?
            }
        };
        let mut notes = notes(&then, &from_step, &again, &drafted.body);
        notes.append(&mut drafted.notes);
        drafted.notes = notes;
        let rerun_of = RerunOf {
            execution: id.clone(),
            from_step,
        };
        Ok((rerun_of, drafted))
    }

    /// The commit of then. A tag is named again where the repository says that it still names it, so
    /// that rules about tags hold; a branch has moved on, or will.
    async fn draft_from_source(&self, mut wish: Wish, then: &Plan) -> Result<Drafted, FlowError> {
        let pins = &then.body.pins;
        let tag = wish.reference.clone();
        let tag = tag.filter(|_| pins.reference_kind == Some(RefKind::Tag));
        let commit = pins.commit.clone().unwrap_or_default();
        let mut told = None;
        if let Some(tag) = tag {
            match self
                .tag_today(self.service(&wish.service)?, &tag, &commit)
                .await?
            {
                TagToday::Same => match self.draft(&wish, Freshness::Mirror, None).await {
                    Ok(drafted) if drafted.body.pins.commit.as_ref() == Some(&commit) => {
                        return Ok(drafted);
                    }
                    // It has moved since it was asked for, or a branch has its name, too. What else
                    // keeps a plan from being made says so below.
                    Ok(_) | Err(_) => told = Some(not_alone(&tag, &commit)),
                },
                TagToday::Moved { to } => told = Some(moved(&tag, &to, &commit)),
                TagToday::Unknown => told = Some(gone(&tag, &commit)),
            }
        }
        wish.reference = Some(commit);
        let mut drafted = self.draft(&wish, Freshness::Mirror, None).await?;
        drafted.notes.extend(told);
        Ok(drafted)
    }

    /// A rollback to the same release; a restart of what was restarted then.
    async fn draft_whole(&self, wish: &Wish, then: &Plan) -> Result<Drafted, FlowError> {
        let drafted = self.draft(wish, Freshness::Mirror, None).await?;
        if wish.action == Action::Restart && drafted.body.pins.live != then.body.pins.live {
            return Err(FlowError::new(
                Code::Conflict,
                "what was restarted then is not live any more: say \"restart\" for what is live now",
            ));
        }
        Ok(drafted)
    }

    /// A test of then that nobody knows any more must not be left out in silence.
    fn require_tests(&self, wish: &Wish) -> Result<(), FlowError> {
        let service = self.service(&wish.service)?;
        let settings = match &wish.environment {
            Some(_) => &self.place(wish, service)?.1.settings,
            None => &service.settings,
        };
        let is_known = |test: &_| {
            let known = settings.tests.get(test);
            known.is_some_and(|known| known.when == TestStage::Image)
        };
        match wish.tests.iter().find(|test| !is_known(test)) {
            None => Ok(()),
            Some(test) => Err(FlowError::new(
                Code::Conflict,
                format!(
                    "the test {test} of then is not in today's configuration: add it again, or ask for a new plan without it"
                ),
            )),
        }
    }
}

fn refused(error: RerunRefused) -> FlowError {
    let code = match error {
        RerunRefused::UnknownStep { .. } => Code::NotFound,
        RerunRefused::NotEnded
        | RerunRefused::NoBeginning { .. }
        | RerunRefused::NotBuilt { .. }
        | RerunRefused::NotPassed { .. } => Code::Conflict,
    };
    FlowError::new(code, error.to_string())
}

/// What is done again, what is left out, and what is another today.
fn notes(then: &ExecutionView, from: &StepId, again: &Again, now: &PlanBody) -> Vec<String> {
    let id = &then.execution.id;
    let ended = format!("{:?}", then.state.status).to_lowercase();
    let stands_on = match again {
        Again::Source => "its commit, built anew".to_owned(),
        Again::Image { image_id, tests } => {
            let tested = match tests {
                Tests::Run => "tested again",
                Tests::Passed => "which passed its tests then, if it had any",
            };
            format!("its image {}, {tested}", image_id.short())
        }
        Again::Whole => "all its steps".to_owned(),
    };
    let mut notes = vec![format!(
        "runs {id} ({ended}) again from {from}: {stands_on}"
    )];
    let first = now.in_order().unwrap_or_default();
    if let Some(first) = first.first().filter(|first| &first.id != from) {
        notes.push(format!(
            "a part of a graph is no plan: it begins with {}",
            first.id
        ));
    }
    if !then.plan.chain.is_empty() {
        notes.push("what followed it in its chain does not follow this".to_owned());
    }
    if now.action != Action::Rollback {
        notes.extend(changed(
            then.plan
                .body
                .configuration
                .as_ref()
                .zip(now.configuration.as_ref()),
        ));
    }
    notes
}

fn changed<T: serde::Serialize>(pair: Option<(&T, &T)>) -> Option<String> {
    let (before, now) = pair?;
    let found = differences(before, now);
    if found.is_empty() {
        return Some("the configuration is today's, and the same as then".to_owned());
    }
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    let told = |d: &Compared| format!("{} {} -> {}", d.what, side(&d.first), side(&d.second));
    let mut listed: Vec<String> = found.iter().take(LISTED).map(told).collect();
    if found.len() > LISTED {
        listed.push(format!("and {} more", found.len() - LISTED));
    }
    Some(format!(
        "the configuration is today's; different from then: {}",
        listed.join("; ")
    ))
}
