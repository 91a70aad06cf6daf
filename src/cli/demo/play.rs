//! The parts of the story, played one after the other.

use std::time::Duration;

use jiff::Timestamp;

use super::figures::{Failed, Felt, Measured};
use super::stage::Stage;
use super::story::{self, FoundBad, Look, Part};
use super::telling::Telling;
use super::user::{LOOK, Missed, User};
use crate::cli::render::page::{Sheet, Tone};
use crate::cli::render::{plan as shown, watch};
use crate::cli::server::Items;
use crate::domain::id::ReleaseId;
use crate::domain::incident::Incident;
use crate::domain::plan::Plan;
use crate::domain::release::Release;
use crate::flow::ExecutionView;
use crate::os::clock;

const LEDGER: &str = "/api/releases?service=shop&environment=staging";
const INCIDENTS: &str = "/api/incidents?service=shop&environment=staging";

pub struct Play<'a> {
    pub user: User<'a>,
    pub stage: &'a Stage,
    pub telling: &'a Telling,
}

/// The release that everything comes back to.
pub struct Good {
    release: Release,
    build: Duration,
}

/// A bad release that is gone again.
pub struct Bad {
    sentence_to_plan: Duration,
    failed: Failed,
}

/// One that visitors had bad answers from.
pub struct Broken {
    bad: Bad,
    first_bad_answer: Timestamp,
}

impl Good {
    pub fn measured(&self, broken: &Broken, crashed: &Bad) -> Measured {
        Measured {
            // The first sentence also has the repository fetched; this one is as nearly all are.
            sentence_to_plan: broken.bad.sentence_to_plan,
            build: self.build,
            bad: broken.bad.failed,
            first_bad_answer: broken.first_bad_answer,
            crash: crashed.failed,
        }
    }
}

