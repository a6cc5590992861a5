//! The questions of a run, and a person's answers.
//!
//! Owns gates, their expiry and what an answer means; must not know what starts next.

use super::{Effect, Run, node_state};
use crate::core::{
    command::{Decision, Refusal},
    definition::OnFailure,
    event::{DagEvent, Evidence, GateKind, NodeStatus, Presentation},
    node::{Exit, Gate, Node, head},
    time::Now,
};

/// How long a person has to decide on another attempt, in milliseconds.
const RETRY_GATE_MS: u64 = 300_000;
/// Bytes of each output shown at a gate.
const EVIDENCE_BYTES: usize = 2_048;

impl Run {
    pub(super) fn decide(
        &mut self,
        id: &str,
        decision: Decision,
        feedback: Option<String>,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<(), Refusal> {
        let Some(gate) = self.nodes.get(id).and_then(|node| node.gate) else {
            return Err(Refusal::new(
                "not_waiting",
                format!("nobody is asked at {:?}: it was decided before, or never waited", head(id, 64)),
            ));
        };
        if gate.expires_at <= now.wall {
            return Err(Refusal::new("not_waiting", format!("the time to decide at {id:?} is over")));
        }
        if feedback.is_some() {
            self.head.feedback = feedback;
        }
        match (decision, gate.kind) {
            (Decision::Reject, _) => self.reject(id, out),
            (Decision::Approve | Decision::Modify, GateKind::Approval) => self.settle(id, NodeStatus::Succeeded, out),
            (Decision::Approve | Decision::Modify, GateKind::Retry) => self.settle(id, NodeStatus::Pending, out),
        }
        self.advance(now, out);
        Ok(())
    }

    /// Settles what expired.
    pub fn on_time(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.deadline().is_none_or(|at| at > now.wall) {
            return;
        }
        let due = |node: &Node| node.gate.is_some_and(|gate| gate.expires_at <= now.wall);
        let expired: Vec<String> = self.nodes().filter(|node| due(node)).map(|node| node.spec.id.clone()).collect();
        for id in expired {
            let message = "nobody decided in time; that counts as a rejection".to_owned();
            out.push(Effect::Emit(DagEvent::Error { node_id: Some(id.clone()), message }));
            self.reject(&id, out);
        }
        self.advance(now, out);
    }

    pub(super) fn reject(&mut self, id: &str, out: &mut Vec<Effect>) {
        let failed = self.nodes.get(id).is_some_and(|node| node.status == NodeStatus::Failed);
        self.settle(id, if failed { NodeStatus::Failed } else { NodeStatus::Rejected }, out);
    }

    pub(super) fn settle(&mut self, id: &str, status: NodeStatus, out: &mut Vec<Effect>) {
        self.set(id, status);
        if let Some(node) = self.nodes.get_mut(id) {
            node.gate = None;
            out.push(Effect::GateSettled(id.to_owned()));
            out.push(Effect::Emit(node_state(node)));
        }
    }

    pub(super) fn failed(&mut self, id: &str, exit: &Exit, now: Now, out: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(id) else { return };
        let message = format!("{} {exit}", node.spec.title);
        match node.spec.on_failure {
            OnFailure::Ignore => return,
            OnFailure::Ask => {
                let (expires_at, expires_in) = (now.wall.saturating_add(RETRY_GATE_MS), RETRY_GATE_MS);
                node.gate = Some(Gate { kind: GateKind::Retry, expires_at, expires_in });
            }
            OnFailure::Stop => {}
        }
        out.push(Effect::Emit(DagEvent::Error { node_id: Some(id.to_owned()), message }));
        self.ask(id, out);
    }

    /// Emits the question of a node that has one.
    pub(super) fn ask(&self, id: &str, out: &mut Vec<Effect>) {
        if let Some((node, gate)) = self.nodes.get(id).and_then(|node| Some((node, node.gate?))) {
            let presentation = self.presentation(node, gate);
            out.push(Effect::Emit(DagEvent::HumanGateWaiting { node_id: id.to_owned(), presentation }));
        }
    }

    pub(super) fn presentation(&self, node: &Node, gate: Gate) -> Presentation {
        let (description, shown) = match (gate.kind, &node.spec.gate) {
            (GateKind::Approval, Some(spec)) => (spec.description.clone(), spec.show.clone()),
            (GateKind::Approval, None) | (GateKind::Retry, _) => (
                format!("{} failed. Approve to run it again, reject to give it up.", node.spec.title),
                vec![node.spec.id.clone()],
            ),
        };
        let evidence = shown.iter().filter_map(|id| self.nodes.get(id)).filter_map(|shown| {
            let text = head(shown.output.as_deref()?, EVIDENCE_BYTES).to_owned();
            Some(Evidence { node_id: shown.spec.id.clone(), title: shown.spec.title.clone(), text })
        });
        Presentation {
            kind: gate.kind,
            title: node.spec.title.clone(),
            description,
            evidence: evidence.collect(),
            expires_at: gate.expires_at,
            expires_in: gate.expires_in,
        }
    }
}
