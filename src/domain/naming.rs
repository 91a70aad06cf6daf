//! The names of what Commander makes on the engine. They are deterministic, so that a restarted
//! process finds what it began, and carry the data directory's random instance id, so that two
//! instances on one engine never touch each other.

use super::id::{ExecutionId, ReleaseId};
use super::name::{EnvironmentName, ServiceName};

/// The container of a release.
pub fn container(
    instance: &str,
    service: &ServiceName,
    environment: &EnvironmentName,
    release: &ReleaseId,
) -> String {
    format!(
        "commander-{instance}-{service}-{environment}-{}",
        release.short()
    )
}

/// The tag that an execution gives to the image it builds.
pub fn image_tag(instance: &str, service: &ServiceName, execution: &ExecutionId) -> String {
    format!("commander-{instance}/{service}:{}", execution.short())
}
