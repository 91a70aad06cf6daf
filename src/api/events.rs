//! What changes in the house, as a stream: which thing, not how; who is interested reads it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::access::By;
use super::extract::{Query, last_event_id};
use super::notices::{Mark, Notices, Since};
use super::problem::Problem;
use super::sse::{self, Listener, Stopped};
use crate::adapters::db::{Notice, Topic};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TopicsWanted {
    /// Names of topics with commas between them; all without it.
    #[param(value_type = Option<String>, example = "plan,execution")]
    topics: Option<Topics>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Topics(Vec<Topic>);

impl TryFrom<String> for Topics {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let named = text.split(',').map(|name| {
            Topic::ALL
                .into_iter()
                .find(|topic| topic.as_str() == name.trim())
                .ok_or_else(|| {
                    let known = Topic::ALL.map(Topic::as_str).join(", ");
                    format!("there is no topic \"{name}\"; there are {known}")
                })
        });
        named.collect::<Result<_, _>>().map(Self)
    }
}

/// Something changed; or, as `reset`, too much did to be told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reset {
    why: &'static str,
}

/// What changes: one event `change` for each; `reset` where too much was missed, and everything
/// has to be read again.
#[utoipa::path(
    get, path = "/api/events", operation_id = "streamEvents", tag = "events",
    params(TopicsWanted, ("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was seen")),
    responses((status = OK, content_type = "text/event-stream", body = Notice), Problem),
)]
pub async fn stream(
    State(api): State<Arc<Api>>,
    by: By,
    Query(wanted): Query<TopicsWanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mark = last_event_id(&headers)?.unwrap_or_else(|| api.notices.newest());
    let notices = api.notices.clone();
    sse::answer(&api, &by, move |listener| {
        tell(notices, wanted, mark, listener)
    })
}

async fn tell(
    notices: Arc<Notices>,
    wanted: TopicsWanted,
    mut mark: Mark,
    listener: Listener,
) -> Result<(), Stopped> {
    let mut wake = notices.wake();
    loop {
        wake.mark_unchanged();
        match notices.since(&mark) {
            Since::Told(told) => {
                for (n, notice) in told {
                    if wanted.has(notice.topic) {
                        listener
                            .say("change", Some(&n.to_string()), &notice)
                            .await?;
                    }
                    mark = n;
                }
            }
            Since::Lost(newest) => {
                let why = "what changed in between is not kept: read again what you show";
                listener
                    .say("reset", Some(&newest.to_string()), &Reset { why })
                    .await?;
                mark = newest;
            }
        }
        if wake.changed().await.is_err() {
            return Ok(());
        }
    }
}

impl TopicsWanted {
    fn has(&self, topic: Topic) -> bool {
        self.topics
            .as_ref()
            .is_none_or(|topics| topics.0.contains(&topic))
    }
}
