//! The steps of a plan as a graph: what comes before what.

use petgraph::algo::toposort;
use petgraph::graphmap::DiGraphMap;

use super::{InvalidPlan, PlanBody};
use crate::domain::step::{Step, StepId};

/// Steps by their name.
pub(super) type Graph<'a> = DiGraphMap<&'a str, ()>;

pub(super) fn has_path(graph: &Graph<'_>, from: &StepId, to: &StepId) -> bool {
    petgraph::algo::has_path_connecting(graph, from.0.as_str(), to.0.as_str(), None)
}

impl PlanBody {
    /// The steps that must be done before `id` may start.
    pub fn before<'a>(&'a self, id: &'a StepId) -> impl Iterator<Item = &'a StepId> {
        self.edges
            .iter()
            .filter(move |(_, after)| after == id)
            .map(|(before, _)| before)
    }

    /// The steps in an order in which they may run; ties by id, so that it is the same each time.
    pub fn in_order(&self) -> Result<Vec<&Step>, InvalidPlan> {
        let graph = self.graph();
        let order = toposort(&graph, None)
            .map_err(|cycle| InvalidPlan::Cycle(StepId::from(cycle.node_id())))?;
        Ok(order
            .into_iter()
            .filter_map(|id| self.steps.iter().find(|step| step.id.0 == id))
            .collect())
    }

    pub(super) fn graph(&self) -> Graph<'_> {
        let mut graph = DiGraphMap::new();
        // toposort visits in reverse order of insertion; reversing gives ties by id.
        for step in self.steps.iter().rev() {
            graph.add_node(step.id.0.as_str());
        }
        for (before, after) in &self.edges {
            graph.add_edge(before.0.as_str(), after.0.as_str(), ());
        }
        graph
    }

    pub(in crate::domain) fn reaches(&self, from: &StepId, to: &StepId) -> bool {
        has_path(&self.graph(), from, to)
    }
}
