import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from './inOrder.ts';

test('a list has each node after what it needs', () => {
  const edges = [
    { from: 'b', to: 'a' },
    { from: 'c', to: 'b' },
    { from: 'c', to: 'a' },
    { from: 'unknown', to: 'a' },
  ];
  assert.deepEqual(inOrder(['a', 'b', 'c'], edges), [
    { id: 'c', depth: 0 },
    { id: 'b', depth: 1 },
    { id: 'a', depth: 2 },
  ]);
});
