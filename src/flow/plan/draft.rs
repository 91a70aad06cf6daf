//! Drafting: a wish becomes the body of a plan, against the mirror and the ledger as they are now.
//! The same wish is drafted again at approval and at the start, to see whether the world has moved.

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::super::retention::rebuild;
use super::super::rollback::choose;
use super::place::{BringUp, place_named};
use super::source::Freshness;
use super::wish::Wish;
use crate::domain::catalogue::Service;
use crate::domain::changes::Changes;
use crate::domain::id::ReleaseId;
use crate::domain::intent::Action;
use crate::domain::name::EnvironmentName;
use crate::domain::plan::PlanBody;
use crate::domain::planner;
use crate::domain::release::{self, Quality};

/// A body with what belongs to it and is not covered by the digest.
pub(super) struct Drafted {
    pub body: PlanBody,
    pub target: Option<ReleaseId>,
    pub changes: Option<Changes>,
    pub notes: Vec<String>,
}

impl Flow {
    pub(super) async fn draft(
        &self,
        wish: &Wish,
        freshness: Freshness,
        from: Option<&EnvironmentName>,
    ) -> Result<Drafted, FlowError> {
        let service = self.service(&wish.service)?;
        if let Some(then) = &wish.image {
            return self.draft_image(wish, service, then).await;
        }
        match wish.action {
            Action::Build | Action::Test => self.draft_build(wish, service, freshness).await,
            Action::Deploy => self.draft_deploy(wish, service, freshness).await,
            Action::Promote => self.draft_promote(wish, service, from).await,
            Action::Rollback => self.draft_back(wish, service).await,
            Action::Restart => self.draft_restart(wish, service),
            Action::Scale | Action::Status | Action::Logs | Action::Unsupported => Err(
                FlowError::new(Code::InvalidInput, "no plan is made for this"),
            ),
        }
    }

    async fn draft_build(
        &self,
        wish: &Wish,
        service: &Service,
        freshness: Freshness,
    ) -> Result<Drafted, FlowError> {
        let found = self
            .find_source(wish, service, &service.settings, freshness)
            .await?;
        let body = planner::build(
            wish.action,
            &wish.service,
            &service.settings,
            &found.source,
            &wish.tests,
        );
        Ok(Drafted {
            body,
            target: None,
            changes: None,
            notes: found.notes,
        })
    }

    async fn draft_deploy(
        &self,
        wish: &Wish,
        service: &Service,
        freshness: Freshness,
    ) -> Result<Drafted, FlowError> {
        let (name, environment) = self.place(wish, service)?;
        if let Some(after) = &environment.after {
            return Err(FlowError::new(
                Code::InvalidInput,
                format!(
                    "{name} takes its image from {after} without building: say \"promote {} to {name}\"",
                    wish.service
                ),
            ));
        }
        let found = self
            .find_source(wish, service, &environment.settings, freshness)
            .await?;
        let commit = &found.source.commit;
        let BringUp {
            ledger,
            quarantines,
            configuration,
            extras,
        } = self
            .bring_up(wish, &environment.settings, commit, None, &found.exposed)
            .await?;
        let facts = self.place_facts(name, wish, environment, &ledger, &quarantines)?;
        let body = planner::deploy(facts, &found.source, configuration, &extras);
        let changes = self.changes_since_live(service, &ledger, commit).await?;
        let mut notes = found.notes;
        notes.extend(self.preflight_notes(&place_named(wish))?);
        notes.extend(self.notes(&body, &ledger, environment));
        Ok(Drafted {
            body,
            target: None,
            changes,
            notes,
        })
    }

