import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CostPoint, MAX_POINTS, withCost } from './costHistory.ts';

test('the cost over time keeps its first and last point and a bound', () => {
  let points: readonly CostPoint[] = [];
  for (let n = 0; n <= 10_000; n += 1) points = withCost(points, { at: n * 1_000, spent: n });
  assert.ok(points.length <= MAX_POINTS + 1);
  assert.deepEqual([points[0]?.spent, points.at(-1)?.spent], [0, 10_000]);
});
