//! Advice: the written procedures are asked about a plan, at the plan, at each approval and at the
//! start.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Flow;
use super::error::{Code, FlowError};
use super::plan::place_of;
use crate::adapters::db::Selection;
use crate::domain::advice::{Advice, RuleStage};
use crate::domain::approval::{Approval, Approver, distinct_people};
use crate::domain::facts::{
    ApprovalFacts, AttestedFacts, ChangeFacts, ElsewhereFacts, Facts, FreezeFacts, IncidentFacts,
    LiveFacts, PeopleFacts, PlanFacts, ReleaseFacts, TimeFacts,
};
use crate::domain::lock::Place;
use crate::domain::name::{EnvironmentName, PersonName};
use crate::domain::plan::Plan;
use crate::domain::release::{self, Presence, Quality, Release};
use crate::domain::sop::{self, Procedures};
use crate::os::clock;

impl Flow {
    /// Reads the folder of procedures again and uses what is there now.
    ///
    /// # Errors
    ///
    /// `InvalidInput` with all mistakes; the procedures before it stay in use.
    pub async fn reindex(self: &Arc<Self>) -> Result<Arc<Procedures>, FlowError> {
        let flow = self.clone();
        let read = tokio::task::spawn_blocking(move || flow.procedures.reindex());
        let stopped = |error: &dyn std::fmt::Display| {
            FlowError::new(Code::Unavailable, format!("they were not read: {error}"))
        };
        let read = read.await.map_err(|error| stopped(&error))?;
        read.map_err(|error| FlowError::new(Code::InvalidInput, error.to_string()))
    }

    /// What the procedures say now. `saying_yes` is the person whose approval is being given, and
    /// counts already.
    pub(super) async fn advise_anew(
        &self,
        plan: &Plan,
        stage: RuleStage,
        approvals: &[Approval],
        saying_yes: Option<&PersonName>,
    ) -> Result<Advice, FlowError> {
        let procedures = self.procedures.current();
        // What a sentence claims ("backup taken", "hotfix") is no fact here: whoever types it would
        // turn a rule off, or satisfy it, by a word. It stays unsaid, which warns.
        let facts = self.facts(plan, approvals, saying_yes, &procedures)?;
        let decisions = self.decisions(&procedures)?;
        Ok(sop::advise_under(&procedures, &decisions, &facts, stage))
    }

    fn facts(
        &self,
        plan: &Plan,
        approvals: &[Approval],
        saying_yes: Option<&PersonName>,
        procedures: &Procedures,
    ) -> Result<Facts, FlowError> {
        let place = place_of(plan);
        let now = clock::now();
        let ledger = self.store.ledger(&place)?;
        let live = release::live(&ledger);
        let age = live
            .and_then(|r| r.live_since)
            .map(|since| now.duration_since(since));
        let mut people: BTreeSet<PersonName> = distinct_people(plan, approvals)
            .into_iter()
            .filter_map(|approval| match &approval.by {
                Approver::Person { name } => Some(name.clone()),
                Approver::Policy { .. } => None,
            })
            .collect();
        people.extend(saying_yes.cloned());
        Ok(Facts {
            plan: PlanFacts {
                bake_minutes: self.bake_minutes(plan),
                ..PlanFacts::of(&plan.body, &plan.origin.by, &plan.chain)
            },
            changes: ChangeFacts::of(plan.changes.as_ref()),
            live: LiveFacts {
                exists: live.is_some(),
                quality: live.map_or("", |r| quality_word(r.quality)).to_owned(),
                age_hours: age.map_or(0, |age| age.as_hours()),
            },
            release: ReleaseFacts {
                verified_in: self.verified_in(plan)?,
                soaked_minutes: match procedures.look_at("release.soaked_minutes") {
                    true => self.soaked_minutes(plan, now)?,
                    false => 0,
                },
            },
            time: TimeFacts::at(now, &self.settings.timezone, &self.settings.holidays),
            freeze: FreezeFacts {
                active: self.store.freeze(&place)?.is_some(),
            },
            elsewhere: ElsewhereFacts {
                running: match procedures.look_at("elsewhere.running") {
                    true => self.running_elsewhere(plan)?,
                    false => 0,
                },
            },
            incident: IncidentFacts {
                open: match procedures.look_at("incident.open") {
                    true => self.open_incidents(plan)?,
                    false => 0,
                },
            },
            attested: AttestedFacts::unknown(),
            people: PeopleFacts {
                tokens: i64::try_from(self.store.tokens()?.len()).unwrap_or(i64::MAX),
            },
            approval: ApprovalFacts::of(&people, &plan.origin.by),
        })
    }

