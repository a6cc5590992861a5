// Owns what becomes of a rank with more cards than a screen has rows: a block of several columns.

import { NODE_HEIGHT, NODE_WIDTH, type Point } from './card.ts';

/** Cards of one rank above each other at most. */
const ROWS = 24;
const GAP_X = 28;
const GAP_Y = 16;

/** The same places where no rank is too tall, else new ones; for graphs that run from left to right. */
export function wrapTall(places: ReadonlyMap<string, Point>): ReadonlyMap<string, Point> {
  const ranks = new Map<number, { id: string; y: number }[]>();
  for (const [id, { x, y }] of places) {
    const rank = ranks.get(x);
    if (rank) rank.push({ id, y });
    else ranks.set(x, [{ id, y }]);
  }
  if (![...ranks.values()].some((rank) => rank.length > ROWS)) return places;

  const next = new Map<string, Point>();
  let shift = 0;
  for (const [x, rank] of [...ranks].sort(([a], [b]) => a - b)) {
    rank.sort((a, b) => a.y - b.y);
    // About as many rows as columns look like a block, and a wide one suits a screen.
    const rows = rank.length > ROWS ? Math.max(Math.ceil(Math.sqrt(rank.length)), ROWS / 2) : rank.length;
    rank.forEach(({ id }, index) => {
      const column = Math.floor(index / rows);
      next.set(id, {
        x: x + shift + column * (NODE_WIDTH + GAP_X),
        y: ((index % rows) - rows / 2) * (NODE_HEIGHT + GAP_Y),
      });
    });
    shift += (Math.ceil(rank.length / rows) - 1) * (NODE_WIDTH + GAP_X);
  }
  return next;
}
