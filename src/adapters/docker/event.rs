//! What the engine's event messages say, in our words.

use bollard::models::{EventMessage, EventMessageTypeEnum};
use jiff::Timestamp;

use super::container_state::HealthStatus;
use super::continuity::EventKey;
use super::error::EngineError;
use super::identifiers::{ContainerId, Instance};
use super::labels::{Kind, Labels, owned};
use crate::domain::digest::Digest;
use crate::domain::text::printable;

/// What the stream tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    Container(ContainerEvent),
    Image(ImageEvent),
    /// The engine cannot be heard. Told once, however long it lasts.
    Disconnected {
        why: EngineError,
    },
    /// It is heard again. Where `complete` is false events may be missing: inspect the containers
    /// and compare their restart counts.
    Resumed {
        complete: bool,
    },
}

/// Something that happened to one of our service containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEvent {
    /// In the engine's time.
    pub at: Timestamp,
    pub container: ContainerId,
    pub name: String,
    pub labels: Labels,
    pub what: ContainerChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerChange {
    Started,
    /// Its process ended, for whatever reason.
    Died {
        exit_code: i64,
    },
    /// The kernel killed a process of it for want of memory.
    OutOfMemory,
    Health(HealthStatus),
    /// It was stopped on request.
    Stopped,
    /// A signal was sent to it on request.
    Killed {
        signal: i64,
    },
    Destroyed,
}

/// Something that happened to an image, ours or not: a deleted one has no labels to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageEvent {
    pub at: Timestamp,
    pub image_id: Digest,
    pub what: ImageChange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageChange {
    Untagged,
    Deleted,
}

fn time(message: &EventMessage) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(message.time_nano?)).ok()
}

pub(super) fn key(message: &EventMessage) -> Option<EventKey> {
    Some(EventKey {
        at: time(message)?,
        action: message.action.clone()?,
        actor: message.actor.as_ref()?.id.clone()?,
    })
}

pub(super) fn observation(message: &EventMessage, instance: &Instance) -> Option<Observation> {
    match message.typ? {
        EventMessageTypeEnum::CONTAINER => {
            container_event(message, instance).map(Observation::Container)
        }
        EventMessageTypeEnum::IMAGE => image_event(message).map(Observation::Image),
        _ => None,
    }
}

fn container_event(message: &EventMessage, instance: &Instance) -> Option<ContainerEvent> {
    let actor = message.actor.as_ref()?;
    let attributes = actor.attributes.as_ref()?;
    let owned = owned(attributes, instance).filter(|owned| owned.kind == Kind::Service)?;
    let number = |key: &str| attributes.get(key).and_then(|value| value.parse().ok());
    let what = match message.action.as_deref()? {
        "start" => ContainerChange::Started,
        "die" => ContainerChange::Died {
            exit_code: number("exitCode")?,
        },
        "oom" => ContainerChange::OutOfMemory,
        "stop" => ContainerChange::Stopped,
        "kill" => ContainerChange::Killed {
            signal: number("signal")?,
        },
        "destroy" => ContainerChange::Destroyed,
        action => ContainerChange::Health(health(action)?),
    };
    Some(ContainerEvent {
        at: time(message)?,
        container: ContainerId::parse(actor.id.as_deref()?).ok()?,
        name: printable(attributes.get("name").map_or("", String::as_str), 200),
        labels: owned.labels,
        what,
    })
}

fn health(action: &str) -> Option<HealthStatus> {
    match action.strip_prefix("health_status: ")? {
        "healthy" => Some(HealthStatus::Healthy),
        "unhealthy" => Some(HealthStatus::Unhealthy),
        "starting" => Some(HealthStatus::Starting),
        _ => None,
    }
}

fn image_event(message: &EventMessage) -> Option<ImageEvent> {
    let what = match message.action.as_deref()? {
        "untag" => ImageChange::Untagged,
        "delete" => ImageChange::Deleted,
        _ => return None,
    };
    Some(ImageEvent {
        at: time(message)?,
        image_id: Digest::parse(message.actor.as_ref()?.id.as_deref()?).ok()?,
        what,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn instance() -> Instance {
        Instance::parse("one").unwrap()
    }

    fn message(action: &str, more: &[(&str, &str)]) -> EventMessage {
        let labels = Labels::default().of_container(&instance(), Kind::Service);
        let mut attributes: HashMap<String, String> = labels.into_iter().collect();
        attributes.insert("name".to_owned(), "shop".to_owned());
        for (key, value) in more {
            attributes.insert((*key).to_owned(), (*value).to_owned());
        }
        serde_json::from_value(serde_json::json!({
            "Type": "container",
            "Action": action,
            "Actor": {"ID": "c".repeat(64), "Attributes": attributes},
            "time": 1_795_222_923,
            "timeNano": 1_795_222_923_000_000_007_i64,
        }))
        .unwrap()
    }

    fn change(action: &str, more: &[(&str, &str)]) -> Option<ContainerChange> {
        container_event(&message(action, more), &instance()).map(|event| event.what)
    }

    #[test]
    fn changes_are_read() {
        let died = change("die", &[("exitCode", "137")]);
        assert_eq!(died, Some(ContainerChange::Died { exit_code: 137 }));
        let killed = change("kill", &[("signal", "15")]);
        assert_eq!(killed, Some(ContainerChange::Killed { signal: 15 }));
        assert_eq!(
            change("health_status: unhealthy", &[]),
            Some(ContainerChange::Health(HealthStatus::Unhealthy))
        );
        assert_eq!(change("oom", &[]), Some(ContainerChange::OutOfMemory));
        assert_eq!(change("exec_die", &[]), None);
        assert_eq!(change("die", &[]), None);
    }

    #[test]
    fn only_events_of_our_service_containers_pass() {
        let other = Instance::parse("two").unwrap();
        assert_eq!(container_event(&message("start", &[]), &other), None);
        let one_shot = [("commander.kind", "one_shot")];
        assert_eq!(change("start", &one_shot), None);
    }

    #[test]
    fn a_deleted_image_is_told_by_its_id() {
        let id = Digest::of_bytes(b"image");
        let deleted: EventMessage = serde_json::from_value(serde_json::json!({
            "Type": "image", "Action": "delete",
            "Actor": {"ID": id, "Attributes": {"name": id}}, "timeNano": 7,
        }))
        .unwrap();
        let Some(Observation::Image(event)) = observation(&deleted, &instance()) else {
            panic!("not told");
        };
        assert_eq!((event.image_id, event.what), (id, ImageChange::Deleted));
    }
}
