//! The HTTP API: the real router on a free loopback port, with a data directory and a repository
//! of its own. Docker is not there, which most routes must be able to bear.

#[path = "api/access.rs"]
mod access;
#[path = "api/again.rs"]
mod again;
#[path = "api/answers.rs"]
mod answers;
#[path = "api/attacks.rs"]
mod attacks;
#[path = "api/audit.rs"]
mod audit;
#[path = "api/description.rs"]
mod description;
#[path = "api/door.rs"]
mod door;
#[path = "api/health.rs"]
mod health;
#[path = "api/house.rs"]
mod house;
#[path = "api/keeping.rs"]
mod keeping;
#[path = "support/plans.rs"]
mod ledger;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/log.rs"]
mod log;
#[path = "api/page.rs"]
mod page;
#[path = "api/past.rs"]
mod past;
#[path = "api/plans.rs"]
mod plans;
#[path = "api/releases.rs"]
mod releases;
#[path = "api/requests.rs"]
mod requests;
#[path = "api/schema.rs"]
mod schema;
#[path = "api/secrets.rs"]
mod secrets;
#[path = "api/streams.rs"]
mod streams;
#[path = "api/suggestions.rs"]
mod suggestions;
#[path = "api/watches.rs"]
mod watches;
