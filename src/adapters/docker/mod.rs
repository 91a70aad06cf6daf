//! The Docker engine, through bollard: the only place in the house that names it.
//!
//! A narrow, typed door. What is asked for is a value of ours ([`BuildRequest`],
//! [`ContainerSpec`], [`OneShot`]), which a pure function turns into the client's request and
//! another function sends; what comes back is read into values of ours, capped and printable.
//! Names and ids have types that only checked text gets into (`identifiers`), and everything
//! made here carries labels by which it is known again (`labels`): what is not ours is neither
//! listed nor changed.
//!
//! Every call has a time limit. What is idempotent is sent again when the engine was away, and
//! nothing else is (`engine`).

mod address;
mod api_version;
mod base_image;
mod build;
mod build_output;
mod container;
mod container_spec;
mod container_state;
mod continuity;
mod create;
mod dockerfile;
mod dockerfile_lines;
mod engine;
mod error;
mod event;
mod events;
mod identifiers;
mod image;
mod labels;
mod log_line;
mod logs;
mod network;
mod one_shot;
mod port_holder;
mod start;

pub use base_image::{BaseImage, PullFailure};
pub use build::{BuildError, BuildRequest, BuiltImage};
pub use container::ContainerError;
pub use container_spec::{
    Access, ContainerSpec, Env, Healthcheck, Publish, Resources, RestartPolicy, Volume,
    VolumeSource,
};
pub use container_state::{ContainerState, Health, HealthStatus, Published, Status};
pub use create::Created;
pub use dockerfile::{Dockerfile, DockerfileError, NeedsBuildkit};
pub use engine::{Docker, EngineInfo};
pub use error::EngineError;
pub use event::{ContainerChange, ContainerEvent, ImageChange, ImageEvent, Observation};
pub use events::Events;
pub use identifiers::{
    ContainerId, ContainerName, ImageReference, Instance, InvalidIdentifier, NetworkName,
    VolumeName,
};
pub use image::{Image, ImageError};
pub use labels::Labels;
pub use log_line::{LogLine, LogSink, LogStream};
pub use logs::{LogEnd, LogTail, Logs, LogsRequest};
pub use one_shot::{Exit, OneShot, OneShotNetwork, RunError};
pub use port_holder::PortHolder;