    /// The environments in which this commit, or this image, is verified.
    fn verified_in(&self, plan: &Plan) -> Result<Vec<String>, FlowError> {
        let service = self.service(&plan.body.service)?;
        let mut found = Vec::new();
        for environment in service.environments.keys() {
            let mut releases = self.same_releases(plan, environment)?;
            let quarantines = self.store.quarantines(&Place {
                service: plan.body.service.clone(),
                environment: Some(environment.clone()),
            })?;
            if releases.any(|r| release::proves(&r, &quarantines)) {
                found.push(environment.to_string());
            }
        }
        Ok(found)
    }

    /// Releases of this commit, or this image, in an environment of the service.
    fn same_releases(
        &self,
        plan: &Plan,
        environment: &EnvironmentName,
    ) -> Result<impl Iterator<Item = Release>, FlowError> {
        let pins = &plan.body.pins;
        let place = Place {
            service: plan.body.service.clone(),
            environment: Some(environment.clone()),
        };
        let is_same = |r: &Release| {
            pins.commit.as_ref() == Some(&r.commit)
                || (pins.image_id.is_some() && pins.image_id == r.image_id)
        };
        Ok(self.store.ledger(&place)?.into_iter().filter(is_same))
    }

    /// For how long the same version has been live in another environment. Of what is live there no
    /// more nobody knows when it went.
    fn soaked_minutes(&self, plan: &Plan, now: Timestamp) -> Result<i64, FlowError> {
        let service = self.service(&plan.body.service)?;
        let mut longest = 0;
        for environment in service.environments.keys() {
            if plan.body.environment.as_ref() == Some(environment) {
                continue;
            }
            let live = self
                .same_releases(plan, environment)?
                .filter(|r| r.presence == Presence::Live)
                .filter_map(|r| r.live_since)
                .map(|since| now.duration_since(since).as_mins());
            longest = live.fold(longest, i64::max);
        }
        Ok(longest)
    }

    fn bake_minutes(&self, plan: &Plan) -> i64 {
        let service = self.service(&plan.body.service).ok();
        let seconds = service
            .zip(plan.body.environment.as_ref())
            .and_then(|(service, name)| service.environments.get(name))
            .map_or(0, |environment| environment.settings.bake_seconds);
        i64::from(seconds / 60)
    }

    fn running_elsewhere(&self, plan: &Plan) -> Result<i64, FlowError> {
        let open = self.store.open_executions()?;
        let others = open.iter().filter(|execution| execution.plan != plan.id);
        Ok(i64::try_from(others.count()).unwrap_or(i64::MAX))
    }

    fn open_incidents(&self, plan: &Plan) -> Result<i64, FlowError> {
        let open = self.store.open_incidents(&Selection {
            service: Some(plan.body.service.clone()),
            limit: u32::MAX,
            ..Selection::default()
        })?;
        Ok(i64::try_from(open.len()).unwrap_or(i64::MAX))
    }
}

fn quality_word(quality: Quality) -> &'static str {
    match quality {
        Quality::Unproven => "unproven",
        Quality::Verified => "verified",
        Quality::Unverified => "unverified",
        Quality::Quarantined => "quarantined",
    }
}
