//! What happens next in a run.
//!
//! Owns which nodes start, are skipped or are discovered, and the end of the run; must not know people.

use super::{Effect, Run, edges_to, is_satisfied, node_state};
use crate::core::{
    definition::MAX_NODES,
    event::{DagEvent, Edge, GateKind, Metrics, Mutation, NodeStatus, RunStatus},
    node::{Gate, Node, Task, TaskKey},
    time::Now,
};

impl Run {
    /// Starts what may start, skips what never can, and ends the run when nothing is left.
    pub(super) fn advance(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.skip_the_unreachable(out);
        if self.head.status == RunStatus::Running {
            for id in self.ids_with(NodeStatus::Pending) {
                if self.is_ready(&id) {
                    self.start(&id, now, out);
                }
            }
        }
        let open = |node: &Node| {
            node.gate.is_some()
                || matches!(node.status, NodeStatus::Pending | NodeStatus::Running | NodeStatus::Waiting)
        };
        if self.head.status.is_final() || self.nodes.values().any(open) {
            return;
        }
        let failed = |node: &Node| {
            matches!(node.status, NodeStatus::Failed | NodeStatus::Rejected | NodeStatus::Skipped)
                && !is_satisfied(node)
        };
        let status = if self.nodes.values().any(failed) { RunStatus::Failed } else { RunStatus::Succeeded };
        self.finish(status, None, now, out);
    }

    pub(super) fn skip_the_unreachable(&mut self, out: &mut Vec<Effect>) {
        // In the order of the graph, so that one pass carries a failure to the end of its chain.
        for id in self.ids_with(NodeStatus::Pending) {
            let blocked = self.nodes.get(&id).is_some_and(|node| {
                node.spec.deps.iter().filter_map(|dep| self.nodes.get(dep)).any(|dep| {
                    dep.gate.is_none()
                        && matches!(
                            dep.status,
                            NodeStatus::Failed | NodeStatus::Rejected | NodeStatus::Skipped | NodeStatus::Cancelled
                        )
                        && !is_satisfied(dep)
                })
            });
            if blocked {
                self.change(&id, NodeStatus::Skipped, out);
            }
        }
    }

    pub(super) fn is_ready(&self, id: &str) -> bool {
        let Some(node) = self.nodes.get(id) else { return false };
        let running = self.nodes.values().filter(|node| node.status == NodeStatus::Running).count();
        (node.spec.gate.is_some() || running < self.head.parallel)
            && node.spec.deps.iter().all(|dep| self.nodes.get(dep).is_some_and(is_satisfied))
    }

    pub(super) fn start(&mut self, id: &str, now: Now, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        self.dirty.insert(id.to_owned());
        out.extend(edges_to(node).map(|Edge { from, to }| Effect::Emit(DagEvent::EdgeActive { from, to })));
        if let Some(spec) = &node.spec.gate {
            let expires_in = spec.expires.saturating_mul(1_000);
            let expires_at = now.wall.saturating_add(expires_in);
            node.gate = Some(Gate { kind: GateKind::Approval, expires_at, expires_in });
            node.status = NodeStatus::Waiting;
            out.push(Effect::Emit(node_state(node)));
            self.ask(id, out);
            return;
        }
        node.attempt += 1;
        node.status = NodeStatus::Running;
        node.output = None;
        node.metrics = Some(Metrics { attempt: node.attempt, ..Metrics::default() });
        out.push(Effect::Emit(node_state(node)));
        let Some(node) = self.nodes.get(id) else { return };
        let stdin = node.spec.stdin.as_ref().and_then(|dep| self.nodes.get(dep)?.output.clone());
        out.push(Effect::Spawn(Box::new(Task {
            key: TaskKey { run_id: self.head.id.clone(), node_id: id.to_owned(), attempt: node.attempt },
            run: node.words(&node.spec.run),
            otherwise: node.words(&node.spec.otherwise),
            stdin,
            feedback: self.head.feedback.clone(),
            timeout: node.spec.timeout.saturating_mul(1_000),
        })));
    }

    pub(super) fn expand(&mut self, id: &str, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(id) else { return };
        let Some(expand) = node.spec.expand.clone() else { return };
        let room = MAX_NODES.saturating_sub(self.nodes.len());
        let made: Vec<Node> = node
            .discoveries(&expand)
            .into_iter()
            .filter(|spec| !self.nodes.contains_key(&spec.id))
            .take(room)
            .map(Node::new)
            .collect();
        if made.is_empty() {
            return;
        }
        let mut edges: Vec<Edge> = made.iter().flat_map(edges_to).collect();
        let at = self.head.order.iter().position(|known| known == id).map_or(self.head.order.len(), |at| at + 1);
        let mut views = Vec::new();
        for (offset, node) in made.into_iter().enumerate() {
            let new = node.spec.id.clone();
            for later in &expand.before {
                if let Some(waiting) = self.nodes.get_mut(later).filter(|node| node.status == NodeStatus::Pending) {
                    waiting.spec.deps.push(new.clone());
                    self.dirty.insert(later.clone());
                    edges.push(Edge { from: new.clone(), to: later.clone() });
                }
            }
            views.push(node.view(0));
            self.head.order.insert((at + offset).min(self.head.order.len()), new.clone());
            self.dirty.insert(new.clone());
            self.nodes.insert(new, node);
        }
        out.push(Effect::Emit(DagEvent::DagMutated { mutation: Mutation::Add { nodes: views, edges } }));
    }

    pub(super) fn stop(&mut self, status: RunStatus, reason: Option<String>, now: Now, out: &mut Vec<Effect>) {
        for id in self.head.order.clone() {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            if node.gate.take().is_some() {
                self.dirty.insert(id.clone());
                out.push(Effect::GateSettled(id.clone()));
            }
            match node.status {
                NodeStatus::Running => {
                    let key = TaskKey { run_id: self.head.id.clone(), node_id: id.clone(), attempt: node.attempt };
                    out.push(Effect::Kill(key));
                    self.change(&id, NodeStatus::Cancelled, out);
                }
                NodeStatus::Pending | NodeStatus::Waiting => self.change(&id, NodeStatus::Cancelled, out),
                NodeStatus::Succeeded
                | NodeStatus::Failed
                | NodeStatus::Rejected
                | NodeStatus::Skipped
                | NodeStatus::Cancelled => {}
            }
        }
        self.finish(status, reason, now, out);
    }

    pub(super) fn finish(&mut self, status: RunStatus, reason: Option<String>, now: Now, out: &mut Vec<Effect>) {
        self.head.ended_at = Some(now.wall);
        self.set_status(status, reason, out);
        if let Some(results) = self.results() {
            out.push(Effect::Emit(DagEvent::ExecutionComplete { results }));
        }
    }

    pub(super) fn set_status(&mut self, status: RunStatus, reason: Option<String>, out: &mut Vec<Effect>) {
        self.head.status = status;
        self.head.reason.clone_from(&reason);
        out.push(Effect::Emit(DagEvent::RunState { run_id: self.head.id.clone(), status, reason }));
    }
}
