import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DagState, NodeView, ServerEvent } from './protocol.ts';
import { edgeId, emptyRun, MAX_INCIDENTS, MAX_NODES, MAX_OUTPUT, reduce, restore, type RunState } from './runState.ts';

const node = (id: string, extra: Partial<NodeView> = {}): NodeView => ({ id, title: id, kind: 'command', status: 'pending', ...extra });

const state = (extra: Partial<DagState> = {}): DagState => ({
  dag_id: 'd',
  title: 'D',
  description: '',
  run_id: 'r1',
  status: 'running',
  nodes: [node('a'), node('b')],
  edges: [{ from: 'a', to: 'b' }],
  cost: { spent: 0, budget: 10, remaining: 10 },
  gates: [],
  ...extra,
});

const presentation = { kind: 'approval', title: '?', description: '', expires_at: 5, expires_in: 5 } as const;
const begun = restore(emptyRun, state(), 0);
const after = (...events: ServerEvent[]): RunState => reduce(begun, events, 100);
const running = (node_id: string): ServerEvent => ({ type: 'node_state', node_id, status: 'running' });

test('nothing is claimed before anything was heard', () => {
  assert.equal(emptyRun.known, false);
  assert.equal(begun.known, true);
});

test('a run starts with its whole graph', () => {
  const run = reduce(emptyRun, [{ type: 'dag_mutated', mutation: { op: 'start', state: state() } }], 7);
  assert.deepEqual([...run.nodes.keys()], ['a', 'b']);
  assert.equal(run.runId, 'r1');
  assert.equal(run.structure, 1);
});

test('a node remembers when it was seen to begin, and forgets it at its end', () => {
  assert.equal(after(running('a')).nodes.get('a')?.since, 100);
  const ended = after(running('a'), { type: 'node_state', node_id: 'a', status: 'succeeded', output: 'x' });
  assert.equal(ended.nodes.get('a')?.since, undefined);
  assert.equal(ended.nodes.get('a')?.output, 'x');
});

test('a status changes neither the shape nor the other nodes', () => {
  const run = after(running('a'));
  assert.equal(run.structure, begun.structure);
  assert.equal(run.nodes.get('b'), begun.nodes.get('b'));
  assert.equal(run.edges, begun.edges);
});

test('what was handed out is never changed', () => {
  const before = structuredClone([...begun.nodes, ...begun.edges]);
  after(running('a'), { type: 'edge_active', from: 'a', to: 'b' }, running('b'));
  assert.deepEqual([...begun.nodes, ...begun.edges], before);
});

test('an edge is active until the node it leads to is done', () => {
  const edge = edgeId({ from: 'a', to: 'b' });
  const active = after({ type: 'edge_active', from: 'a', to: 'b' }, running('b'));
  assert.equal(active.edges.get(edge)?.active, true);
  const done = reduce(active, [{ type: 'node_state', node_id: 'b', status: 'failed' }], 1);
  assert.equal(done.edges.get(edge)?.active, false);
});

test('nodes and edges are added while running', () => {
  const mutation = { op: 'add', nodes: [node('c')], edges: [{ from: 'a', to: 'c' }] } as const;
  const run = after({ type: 'dag_mutated', mutation });
  assert.deepEqual([...run.nodes.keys()], ['a', 'b', 'c']);
  assert.equal(run.structure, begun.structure + 1);
});

test('a gate opens and is over once its node stands elsewhere', () => {
  const asked = after({ type: 'node_state', node_id: 'a', status: 'waiting' }, { type: 'human_gate_waiting', node_id: 'a', presentation });
  assert.deepEqual(asked.gates.map((gate) => gate.node_id), ['a']);
  assert.deepEqual(reduce(asked, [{ type: 'node_state', node_id: 'a', status: 'succeeded' }], 1).gates, []);
});

test('a failed node that asks for a retry keeps its gate until it is decided', () => {
  const retry = { ...presentation, kind: 'retry' } as const;
  const asked = after({ type: 'node_state', node_id: 'a', status: 'failed' }, { type: 'human_gate_waiting', node_id: 'a', presentation: retry });
  assert.equal(asked.gates.length, 1);
  assert.equal(reduce(asked, [{ type: 'node_state', node_id: 'a', status: 'pending' }], 1).gates.length, 0);
});

test('the same gate told twice is asked once', () => {
  const gate = { type: 'human_gate_waiting', node_id: 'a', presentation } as const;
  assert.equal(after(gate, gate).gates.length, 1);
});

test('the end of a run settles its gates and brings the results', () => {
  const results = { run_id: 'r1', status: 'failed', nodes: { a: 'failed' }, wall_ms: 1, cpu_ms: 1 } as const;
  const run = after({ type: 'human_gate_waiting', node_id: 'a', presentation }, { type: 'execution_complete', results });
  assert.deepEqual([run.status, run.gates.length, run.results], ['failed', 0, results]);
});

test('a resync of the same run keeps the layout and the cost over time', () => {
  const spent = after({ type: 'cost_update', spent: 3, budget: 10, remaining: 7 });
  const again = restore(spent, state({ cost: { spent: 4, budget: 10, remaining: 6 } }), 9_000);
  assert.equal(again.structure, spent.structure);
  assert.deepEqual(again.costs.map((point) => point.spent), [0, 3, 4]);
  assert.deepEqual(restore(spent, state({ run_id: 'r2' }), 9_000).costs.map((point) => point.spent), [0]);
});

test('what is unknown changes nothing', () => {
  const odd = [running('zzz'), { type: 'edge_active', from: 'x', to: 'y' }, { type: 'of_tomorrow' } as unknown as ServerEvent] as const;
  assert.equal(after(...odd), begun);
});

test('everything kept is bounded', () => {
  const output = 'x'.repeat(MAX_OUTPUT + 1);
  const metrics = { attempt: 1, wall_ms: 1, cpu_ms: 1, output_bytes: output.length };
  const long = after({ type: 'node_state', node_id: 'a', status: 'succeeded', output, metrics }).nodes.get('a');
  assert.equal(long?.output?.length, MAX_OUTPUT);
  assert.equal(long?.metrics?.truncated, true);

  const many = Array.from({ length: MAX_NODES + 50 }, (_, n) => node(`n${n}`));
  assert.equal(after({ type: 'dag_mutated', mutation: { op: 'add', nodes: many, edges: [] } }).nodes.size, MAX_NODES);

  const errors = Array.from({ length: 100 }, (_, n): ServerEvent => ({ type: 'error', message: `${n}` }));
  const { incidents } = after(...errors);
  assert.deepEqual([incidents.length, incidents.at(-1)?.n], [MAX_INCIDENTS, 100]);
});

test('ten thousand events leave a state of the same size', () => {
  let run = begun;
  for (let n = 0; n < 10_000; n += 1) {
    run = reduce(run, [running(n % 2 ? 'a' : 'b'), { type: 'cost_update', spent: n / 1_000, budget: 10, remaining: 0 }], n * 300);
  }
  assert.equal(run.nodes.size, 2);
  assert.ok(run.costs.length <= 241);
});
