//! What a person names by an id: in full, or by the last digits that tables show.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::exit::Failure;
use super::server::{Items, Server};
use crate::domain::id::{ExecutionId, Id, IncidentId, PlanId, ReleaseId, WatchId};
use crate::domain::text::printable;

/// Fewer digits than this are a typing mistake more often than a name.
const FEWEST_DIGITS: usize = 4;
/// How far back a short form is looked for: the most that a list gives at once.
const LOOK_BACK: u32 = 500;

/// Something with an id that the server lists.
pub trait Named: Id + DeserializeOwned {
    /// `plan`
    const WHAT: &'static str;
    /// Where the server lists them.
    const LIST: &'static str;

    fn text(&self) -> &str;
}

macro_rules! named {
    ($type:ident, $what:literal, $list:literal) => {
        impl Named for $type {
            const WHAT: &'static str = $what;
            const LIST: &'static str = $list;

            fn text(&self) -> &str {
                self.as_str()
            }
        }
    };
}

named!(PlanId, "plan", "/api/plans");
named!(ExecutionId, "execution", "/api/executions");
named!(ReleaseId, "release", "/api/releases");
named!(WatchId, "watch", "/api/watches");
named!(IncidentId, "incident", "/api/incidents");

#[derive(Deserialize)]
#[serde(bound = "I: Named")]
struct Row<I> {
    id: I,
}

/// The one that is meant.
///
/// # Errors
///
/// When none ends like this, or several do.
pub async fn find<I: Named>(server: &Server, given: &str) -> Result<I, Failure> {
    if let Some(digits) = given
        .strip_prefix(I::PREFIX)
        .and_then(|rest| rest.strip_prefix('_'))
        && digits.len() == 32
    {
        let id = serde_json::from_value(given.into());
        return id.map_err(|error| Failure::Data(error.to_string()));
    }
    let reply = server
        .get(&format!("{}?limit={LOOK_BACK}", I::LIST))
        .await?;
    let rows: Items<Row<I>> = reply.read()?;
    pick(given, rows.items.into_iter().map(|row| row.id))
}

fn pick<I: Named>(given: &str, ids: impl Iterator<Item = I>) -> Result<I, Failure> {
    let what = I::WHAT;
    let shown = printable(given, 60);
    let is_short = given.len() >= FEWEST_DIGITS && given.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_short {
        return Err(Failure::Data(format!(
            "\"{shown}\" is not the id of a {what}: give it in full ({}_...), or its last digits, at least {FEWEST_DIGITS}",
            I::PREFIX
        )));
    }
    let wanted = given.to_ascii_lowercase();
    let mut found: Vec<I> = ids.filter(|id| id.text().ends_with(&wanted)).collect();
    match (found.pop(), found.len()) {
        (Some(id), 0) => Ok(id),
        (None, _) => Err(Failure::Data(format!(
            "no {what} ends in {shown}, among the newest {LOOK_BACK}: give its id in full"
        ))),
        (Some(_), more) => Err(Failure::Data(format!(
            "{} {what}s end in {shown}: give more digits",
            more + 1
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> impl Iterator<Item = PlanId> {
        ["a", "b"]
            .into_iter()
            .map(|digit| PlanId::from_digits(&format!("{}00c0ffee", digit.repeat(24))))
    }

    #[test]
    fn the_last_digits_name_it_where_they_are_its_own() {
        let message = |given: &str| pick(given, ids()).unwrap_err().to_string();
        assert_eq!(pick("a00C0FFEE", ids()).unwrap(), ids().next().unwrap());
        assert_eq!(message("c0ffee"), "2 plans end in c0ffee: give more digits");
        assert!(message("dead").starts_with("no plan ends in dead"));
        assert!(message("fee").starts_with("\"fee\" is not the id of a plan"));
        assert!(message("exe_12").contains("pln_..."));
    }
}
