// Owns what the page and the server say to each other about a run, both ways. Types only: nothing here runs.

export type NodeStatus = 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'rejected' | 'skipped' | 'cancelled';

export type RunStatus = 'idle' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled' | 'over_budget';

/** What one attempt of a node cost. */
export interface Metrics {
  /** From 1. */
  readonly attempt: number;
  readonly wall_ms: number;
  readonly cpu_ms: number;
  /** Absent if a signal ended the command or it never started. */
  readonly exit_code?: number;
  readonly output_bytes: number;
  /** The output shown is not all of it. */
  readonly truncated?: boolean;
}

export interface NodeView {
  readonly id: string;
  readonly title: string;
  readonly kind: 'command' | 'gate';
  readonly group?: string;
  /** The command, word by word. */
  readonly run?: readonly string[];
  readonly status: NodeStatus;
  readonly output?: string;
  readonly metrics?: Metrics;
}

/** `to` needs `from`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** CPU seconds. */
export interface Cost {
  readonly spent: number;
  readonly budget: number;
  readonly remaining: number;
}

export interface Presentation {
  /** May the run go on, or shall a node that failed be tried again? */
  readonly kind: 'approval' | 'retry';
  readonly title: string;
  readonly description: string;
  readonly evidence?: readonly { readonly node_id: string; readonly title: string; readonly text: string }[];
  /** When silence counts as a rejection, in milliseconds since 1970 by the server's clock. */
  readonly expires_at: number;
  /** How long there was to decide, in milliseconds. */
  readonly expires_in: number;
}

export interface WaitingGate {
  readonly node_id: string;
  readonly presentation: Presentation;
}

export interface Results {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly nodes: Readonly<Record<string, NodeStatus>>;
  readonly wall_ms: number;
  readonly cpu_ms: number;
}

/** The whole state of a DAG: the answer to a resync. */
export interface DagState {
  readonly dag_id: string;
  readonly title: string;
  readonly description: string;
  readonly run_id?: string;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly started_at?: number;
  readonly ended_at?: number;
  readonly nodes: readonly NodeView[];
  readonly edges: readonly Edge[];
  readonly cost: Cost;
  readonly gates: readonly WaitingGate[];
  readonly results?: Results;
}

export type Mutation =
  | { readonly op: 'start'; readonly state: DagState }
  | { readonly op: 'add'; readonly nodes: readonly NodeView[]; readonly edges: readonly Edge[] };

export type ServerEvent =
  | { readonly type: 'node_state'; readonly node_id: string; readonly status: NodeStatus; readonly output?: string; readonly metrics?: Metrics }
  | ({ readonly type: 'edge_active' } & Edge)
  | { readonly type: 'dag_mutated'; readonly mutation: Mutation }
  | ({ readonly type: 'cost_update' } & Cost)
  | { readonly type: 'run_state'; readonly run_id: string; readonly status: RunStatus; readonly reason?: string }
  | { readonly type: 'execution_complete'; readonly results: Results }
  | ({ readonly type: 'human_gate_waiting' } & WaitingGate)
  | { readonly type: 'error'; readonly node_id?: string; readonly message: string };

/** The reply to a `node_output`. */
export interface NodeOutput {
  readonly node_id: string;
  /** The one that printed it, from 1. */
  readonly attempt: number;
  /** All of it that the server keeps; null if nothing was run yet. */
  readonly output: string | null;
}

export type Decision = 'approve' | 'reject' | 'modify';

export type ClientEvent =
  | { readonly type: 'human_decision'; readonly node_id: string; readonly decision: Decision; readonly feedback?: string }
  | { readonly type: 'pause_execution' }
  | { readonly type: 'resume_execution' }
  | { readonly type: 'cancel_execution' }
  /** A question, to be asked by `request`; the reply is a `NodeOutput`. */
  | { readonly type: 'node_output'; readonly node_id: string };