impl Play<'_> {
    /// Sentence, plan, approval, go-live, and the bake to its end.
    pub async fn good_release(&self) -> Result<Good, Missed> {
        let (plan, _) = self.user.ask(Part::GoodRelease.sentence()).await?;
        self.show(&plan);
        let (detail, id) = self.goes_live(&plan).await?;
        let build = story::build_time(&detail).ok_or_else(|| "nothing was built".to_owned())?;
        self.telling.waits_for("the bake, while Prometheus counts");
        let path = format!("/api/releases/{id}");
        let (release, ()) = self.user.until(&path, story::verified).await?;
        let verified = "verified: good by metrics over the whole bake";
        self.telling.happened(Tone::Good, verified);
        self.user.finds_the_shop_of(&release).await?;
        Ok(Good { release, build })
    }

    /// A release that gives visitors 500s: the watch must see it in the metrics.
    pub async fn bad_release(&self, good: &Good) -> Result<Broken, Missed> {
        let (bad, found) = self.goes_and_comes_back(Part::BadRelease, good).await?;
        story::rests_on_metrics(&found.verdict)?;
        let switched = bad.failed.deploy.switch.stopped_at;
        let first = self.stage.visits().first_bad_answer(switched);
        Ok(Broken {
            bad,
            first_bad_answer: first.ok_or_else(|| "no visitor had a bad answer".to_owned())?,
        })
    }

    /// A release whose container ends by itself: the watch must hear it from Docker.
    pub async fn crashing_release(&self, good: &Good) -> Result<Bad, Missed> {
        let part = Part::CrashingRelease;
        let (bad, found) = self.goes_and_comes_back(part, good).await?;
        story::rests_on_docker(found.rule)?;
        Ok(bad)
    }

    /// A version that fails in a step of one kind before anything is switched.
    pub async fn changes_nothing(
        &self,
        part: Part,
        fails_in: &'static str,
        good: &Good,
    ) -> Result<(), Missed> {
        let (plan, _) = self.user.ask(part.sentence()).await?;
        let from = clock::now();
        let execution = self.user.approve(&plan).await?;
        let look = |detail: &ExecutionView| story::failed_in(detail, fails_in);
        let (_, why) = self.user.follow(&execution, look).await?;
        self.telling.happened(Tone::Bad, &why);
        let ledger: Items<Release> = self.user.get(LEDGER).await?;
        story::serves(&ledger.items, &good.release)?;
        self.user.finds_the_shop_of(&good.release).await?;
        let met = self.stage.visits().between(from, clock::now());
        if met.failed() > 0 {
            return Err(format!("{} of {} visitors met a failure", met.failed(), met.sent).into());
        }
        let version = &good.release.version;
        let all = format!("{version} serves on, as all {} visitors found", met.sent);
        self.telling.happened(Tone::Good, &all);
        Ok(())
    }

    /// Deploys a bad version, and waits until it was found bad and the good one serves again.
    async fn goes_and_comes_back(
        &self,
        part: Part,
        good: &Good,
    ) -> Result<(Bad, FoundBad), Missed> {
        let (plan, sentence_to_plan) = self.user.ask(part.sentence()).await?;
        story::goes_back_to(&plan, &good.release)?;
        let (detail, bad) = self.goes_live(&plan).await?;
        let deploy = self.felt(&detail).await?;

        self.telling.waits_for("the watch to find it bad");
        let found = self.found_bad(&bad, |_| true).await?;
        let verdict = watch::evaluation(&found.verdict);
        let why = format!("{}: {verdict}", found.rule.sentence());
        self.telling.happened(Tone::Bad, &why);

        let (detail, ()) = self.user.follow(&found.rollback, story::succeeded).await?;
        story::automatic_and_inspected(&detail)?;
        let rollback = self.felt(&detail).await?;
        self.found_bad(&bad, |found| found.is_over).await?;
        let ledger: Items<Release> = self.user.get(LEDGER).await?;
        story::back_in_place(&ledger.items, &good.release, &bad)?;
        self.user.finds_the_shop_of(&good.release).await?;
        let back = format!("{} serves again, by itself", good.release.version);
        self.telling.happened(Tone::Good, &back);
        let failed = Failed {
            deploy,
            verdict_at: found.verdict.at,
            rollback,
        };
        let bad = Bad {
            sentence_to_plan,
            failed,
        };
        Ok((bad, found))
    }

    /// As a person would read it before saying yes.
    fn show(&self, plan: &Plan) {
        let page = self.telling.page();
        let mut sheet = Sheet::new(page);
        let approve = format!("commander approve {}", plan.id.short());
        shown::body(&mut sheet, page, plan, &approve);
        self.telling.show(&sheet.finish());
    }

    async fn goes_live(&self, plan: &Plan) -> Result<(ExecutionView, ReleaseId), Missed> {
        let execution = self.user.approve(plan).await?;
        let (detail, ()) = self.user.follow(&execution, story::succeeded).await?;
        let release = story::release_of(&detail)?;
        self.telling.happened(Tone::Good, "live");
        Ok((detail, release))
    }

    async fn found_bad(
        &self,
        bad: &ReleaseId,
        enough: impl Fn(&FoundBad) -> bool,
    ) -> Result<FoundBad, Missed> {
        let look = |incidents: &Items<Incident>| match story::found_bad(&incidents.items, bad) {
            Look::Seen(found) if !enough(&found) => Look::NotYet,
            look => look,
        };
        let (_, found) = self.user.until(INCIDENTS, look).await?;
        Ok(found)
    }

    /// What the visitors felt of an execution's switch, once one of them was served again.
    async fn felt(&self, detail: &ExecutionView) -> Result<Felt, Missed> {
        let switch = story::switch(detail).ok_or_else(|| "nothing was switched".to_owned())?;
        self.telling.waits_for("the next visitor to be served");
        loop {
            match Felt::of(switch, &self.stage.visits()) {
                Some(felt) => return Ok(felt),
                None => tokio::time::sleep(LOOK).await,
            }
        }
    }
}
