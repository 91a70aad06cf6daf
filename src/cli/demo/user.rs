//! What a user does, over HTTP: asks, approves, follows, and looks again until something is there.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::story::{self, Look};
use super::telling::Telling;
use crate::cli::exit::Failure;
use crate::cli::render::{plan as shown, words};
use crate::cli::server::Server;
use crate::domain::digest::Digest;
use crate::domain::execution::StepStatus;
use crate::domain::id::ExecutionId;
use crate::domain::plan::Plan;
use crate::domain::release::Release;
use crate::domain::step::StepId;
use crate::flow::{Approved, Asked, ExecutionView};
use crate::os::clock;
use crate::os::http::{Client, HttpError, Limits, Route};

/// How often it is asked whether something has happened.
pub const LOOK: Duration = Duration::from_millis(100);
/// The shop's pages have some hundred bytes.
const PAGE: Limits = Limits {
    timeout: Duration::from_secs(5),
    max_body_bytes: 64 * 1024,
};

/// Why a part of the story did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Missed {
    #[error("{0}")]
    Otherwise(String),
    #[error(transparent)]
    Server(#[from] Failure),
    #[error("the shop cannot be visited: {0}")]
    Shop(#[from] HttpError),
}

impl From<String> for Missed {
    fn from(why: String) -> Self {
        Self::Otherwise(why)
    }
}

pub struct User<'a> {
    pub server: Server,
    pub telling: &'a Telling,
}

#[derive(Serialize)]
struct Sentence {
    text: &'static str,
}

#[derive(Serialize)]
struct Approval<'a> {
    digest: &'a Digest,
}

impl User<'_> {
    /// The plan that a sentence becomes, and how long that took.
    pub async fn ask(&self, text: &'static str) -> Result<(Plan, Duration), Missed> {
        self.telling.waits_for("a plan");
        let sentence = Sentence { text };
        let begun = clock::monotonic();
        let reply = self.server.post("/api/commands/parse", &sentence).await?;
        let asked: Asked = reply.read()?;
        let took = begun.elapsed();
        let plan = story::planned(asked)?;
        let milliseconds = took.as_secs_f64() * 1_000.0;
        let headline = shown::headline(&plan);
        let what = format!("plan after {milliseconds:.1} ms: {headline}");
        self.telling.did(&what);
        Ok((plan, took))
    }

    pub async fn approve(&self, plan: &Plan) -> Result<ExecutionId, Missed> {
        let path = format!("/api/plans/{}/approve", plan.id);
        let digest = &plan.digest;
        let reply = self.server.post(&path, &Approval { digest }).await?;
        let approved: Approved = reply.read()?;
        let what = format!("approved, with digest {}", digest.short());
        self.telling.did(&what);
        let execution = approved.execution.map(|execution| execution.id);
        Ok(execution.ok_or_else(|| "one approval was not enough".to_owned())?)
    }

    /// Tells of each step as it ends, until the execution looks as it should.
    pub async fn follow<T>(
        &self,
        id: &ExecutionId,
        look: impl Fn(&ExecutionView) -> Look<T>,
    ) -> Result<(ExecutionView, T), Missed> {
        let mut told = BTreeSet::new();
        self.until(&format!("/api/executions/{id}"), |detail| {
            self.tell_steps(detail, &mut told);
            look(detail)
        })
        .await
    }

    fn tell_steps(&self, detail: &ExecutionView, told: &mut BTreeSet<StepId>) {
        // A plan in a circle would have been refused by the server.
        for step in detail.plan.body.in_order().unwrap_or_default() {
            let Some(state) = detail.state.steps.get(&step.id) else {
                continue;
            };
            if state.status == StepStatus::Running {
                self.telling.waits_for(&step.id.0);
            }
            if let (Some(from), Some(to), Some(output)) =
                (state.started_at, state.ended_at, &state.output)
                && told.insert(step.id.clone())
            {
                let took = words::between(from, to);
                let what = format!("{} ({took}): {}", step.id, output.summary);
                self.telling.did(&what);
            }
        }
    }

    /// Asks for something again and again until it looks as it should.
    pub async fn until<Answer: DeserializeOwned, T>(
        &self,
        path: &str,
        mut look: impl FnMut(&Answer) -> Look<T>,
    ) -> Result<(Answer, T), Missed> {
        loop {
            let answer = self.get(path).await?;
            match look(&answer) {
                Look::Seen(seen) => return Ok((answer, seen)),
                Look::Never(why) => return Err(why.into()),
                Look::NotYet => tokio::time::sleep(LOOK).await,
            }
        }
    }

    pub async fn get<Answer: DeserializeOwned>(&self, path: &str) -> Result<Answer, Missed> {
        Ok(self.server.get(path).await?.read()?)
    }

    /// Visits the front page, whose last line names the version that made it.
    pub async fn finds_the_shop_of(&self, release: &Release) -> Result<(), Missed> {
        let url = format!("http://{}/", release.configuration.publish);
        let page = Client::new(Route::Direct)?.get(&url, &[], PAGE).await?;
        let wanted = format!("shop {}<", release.version.trim_start_matches('v'));
        if String::from_utf8_lossy(&page.body).contains(&wanted) {
            return Ok(());
        }
        let version = &release.version;
        Err(format!("the front page is not the one of {version}").into())
    }
}
