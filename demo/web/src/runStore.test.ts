import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DagState, ServerEvent } from './protocol.ts';
import { createRunStore, MAX_WAITING } from './runStore.ts';

const state: DagState = {
  dag_id: 'd',
  title: 'D',
  description: '',
  run_id: 'r',
  status: 'running',
  nodes: [{ id: 'a', title: 'A', kind: 'command', status: 'pending' }],
  edges: [],
  cost: { spent: 0, budget: 1, remaining: 1 },
  gates: [],
};
const status = (status: 'running' | 'succeeded'): ServerEvent => ({ type: 'node_state', node_id: 'a', status });

function storeWithFrames() {
  const frames: (() => void)[] = [];
  const store = createRunStore({ now: () => 0, soon: (callback) => frames.push(callback) });
  let told = 0;
  store.subscribe(() => (told += 1));
  return { store, told: () => told, frame: () => frames.splice(0).forEach((callback) => callback()) };
}

test('a burst of events is told once, in the next frame', () => {
  const { store, told, frame } = storeWithFrames();
  store.restore(state);
  frame();
  for (let n = 0; n < 500; n += 1) store.push(status(n % 2 ? 'succeeded' : 'running'));
  assert.equal(store.getSnapshot().nodes.get('a')?.status, 'pending');
  assert.equal(told(), 1);
  frame();
  assert.equal(store.getSnapshot().nodes.get('a')?.status, 'succeeded');
  assert.equal(told(), 2);
});

test('the state stays the same object until something changed', () => {
  const { store, frame } = storeWithFrames();
  store.restore(state);
  frame();
  assert.equal(store.getSnapshot(), store.getSnapshot());
});

test('a resync replaces what waited, and what follows it counts', () => {
  const { store, frame } = storeWithFrames();
  store.restore(state);
  store.push(status('succeeded'));
  store.restore(state);
  store.push(status('running'));
  frame();
  assert.equal(store.getSnapshot().nodes.get('a')?.status, 'running');
});

test('without frames the events do not pile up', () => {
  const { store, told } = storeWithFrames();
  store.restore(state);
  for (let n = 0; n < MAX_WAITING; n += 1) store.push(status('running'));
  assert.equal(store.getSnapshot().nodes.get('a')?.status, 'running');
  assert.equal(told(), 0);
});
