// Owns the events of an imaginary application, as a user would write them.

export type Decision = 'approve' | 'reject' | 'modify';

export type ServerEvent =
  | { type: 'node_state'; node_id: string; status: 'running' | 'done'; output?: string }
  | { type: 'cost_update'; spent: number; budget: number }
  | { type: 'paused' | 'resumed'; at: number };

export type ClientEvent =
  | { type: 'human_decision'; node_id: string; decision: Decision; feedback?: string }
  | { type: 'pause_execution' };

export interface State {
  nodes: Record<string, string>;
}
