//! Two executions beside each other, step by step: what was planned, and what became of it.
//!
//! Nothing is guessed. Steps are the same where their ids are, a value is compared with the value
//! of the same name, and what only one side has is shown as that. Secrets are in no plan, so that
//! only where they come from can be compared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::approval::{Approval, Approver};
use super::execution::{Execution, ExecutionState, StepState};
use super::plan::{Plan, PlanBody, Requester};
use super::step::{Step, StepId};
use super::text::length;

/// One of the two.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    pub execution: &'a Execution,
    pub plan: &'a Plan,
    pub state: &'a ExecutionState,
    pub approvals: &'a [Approval],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub first: Execution,
    pub second: Execution,
    /// What is said of the execution and its plan as a whole.
    pub whole: Vec<Compared>,
    /// In an order in which they may run.
    pub steps: Vec<ComparedStep>,
}

/// A value of the first beside that of the second; absent where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub what: String,
    pub first: Option<String>,
    pub second: Option<String>,
    pub differs: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparedStep {
    pub step: StepId,
    pub in_first: bool,
    pub in_second: bool,
    /// Also where only one of the two has it.
    pub differs: bool,
    pub values: Vec<Compared>,
}

impl Comparison {
    pub fn differs(&self) -> bool {
        self.whole.iter().any(|row| row.differs) || self.steps.iter().any(|step| step.differs)
    }
}

/// What is known by name, on one side.
type Values = Vec<(String, String)>;

pub fn compare(first: Side<'_>, second: Side<'_>) -> Comparison {
    Comparison {
        first: first.execution.clone(),
        second: second.execution.clone(),
        whole: beside(whole(first), whole(second)),
        steps: steps_of_both(&first.plan.body, &second.plan.body)
            .into_iter()
            .map(|step| compare_step(step, first, second))
            .collect(),
    }
}

fn compare_step(step: &StepId, first: Side<'_>, second: Side<'_>) -> ComparedStep {
    let of = |side: Side<'_>| {
        let planned = side.plan.body.step(step)?;
        Some(values_of(planned, side.state.steps.get(step)))
    };
    let (one, other) = (of(first), of(second));
    let (in_first, in_second) = (one.is_some(), other.is_some());
    let values = beside(one.unwrap_or_default(), other.unwrap_or_default());
    ComparedStep {
        step: step.clone(),
        in_first,
        in_second,
        differs: in_first != in_second || values.iter().any(|value| value.differs),
        values,
    }
}

/// The differences of two values of one kind, by the names of their fields: for what a plan says
/// about another one.
pub fn differences<T: Serialize>(before: &T, now: &T) -> Vec<Compared> {
    let mut rows = beside(flat("", before), flat("", now));
    rows.retain(|row| row.differs);
    rows
}

fn whole(side: Side<'_>) -> Values {
    let Side {
        execution,
        plan,
        state,
        approvals,
    } = side;
    let mut found = Values::new();
    put(&mut found, "status", Some(word(&state.status)));
    put(
        &mut found,
        "took",
        took(state.started_at, execution.ended_at),
    );
    put(&mut found, "cancelled", state.cancel.clone());
    let failure = state.failure.as_ref();
    let failure = failure.map(|(step, fault)| format!("{step}: {}", fault.message));
    put(&mut found, "failure", failure);
    let by = match &execution.requested_by {
        Requester::Person { name } => name.to_string(),
        Requester::Policy { under } => format!("policy under {under}"),
    };
    put(&mut found, "asked by", Some(by));
    let approved: Vec<String> = approvals.iter().map(approver).collect();
    let approved = (!approved.is_empty()).then(|| approved.join(", "));
    put(&mut found, "approved by", approved);
    let body = &plan.body;
    put(&mut found, "plan digest", Some(plan.digest.to_string()));
    put(&mut found, "action", Some(word(&body.action)));
    put(&mut found, "service", Some(body.service.to_string()));
    let environment = body.environment.as_ref();
    put(
        &mut found,
        "environment",
        environment.map(ToString::to_string),
    );
    found.extend(flat("pins", &body.pins));
    found.extend(flat("configuration", &body.configuration));
    found.extend(flat("rollbackTarget", &body.rollback_target));
    found.extend(flat("onDegraded", &body.on_degraded));
    found
}

