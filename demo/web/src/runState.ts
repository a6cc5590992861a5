// Owns what the page knows of a run: a pure function from events to state, bounded in everything it keeps.
// Must not know React, the connection or the time; the time is an argument.

import { type CostPoint, withCost } from './costHistory.ts';
import type { Cost, DagState, Edge, NodeStatus, NodeView, Results, RunStatus, ServerEvent, WaitingGate } from './protocol.ts';

/** Characters of a node's output that are kept. */
export const MAX_OUTPUT = 16_384;
/** More nodes than the server admits; a peer that sends more must not fill the page. */
export const MAX_NODES = 2_000;
export const MAX_EDGES = 8_000;
export const MAX_INCIDENTS = 20;

export interface NodeRecord extends NodeView {
  /** When it was seen to begin, in the milliseconds given to `reduce`; unknown after a resync. */
  readonly since?: number;
}

export interface EdgeRecord extends Edge {
  readonly active: boolean;
}

/** Something that went wrong, as the server told it. */
export interface Incident {
  /** From 1, in the order of arrival. */
  readonly n: number;
  readonly nodeId?: string;
  readonly message: string;
}

export interface RunState {
  /** Whether anything was heard: before that, an empty run must not be claimed. */
  readonly known: boolean;
  readonly title: string;
  readonly description: string;
  readonly runId: string | null;
  readonly status: RunStatus;
  readonly reason: string | null;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  readonly edges: ReadonlyMap<string, EdgeRecord>;
  /** Another number whenever nodes or edges were added or replaced: the graph has to be laid out anew. */
  readonly structure: number;
  readonly cost: Cost;
  readonly costs: readonly CostPoint[];
  readonly gates: readonly WaitingGate[];
  readonly results: Results | null;
  /** The last few. */
  readonly incidents: readonly Incident[];
}

export const emptyRun: RunState = {
  known: false,
  title: '',
  description: '',
  runId: null,
  status: 'idle',
  reason: null,
  nodes: new Map(),
  edges: new Map(),
  structure: 0,
  cost: { spent: 0, budget: 0, remaining: 0 },
  costs: [],
  gates: [],
  results: null,
  incidents: [],
};

export function edgeId({ from, to }: Edge): string {
  return `${from}→${to}`;
}

/** The state after the answer to a resync. What only this page knows of the same run (its cost over time) is kept. */
export function restore(before: RunState, state: DagState, at: number): RunState {
  const runId = state.run_id ?? null;
  const sameRun = before.runId === runId;
  const nodes = new Map<string, NodeRecord>();
  for (const node of state.nodes.slice(0, MAX_NODES)) nodes.set(node.id, bounded(node));
  const edges = new Map<string, EdgeRecord>();
  for (const edge of state.edges.slice(0, MAX_EDGES)) {
    edges.set(edgeId(edge), { ...edge, active: nodes.get(edge.to)?.status === 'running' });
  }
  const sameShape = sameKeys(before.nodes, nodes) && sameKeys(before.edges, edges);
  return {
    known: true,
    title: state.title,
    description: state.description,
    runId,
    status: state.status,
    reason: state.reason ?? null,
    nodes,
    edges,
    structure: sameShape ? before.structure : before.structure + 1,
    cost: state.cost,
    costs: runId === null ? [] : withCost(sameRun ? before.costs : [], { at, spent: state.cost.spent }),
    gates: state.gates,
    results: state.results ?? null,
    incidents: before.incidents,
  };
}

/** The state after some events, in their order. A batch copies each collection once at most. */
export function reduce(before: RunState, events: readonly ServerEvent[], at: number): RunState {
  let state = before;
  for (const event of events) state = step(state, before, event, at);
  return state;
}

