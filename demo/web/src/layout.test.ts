import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NODE_WIDTH } from './card.ts';
import { layout, spline } from './layout.ts';
import { edgeId } from './runState.ts';

test('cards of one layout never overlap and edges have routes', () => {
  const ids = ['a', 'b', 'c', 'd'];
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'a', to: 'c' },
    { from: 'c', to: 'd' },
    { from: 'a', to: 'nobody' },
  ];
  const { nodes, routes } = layout(ids, edges, 'LR');
  assert.equal(nodes.size, 4);
  assert.deepEqual([...routes.keys()].sort(), edges.slice(0, 3).map(edgeId).sort());
  assert.ok((nodes.get('b')?.x ?? 0) >= (nodes.get('a')?.x ?? 0) + NODE_WIDTH);
  assert.notEqual(nodes.get('b')?.y, nodes.get('c')?.y);
});

test('a line begins and ends at its handles', () => {
  const between = [
    { x: 40, y: 10 },
    { x: 60, y: 30 },
  ];
  const path = spline({ x: 0, y: 0 }, { x: 100, y: 50 }, between, 'LR');
  assert.match(path, /^M0\.0 0\.0C/);
  assert.match(path, / 100\.0 50\.0$/);
  assert.equal((path.match(/[\d.]+ [\d.]+/g)?.length ?? 0) % 3, 1, 'one start, then three points a curve');
});