    async fn draft_promote(
        &self,
        wish: &Wish,
        service: &Service,
        from: Option<&EnvironmentName>,
    ) -> Result<Drafted, FlowError> {
        let (name, environment) = self.place(wish, service)?;
        let from = from.or(environment.after.as_ref()).ok_or_else(|| {
            FlowError::new(
                Code::InvalidInput,
                format!("{name} has no environment before it: set services.{}.environments.{name}.after, or deploy a version", wish.service),
            )
        })?;
        let source = self.running_in(&wish.service, from)?;
        if source.quality != Quality::Verified {
            return Err(FlowError::new(
                Code::InvalidInput,
                format!(
                    "{} in {from} is {:?}, and only a verified release is promoted: wait for its bake, or verify it by name",
                    source.version, source.quality
                ),
            ));
        }
        if let Some(wanted) = wish.reference.as_ref()
            && wanted != &source.version
            && !source.commit.starts_with(wanted.as_str())
        {
            return Err(FlowError::new(
                Code::InvalidInput,
                format!(
                    "{from} runs {}, not {wanted}: deploy {wanted} there first",
                    source.version
                ),
            ));
        }
        let image_id = source.image_id.clone().ok_or_else(|| {
            FlowError::new(
                Code::NotFound,
                format!("{} was never built", source.version),
            )
        })?;
        let ports = [source.configuration.port];
        let BringUp {
            ledger,
            quarantines,
            configuration,
            extras,
        } = self
            .bring_up(
                wish,
                &environment.settings,
                &source.commit,
                Some(&image_id),
                &ports,
            )
            .await?;
        let facts = self.place_facts(name, wish, environment, &ledger, &quarantines)?;
        let mut body = planner::promote(facts, &image_id, &source.commit, configuration, &extras);
        body.pins.reference = Some(source.version.clone());
        let changes = self
            .changes_since_live(service, &ledger, &source.commit)
            .await?;
        let mut notes = vec![format!(
            "the image is the one verified in {from}; nothing is built"
        )];
        notes.extend(self.notes(&body, &ledger, environment));
        Ok(Drafted {
            body,
            target: None,
            changes,
            notes,
        })
    }

    async fn draft_back(&self, wish: &Wish, service: &Service) -> Result<Drafted, FlowError> {
        let (name, environment) = self.place(wish, service)?;
        let place = place_named(wish);
        let ledger = self.store.ledger(&place)?;
        let target = choose(&place, &ledger, wish.target.as_ref())?;
        if self.view.is_missing(&place, &target.id) {
            return Err(FlowError::new(
                Code::NothingToRollBackTo,
                format!(
                    "the image of {} is no longer on the engine; {}",
                    target.version,
                    rebuild(target)
                ),
            ));
        }
        let facts = self.place_facts(name, wish, environment, &ledger, &[])?;
        let body = planner::rollback(facts, target).ok_or_else(|| {
            FlowError::new(
                Code::NothingToRollBackTo,
                format!("{} was never built", target.version),
            )
        })?;
        let changes = self
            .changes_since_live(service, &ledger, &target.commit)
            .await?;
        let mut notes = vec![format!(
            "{} comes back with the image and the configuration it ran with",
            target.version
        )];
        if !self.view.has_container(target) {
            notes.push(
                "its container was not seen on the engine; it will be created again from the image"
                    .to_owned(),
            );
        }
        notes.extend(self.interruption(&ledger));
        Ok(Drafted {
            body,
            target: Some(target.id.clone()),
            changes,
            notes,
        })
    }

    fn draft_restart(&self, wish: &Wish, service: &Service) -> Result<Drafted, FlowError> {
        let (name, environment) = self.place(wish, service)?;
        let place = place_named(wish);
        let ledger = self.store.ledger(&place)?;
        let facts = self.place_facts(name, wish, environment, &ledger, &[])?;
        let body = planner::restart(facts).ok_or_else(|| {
            FlowError::new(
                Code::NothingLive,
                format!("nothing is live for {place}; there is nothing to restart"),
            )
        })?;
        Ok(Drafted {
            body,
            target: release::live(&ledger).map(|r| r.id.clone()),
            changes: None,
            notes: vec!["the service is down from the stop until it answers again".to_owned()],
        })
    }
}