function step(state: RunState, before: RunState, event: ServerEvent, at: number): RunState {
  switch (event.type) {
    case 'node_state': {
      const node = state.nodes.get(event.node_id);
      // A node nobody told us of: the resync that explains it is on its way.
      if (!node) return state;
      const nodes = own(state.nodes, before.nodes);
      const began = event.status === 'running' && node.status !== 'running';
      const { since: _, ...rest } = node;
      nodes.set(
        node.id,
        bounded({
          ...rest,
          status: event.status,
          ...(event.output !== undefined && { output: event.output }),
          ...(event.metrics !== undefined && { metrics: event.metrics }),
          ...(began ? { since: at } : event.status === 'running' && node.since !== undefined && { since: node.since }),
        }),
      );
      const edges = event.status === 'running' ? state.edges : withEdgesAtRest(state.edges, before.edges, node.id);
      return { ...state, nodes, edges, gates: withoutDecided(state.gates, node.id, event.status) };
    }
    case 'edge_active': {
      const id = edgeId(event);
      const edge = state.edges.get(id);
      if (!edge || edge.active) return state;
      const edges = own(state.edges, before.edges);
      edges.set(id, { ...edge, active: true });
      return { ...state, edges };
    }
    case 'dag_mutated':
      if (event.mutation.op === 'start') return restore(state, event.mutation.state, at);
      return withAdded(state, before, event.mutation.nodes, event.mutation.edges);
    case 'cost_update': {
      const { spent, budget, remaining } = event;
      return { ...state, cost: { spent, budget, remaining }, costs: withCost(state.costs, { at, spent }) };
    }
    case 'run_state':
      return { ...state, runId: event.run_id, status: event.status, reason: event.reason ?? null };
    case 'execution_complete': {
      const { results } = event;
      return { ...state, status: results.status, reason: results.reason ?? null, results, gates: [] };
    }
    case 'human_gate_waiting': {
      const { node_id, presentation } = event;
      const others = state.gates.filter((gate) => gate.node_id !== node_id);
      return { ...state, gates: [...others, { node_id, presentation }] };
    }
    case 'error': {
      const n = (state.incidents.at(-1)?.n ?? 0) + 1;
      const incident: Incident = { n, message: event.message, ...(event.node_id !== undefined && { nodeId: event.node_id }) };
      return { ...state, incidents: [...state.incidents.slice(1 - MAX_INCIDENTS), incident] };
    }
    default:
      // An event of a newer server: not ours to understand.
      return state;
  }
}

function withAdded(state: RunState, before: RunState, added: readonly NodeView[], links: readonly Edge[]): RunState {
  const nodes = own(state.nodes, before.nodes);
  for (const node of added) {
    if (nodes.size < MAX_NODES || nodes.has(node.id)) nodes.set(node.id, bounded(node));
  }
  const edges = own(state.edges, before.edges);
  for (const edge of links) {
    if (edges.size < MAX_EDGES) edges.set(edgeId(edge), { ...edge, active: false });
  }
  return { ...state, nodes, edges, structure: state.structure + 1 };
}

function withEdgesAtRest(
  edges: ReadonlyMap<string, EdgeRecord>,
  before: ReadonlyMap<string, EdgeRecord>,
  to: string,
): ReadonlyMap<string, EdgeRecord> {
  let next = edges;
  for (const [id, edge] of edges) {
    if (!edge.active || edge.to !== to) continue;
    const mine = own(next, before);
    mine.set(id, { ...edge, active: false });
    next = mine;
  }
  return next;
}

/** A gate is over once its node stands anywhere but at the gate. A retry may be asked before its node says `waiting`. */
function withoutDecided(gates: readonly WaitingGate[], nodeId: string, status: NodeStatus): readonly WaitingGate[] {
  if (status === 'waiting' || !gates.some((gate) => gate.node_id === nodeId)) return gates;
  return gates.filter((gate) => gate.node_id !== nodeId);
}

function bounded(node: NodeRecord): NodeRecord {
  if (node.output === undefined || node.output.length <= MAX_OUTPUT) return node;
  const output = node.output.slice(0, MAX_OUTPUT);
  return node.metrics ? { ...node, output, metrics: { ...node.metrics, truncated: true } } : { ...node, output };
}

/** The map itself if this batch made it, else a copy: what was handed out is never changed. */
function own<K, V>(map: ReadonlyMap<K, V>, before: ReadonlyMap<K, V>): Map<K, V> {
  return map === before ? new Map(map) : (map as Map<K, V>);
}

function sameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const key of a.keys()) if (!b.has(key)) return false;
  return true;
}
