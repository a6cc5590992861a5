import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Point } from './card.ts';
import { wrapTall } from './wrapTall.ts';

const tower = (count: number) =>
  new Map<string, Point>([
    ['first', { x: 0, y: 0 }],
    ...Array.from({ length: count }, (_, n): [string, Point] => [`n${n}`, { x: 300, y: n * 88 }]),
    ['last', { x: 600, y: 0 }],
  ]);

test('a rank that fits on a screen stays as it is', () => {
  const places = tower(20);
  assert.equal(wrapTall(places), places);
});

test('a rank that is too tall becomes a block, and what follows makes room', () => {
  const places = wrapTall(tower(400));
  const spots = new Set([...places.values()].map(({ x, y }) => `${x},${y}`));
  assert.equal(spots.size, 402, 'no two cards in one place');
  const xs = [...places].filter(([id]) => id.startsWith('n')).map(([, { x }]) => x);
  assert.equal(new Set(xs).size, 20);
  assert.ok((places.get('last')?.x ?? 0) > Math.max(...xs));
});
