//! The adapters' errors as faults of a step: the message is theirs, the kind is ours.

use crate::adapters::docker::{BuildError, ContainerError, EngineError, ImageError, RunError};
use crate::domain::execution::{Fault, FaultKind};

pub fn engine(error: &EngineError) -> Fault {
    let kind = match error {
        EngineError::NotRunning { .. }
        | EngineError::Hanging { .. }
        | EngineError::ConnectionLost { .. } => FaultKind::Unavailable,
        EngineError::NoPermission { .. } => FaultKind::Denied,
        EngineError::NoSpace { .. } => FaultKind::NoSpace,
        EngineError::BadAddress { .. }
        | EngineError::Unsupported { .. }
        | EngineError::Refused { .. }
        | EngineError::NotUnderstood { .. } => FaultKind::Rejected,
    };
    Fault::new(kind, error.to_string())
}

pub fn build(error: &BuildError) -> Fault {
    let kind = match error {
        BuildError::Engine(error) => return engine(error),
        BuildError::Dockerfile { .. } | BuildError::Failed { .. } | BuildError::Context { .. } => {
            FaultKind::Rejected
        }
        BuildError::CacheGone { .. } => FaultKind::Unavailable,
        BuildError::BaseImageMissing { .. } => FaultKind::NotFound,
        BuildError::DiskTooFull { .. } => FaultKind::NoSpace,
        BuildError::Cancelled => FaultKind::Cancelled,
        BuildError::TookTooLong { .. } => FaultKind::TimedOut,
    };
    Fault::new(kind, error.to_string())
}

pub fn container(error: &ContainerError) -> Fault {
    let kind = match error {
        ContainerError::Engine(error) => return engine(error),
        ContainerError::Missing { .. }
        | ContainerError::ImageMissing { .. }
        | ContainerError::NetworkMissing { .. } => FaultKind::NotFound,
        ContainerError::NotOurs { .. } => FaultKind::Denied,
        ContainerError::NameTaken { .. } | ContainerError::PortTaken { .. } => FaultKind::Taken,
        ContainerError::CannotStart { .. } | ContainerError::StillRunning { .. } => {
            FaultKind::Rejected
        }
    };
    Fault::new(kind, error.to_string())
}

pub fn run(error: &RunError) -> Fault {
    let kind = match error {
        RunError::Engine(error) => return engine(error),
        RunError::ImageMissing { .. } | RunError::Gone => FaultKind::NotFound,
        RunError::CannotStart { .. } => FaultKind::Rejected,
        RunError::Cancelled => FaultKind::Cancelled,
        RunError::TookTooLong { .. } => FaultKind::TimedOut,
    };
    Fault::new(kind, error.to_string())
}

pub fn image(error: &ImageError) -> Fault {
    match error {
        ImageError::Engine(error) => engine(error),
        ImageError::Missing { .. } => Fault::new(FaultKind::NotFound, error.to_string()),
        ImageError::NotOurs { .. } => Fault::new(FaultKind::Denied, error.to_string()),
        ImageError::InUse { .. } => Fault::new(FaultKind::Taken, error.to_string()),
    }
}

/// What was asked for cannot be done as it stands.
pub fn rejected(error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::Rejected, error.to_string())
}