fn approver(approval: &Approval) -> String {
    match &approval.by {
        Approver::Person { name } => name.to_string(),
        Approver::Policy { under } => format!("policy under {under}"),
    }
}

fn values_of(step: &Step, state: Option<&StepState>) -> Values {
    let mut found = Values::new();
    if let Some(state) = state {
        put(&mut found, "status", Some(word(&state.status)));
        put(&mut found, "took", took(state.started_at, state.ended_at));
        let tries = state.started_at.map(|_| state.failed_tries + 1);
        put(&mut found, "tries", tries.map(|tries| tries.to_string()));
        let fault = state.fault.as_ref();
        put(
            &mut found,
            "fault",
            fault.map(|fault| fault.message.clone()),
        );
        put(&mut found, "skipped", state.skipped.clone());
        if let Some(output) = &state.output {
            let image = output.image_id.as_ref();
            put(&mut found, "image", image.map(ToString::to_string));
            found.extend(flat("baseImages", &output.base_images));
            put(&mut found, "answer", output.choice.clone());
            let said = Some(output.summary.clone()).filter(|said| !said.is_empty());
            put(&mut found, "said", said);
        }
    }
    found.extend(flat("", &step.action));
    put(
        &mut found,
        "timeoutSeconds",
        Some(step.timeout_seconds.to_string()),
    );
    found.extend(flat("retry", &step.retry));
    found.extend(flat("when", &step.when));
    found
}

fn put(found: &mut Values, what: &str, value: Option<String>) {
    found.extend(value.map(|value| (what.to_owned(), value)));
}

fn took(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<String> {
    let milliseconds = to?.as_millisecond() - from?.as_millisecond();
    Some(length(u64::try_from(milliseconds).unwrap_or(0)))
}

/// The two sides by name.
fn beside(first: Values, second: Values) -> Vec<Compared> {
    let names = |values: &Values| values.iter().map(|(what, _)| what.clone()).collect();
    let order = interleaved(names(&first), names(&second));
    let mut first: BTreeMap<String, String> = first.into_iter().collect();
    let mut second: BTreeMap<String, String> = second.into_iter().collect();
    let row = |what: String| {
        let (one, other) = (first.remove(&what), second.remove(&what));
        Compared {
            differs: one != other,
            what,
            first: one,
            second: other,
        }
    };
    order.into_iter().map(row).collect()
}

/// The steps of both in an order of running.
fn steps_of_both<'a>(first: &'a PlanBody, second: &'a PlanBody) -> Vec<&'a StepId> {
    let of = |body: &'a PlanBody| -> Vec<&'a StepId> {
        // A plan was checked before it was stored; without an order the ids alone are left.
        match body.in_order() {
            Ok(order) => order.into_iter().map(|step| &step.id).collect(),
            Err(_) => body.steps.iter().map(|step| &step.id).collect(),
        }
    };
    interleaved(of(first), of(second))
}

/// What only the second has stands behind what goes before it there.
fn interleaved<T: PartialEq>(mut all: Vec<T>, second: Vec<T>) -> Vec<T> {
    let mut behind = 0;
    for one in second {
        match all.iter().position(|known| *known == one) {
            Some(place) => behind = place + 1,
            None => {
                all.insert(behind, one);
                behind += 1;
            }
        }
    }
    all
}

fn json<T: Serialize>(value: &T) -> Value {
    // What is compared is what is stored as JSON, and was read from it.
    serde_json::to_value(value).expect("parts of plans and journals have a form in JSON")
}

/// The name of a variant, as it is written.
fn word<T: Serialize>(value: &T) -> String {
    let mut found = flat("", value);
    found.pop().map(|(_, word)| word).unwrap_or_default()
}

/// Every value in it by the path of its name; what is absent or empty is left out.
fn flat<T: Serialize>(name: &str, value: &T) -> Values {
    let mut found = Values::new();
    walk(name, &json(value), &mut found);
    found
}

fn walk(path: &str, value: &Value, found: &mut Values) {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    match value {
        Value::Null => {}
        Value::String(text) => put(found, path, Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => put(found, path, Some(value.to_string())),
        Value::Object(fields) => {
            for (name, value) in fields {
                walk(&below(name), value, found);
            }
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (n, item) in items.iter().enumerate() {
                walk(&below(&n.to_string()), item, found);
            }
        }
        // A command line is one value.
        Value::Array(_) => put(found, path, Some(value.to_string())),
    }
}
