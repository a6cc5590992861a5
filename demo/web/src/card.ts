// Owns the size of a card and what a place is. Must not know what stands where.

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Every card has this size, so that a status never moves anything. */
export const NODE_WIDTH = 236;
export const NODE_HEIGHT = 72;
