// Owns the cost over time, bounded. Must not know how it is drawn.

export interface CostPoint {
  /** Milliseconds, any origin. */
  readonly at: number;
  readonly spent: number;
}

/** As many as the plot has pixels; a long run keeps its shape at half the detail. */
export const MAX_POINTS = 240;

export function withCost(points: readonly CostPoint[], point: CostPoint): readonly CostPoint[] {
  const last = points.at(-1);
  // Within a quarter of a second, or spending nothing further, the last point is moved along.
  const previous = points.at(-2);
  if (last && previous && (point.at - previous.at < 250 || (point.spent === last.spent && last.spent === previous.spent))) {
    return [...points.slice(0, -1), point];
  }
  if (points.length < MAX_POINTS) return [...points, point];
  return [...points.filter((_, index) => index % 2 === 0), point];
}
