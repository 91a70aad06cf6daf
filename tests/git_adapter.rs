//! The Git adapter on real repositories, with the system's git.

#[path = "git_adapter/changes.rs"]
mod changes;
#[path = "git_adapter/context.rs"]
mod context;
#[path = "git_adapter/http.rs"]
mod http;
#[path = "git_adapter/resolve.rs"]
mod resolve;
#[path = "git_adapter/source.rs"]
mod source;
#[path = "git_adapter/sync.rs"]
mod sync;
