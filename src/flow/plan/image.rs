//! Drafting with an image that an earlier execution built or brought up: nothing is built, and the
//! graph is that of a promotion.

use super::super::Flow;
use super::super::error::{Code, FlowError};
use super::draft::Drafted;
use super::place::{BringUp, place_named};
use super::source::{TagToday, gone, moved};
use super::wish::{ImageOfThen, Wish};
use crate::domain::catalogue::{Environment, Service};
use crate::domain::digest::Digest;
use crate::domain::intent::Action;
use crate::domain::lock::Place;
use crate::domain::name::EnvironmentName;
use crate::domain::planner;
use crate::domain::release;
use crate::domain::revision::RefKind;

impl Flow {
    pub(super) async fn draft_image(
        &self,
        wish: &Wish,
        service: &Service,
        then: &ImageOfThen,
    ) -> Result<Drafted, FlowError> {
        self.require_image(&then.image_id).await?;
        let named = self.named_today(wish, service, then).await?;
        if wish.action == Action::Test {
            return Ok(draft_test(wish, service, then, named));
        }
        let (name, environment) = self.place(wish, service)?;
        self.require_proof(wish, service, (name, environment), then)?;
        let BringUp {
            ledger,
            quarantines,
            configuration,
            extras,
        } = self
            .bring_up(
                wish,
                &environment.settings,
                &then.commit,
                Some(&then.image_id),
                then.port.as_slice(),
            )
            .await?;
        let facts = self.place_facts(name, wish, environment, &ledger, &quarantines)?;
        let mut body = planner::bring_up_image(
            wish.action,
            facts,
            &then.image_id,
            &then.commit,
            configuration,
            &extras,
        );
        body.pins.reference = named.reference;
        body.pins.reference_kind = named.kind;
        body.pins.tree = then.tree.clone();
        let changes = self
            .changes_since_live(service, &ledger, &then.commit)
            .await?;
        let live = release::live(&ledger);
        let mut notes = named.notes;
        if live.is_some_and(|live| live.image_id.as_ref() == Some(&then.image_id)) {
            notes.push("this image is what is live already".to_owned());
        }
        notes.extend(self.preflight_notes(&place_named(wish))?);
        notes.extend(self.notes(&body, &ledger, environment));
        Ok(Drafted {
            body,
            target: None,
            changes,
            notes,
        })
    }

    /// By which name the commit of then is called today. A tag that has moved since names something
    /// else: rules about tags, and whoever reads the plan, must not take the image for that.
    async fn named_today(
        &self,
        wish: &Wish,
        service: &Service,
        then: &ImageOfThen,
    ) -> Result<Named, FlowError> {
        let image = then.image_id.short();
        let kept = |note: String| Named {
            reference: wish.reference.clone(),
            kind: then.reference_kind,
            notes: vec![note],
        };
        let by_commit = |note: String| Named {
            reference: Some(then.commit.clone()),
            kind: Some(RefKind::Commit),
            notes: vec![format!("nothing is built: the image is {image}"), note],
        };
        // A promotion keeps the name, and not of what kind it is.
        let name = wish.reference.as_ref().filter(|name| *name != &then.commit);
        let (Some(name), None | Some(RefKind::Tag)) = (name, then.reference_kind) else {
            return Ok(kept(nothing_is_built(wish, then)));
        };
        Ok(match self.tag_today(service, name, &then.commit).await? {
            TagToday::Moved { to } => by_commit(moved(name, &to, &then.commit)),
            TagToday::Unknown if then.reference_kind == Some(RefKind::Tag) => {
                by_commit(gone(name, &then.commit))
            }
            TagToday::Same | TagToday::Unknown => kept(nothing_is_built(wish, then)),
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
            let quarantines = self.store.quarantines(&place)?;
            let is_proof = |r: &release::Release| {
                r.image_id.as_ref() == Some(&then.image_id) && release::proves(r, &quarantines)
            };
            if ledger.iter().any(is_proof) {
                return Ok(());
            }
        }
        let places: Vec<&str> = before.iter().map(|e| e.as_str()).collect();
        Err(FlowError::new(
            Code::InvalidInput,
            format!(
                "the image {} of then is not verified in {}, or was put under quarantine there since: promote what is",
                then.image_id.short(),
                places.join(" or ")
            ),
        ))
    }
}

/// How the commit of then is named in the plan, and what is told of it.
struct Named {
    reference: Option<String>,
    kind: Option<RefKind>,
    notes: Vec<String>,
}

fn draft_test(wish: &Wish, service: &Service, then: &ImageOfThen, named: Named) -> Drafted {
    let mut body = planner::test_image(
        &wish.service,
        &service.settings,
        &then.image_id,
        &then.commit,
        &wish.tests,
    );
    body.pins.reference = named.reference;
    body.pins.reference_kind = named.kind;
    body.pins.tree = then.tree.clone();
    Drafted {
        body,
        target: None,
        changes: None,
        notes: named.notes,
    }
}

fn nothing_is_built(wish: &Wish, then: &ImageOfThen) -> String {
    let image = then.image_id.short();
    match &wish.reference {
        Some(name) if name != &then.commit => {
            format!("nothing is built: the image is {image}, of the commit that {name} named then")
        }
        _ => format!("nothing is built: the image is {image}"),
    }
}
