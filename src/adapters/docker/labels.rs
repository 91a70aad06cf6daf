//! The labels by which Commander knows its own things on an engine that others use too.
//!
//! Everything carries the instance's id. A container carries its kind as well, and only a thing
//! with both is ours: containers inherit the labels of their image, so somebody's own
//! `docker run` of an image that we built has our instance label too, and is none of our business.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::identifiers::Instance;
use crate::domain::digest::Digest;
use crate::domain::id::{ExecutionId, ReleaseId};
use crate::domain::lock::LARGEST_TOKEN;
use crate::domain::name::{EnvironmentName, ServiceName};
use crate::domain::text::printable;

pub(super) const INSTANCE: &str = "commander.instance";
pub(super) const KIND: &str = "commander.kind";
const SERVICE: &str = "commander.service";
const ENVIRONMENT: &str = "commander.environment";
const RELEASE: &str = "commander.release";
const EXECUTION: &str = "commander.execution";
const STEP: &str = "commander.step";
const CONFIGURATION: &str = "commander.configuration";
const SECRETS: &str = "commander.secrets";
const FENCE: &str = "commander.fence";
/// The digest of the specification that a container was created from.
pub(super) const SPEC: &str = "commander.spec";

/// What a thing belongs to; as a filter, what it must belong to at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    pub service: Option<ServiceName>,
    pub environment: Option<EnvironmentName>,
    pub release: Option<ReleaseId>,
    pub execution: Option<ExecutionId>,
    /// The step of the execution that made it.
    pub step: Option<String>,
    /// The digest of the configuration snapshot that a container was created from.
    pub configuration: Option<Digest>,
    /// A keyed hash that shows whether a secret has changed since.
    pub secrets: Option<String>,
    /// The fencing token of the run that made it. No part of what it was made from: a later run
    /// adopts it.
    #[serde(skip)]
    pub fence: Option<u64>,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It serves until it is stopped.
    Service,
    /// It runs to its end and is removed.
    OneShot,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Service, Self::OneShot];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::OneShot => "one_shot",
        }
    }
}

impl Labels {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        [
            (SERVICE, self.service.as_ref().map(ToString::to_string)),
            (
                ENVIRONMENT,
                self.environment.as_ref().map(ToString::to_string),
            ),
            (RELEASE, self.release.as_ref().map(ToString::to_string)),
            (EXECUTION, self.execution.as_ref().map(ToString::to_string)),
            (STEP, self.step.clone()),
            (
                CONFIGURATION,
                self.configuration.as_ref().map(ToString::to_string),
            ),
            (SECRETS, self.secrets.clone()),
            (FENCE, self.fence.map(|token| token.to_string())),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }

    /// The labels of an image. Its labels are part of its bytes: what changes from build to build
    /// (an execution, a step) would give the same sources another image id each time.
    pub(super) fn of_image(&self, instance: &Instance) -> BTreeMap<String, String> {
        self.pairs()
            .into_iter()
            .chain([(INSTANCE, instance.to_string())])
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    }

    pub(super) fn of_container(&self, instance: &Instance, kind: Kind) -> BTreeMap<String, String> {
        let mut labels = self.of_image(instance);
        labels.insert(KIND.to_owned(), kind.as_str().to_owned());
        labels
    }

    /// The engine's filter for our containers of one kind that carry at least these labels.
    pub(super) fn filter(&self, instance: &Instance, kind: Kind) -> HashMap<String, Vec<String>> {
        let wanted = self
            .of_container(instance, kind)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        HashMap::from([("label".to_owned(), wanted)])
    }
}

/// What the labels of one of our containers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owned {
    pub kind: Kind,
    pub labels: Labels,
    pub spec: Option<Digest>,
}

/// Reads the labels of a container; `None` when it is not ours. A label of ours whose value has
/// lost its form counts as absent.
pub(super) fn owned(labels: &HashMap<String, String>, instance: &Instance) -> Option<Owned> {
    if !is_of_instance(labels, instance) {
        return None;
    }
    let value = |key: &str| labels.get(key).map(String::as_str);
    let kind = value(KIND)?;
    Some(Owned {
        kind: Kind::ALL.into_iter().find(|k| k.as_str() == kind)?,
        labels: Labels {
            service: value(SERVICE).and_then(|v| ServiceName::parse(v).ok()),
            environment: value(ENVIRONMENT).and_then(|v| EnvironmentName::parse(v).ok()),
            release: value(RELEASE).and_then(|v| ReleaseId::parse(v).ok()),
            execution: value(EXECUTION).and_then(|v| ExecutionId::parse(v).ok()),
            step: value(STEP).map(|v| printable(v, 200)),
            configuration: value(CONFIGURATION).and_then(|v| Digest::parse(v).ok()),
            secrets: value(SECRETS).map(|v| printable(v, 200)),
            fence: value(FENCE).and_then(token),
        },
        spec: value(SPEC).and_then(|v| Digest::parse(v).ok()),
    })
}

fn token(text: &str) -> Option<u64> {
    text.parse().ok().filter(|token| *token <= LARGEST_TOKEN)
}

/// Whether this instance made the thing (for an image, or something built on top of one).
pub(super) fn is_of_instance(labels: &HashMap<String, String>, instance: &Instance) -> bool {
    labels.get(INSTANCE).map(String::as_str) == Some(instance.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(text: &str) -> Instance {
        Instance::parse(text).unwrap()
    }

    fn shop() -> Labels {
        Labels {
            service: Some(ServiceName::parse("shop").unwrap()),
            step: Some("start".to_owned()),
            fence: Some(7),
            ..Labels::default()
        }
    }

    fn as_read(labels: BTreeMap<String, String>) -> HashMap<String, String> {
        labels.into_iter().collect()
    }

    #[test]
    fn labels_survive_the_way_through_the_engine() {
        let mine = instance("one");
        let read = as_read(shop().of_container(&mine, Kind::OneShot));
        let owned = owned(&read, &mine).unwrap();
        assert_eq!(owned.labels, shop());
        assert_eq!(owned.kind, Kind::OneShot);
    }

    #[test]
    fn a_token_that_nobody_gave_counts_as_none() {
        let mine = instance("one");
        for (text, read) in [
            ("9007199254740992", Some(LARGEST_TOKEN)),
            ("9007199254740993", None),
            ("-1", None),
            ("", None),
        ] {
            let mut labels = as_read(shop().of_container(&mine, Kind::Service));
            labels.insert(FENCE.to_owned(), text.to_owned());
            assert_eq!(owned(&labels, &mine).unwrap().labels.fence, read, "{text}");
        }
    }

    #[test]
    fn another_instance_and_a_foreign_run_of_our_image_are_not_ours() {
        let read = as_read(shop().of_container(&instance("one"), Kind::Service));
        assert_eq!(owned(&read, &instance("two")), None);
        let inherited = as_read(shop().of_image(&instance("one")));
        assert_eq!(owned(&inherited, &instance("one")), None);
        assert!(is_of_instance(&inherited, &instance("one")));
    }

    #[test]
    fn a_filter_asks_for_instance_kind_and_what_is_given() {
        let filter = shop().filter(&instance("one"), Kind::Service);
        assert_eq!(
            filter["label"],
            [
                "commander.fence=7",
                "commander.instance=one",
                "commander.kind=service",
                "commander.service=shop",
                "commander.step=start"
            ]
        );
    }
}
