//! Drafting with an image that an earlier execution built or brought up: nothing is built, and the
//! graph is that of a promotion.

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::draft::{COMMITS, Drafted};
use super::place::place_named;
use super::wish::{ImageOfThen, Wish};
use crate::domain::catalogue::{Environment, Service};
use crate::domain::digest::Digest;
use crate::domain::intent::Action;
use crate::domain::lock::Place;
use crate::domain::name::EnvironmentName;
use crate::domain::planner;
use crate::domain::release::{self, Quality};

impl Flow {
    pub(super) async fn draft_image(
        &self,
        wish: &Wish,
        service: &Service,
        then: &ImageOfThen,
    ) -> Result<Drafted, FlowError> {
        self.require_image(&then.image_id).await?;
        if wish.action == Action::Test {
            return Ok(draft_test(wish, service, then));
        }
        let (name, environment) = self.place(wish, service)?;
        self.require_proof(wish, service, (name, environment), then)?;
        let place = place_named(wish);
        let ledger = self.store.ledger(&place)?;
        let quarantines = self.store.quarantines(&place)?;
        let configuration = self
            .snapshot(&place, &environment.settings, then.port.as_slice())
            .await?;
        self.refuse_quarantined(
            &quarantines,
            Some(&then.image_id),
            &then.commit,
            &configuration,
            &ledger,
        )?;
        let facts = self.place_facts(name, wish, environment, &ledger, &quarantines)?;
        let extras = self.extras(wish, &configuration)?;
        let mut body = planner::bring_up_image(
            wish.action,
            facts,
            &then.image_id,
            &then.commit,
            configuration,
            &extras,
        );
        body.pins.reference = wish.reference.clone();
        body.pins.reference_kind = then.reference_kind;
        body.pins.tree = then.tree.clone();
        let live = release::live(&ledger);
        let repository = self.repository(service)?;
        let since = live.map(|r| r.commit.as_str());
        let changes = self.git.changes(&repository, since, &then.commit, COMMITS);
        let changes = changes.await.ok();
        let mut notes = vec![nothing_is_built(wish, then)];
        if live.is_some_and(|live| live.image_id.as_ref() == Some(&then.image_id)) {
            notes.push("this image is what is live already".to_owned());
        }
        notes.extend(self.preflight_notes(&place)?);
        notes.extend(self.notes(&body, &ledger, environment));
        Ok(Drafted {
            body,
            target: None,
            changes,
            notes,
        })
    }

    async fn require_image(&self, image_id: &Digest) -> Result<(), FlowError> {
        match self.docker.has_image(image_id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(FlowError::new(
                Code::NotFound,
                format!(
                    "the image {} of then is no longer on the engine, for what is undone or not kept lets go of its image: run it again from its first step, which builds it anew",
                    image_id.short()
                ),
            )),
            Err(error) => Err(FlowError::new(Code::Unavailable, error.to_string())),
        }
    }

    /// Where an image has to be proven elsewhere first, this one must be, as for a promotion.
    fn require_proof(
        &self,
        wish: &Wish,
        service: &Service,
        (name, environment): (&EnvironmentName, &Environment),
        then: &ImageOfThen,
    ) -> Result<(), FlowError> {
        let before: Vec<&EnvironmentName> = match &environment.after {
            Some(after) => vec![after],
            None if wish.action == Action::Promote => {
                let others = service.environments.keys();
                others.filter(|other| *other != name).collect()
            }
            None => return Ok(()),
        };
        for environment in &before {
            let place = Place {
                service: wish.service.clone(),
                environment: Some((*environment).clone()),
            };
            let ledger = self.store.ledger(&place)?;
            let is_proof = |r: &release::Release| {
                r.image_id.as_ref() == Some(&then.image_id) && r.quality == Quality::Verified
            };
            if ledger.iter().any(is_proof) {
                return Ok(());
            }
        }
        let places: Vec<&str> = before.iter().map(|e| e.as_str()).collect();
        Err(FlowError::new(
            Code::InvalidInput,
            format!(
                "the image {} of then is not verified in {}: promote what is",
                then.image_id.short(),
                places.join(" or ")
            ),
        ))
    }
}

fn draft_test(wish: &Wish, service: &Service, then: &ImageOfThen) -> Drafted {
    let mut body = planner::test_image(
        &wish.service,
        &service.settings,
        &then.image_id,
        &then.commit,
        &wish.tests,
    );
    body.pins.reference = wish.reference.clone();
    body.pins.reference_kind = then.reference_kind;
    body.pins.tree = then.tree.clone();
    Drafted {
        body,
        target: None,
        changes: None,
        notes: vec![nothing_is_built(wish, then)],
    }
}

/// A name is that of then: where it points today does not matter to an image.
fn nothing_is_built(wish: &Wish, then: &ImageOfThen) -> String {
    let image = then.image_id.short();
    match &wish.reference {
        Some(name) if name != &then.commit => {
            format!("nothing is built: the image is {image}, of the commit that {name} named then")
        }
        _ => format!("nothing is built: the image is {image}"),
    }
}
