// Owns the small plot of the cost over time. Must not know where the points come from.

import { memo } from 'react';
import type { CostPoint } from '../costHistory.ts';


const WIDTH = 120;
const HEIGHT = 30;

/** A step line, because the cost is known only at its reports; the dashed line is the budget. */
export const CostPlot = memo(function CostPlot({ points, budget }: { points: readonly CostPoint[]; budget: number }) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last) {
    return (
      <svg className="cost-plot" width={WIDTH} height={HEIGHT} aria-hidden="true">
        <line className="cost-plot-limit" x1="0" x2={WIDTH} y1={HEIGHT - 1} y2={HEIGHT - 1} />
      </svg>
    );
  }
  const span = Math.max(last.at - first.at, 1);
  const top = Math.max(budget, last.spent, 1e-9);
  const x = (at: number) => 1 + ((at - first.at) / span) * (WIDTH - 5);
  const y = (spent: number) => HEIGHT - 2 - (spent / top) * (HEIGHT - 5);
  let line = `M${x(first.at).toFixed(1)} ${y(first.spent).toFixed(1)}`;
  for (const point of points.slice(1)) line += `H${x(point.at).toFixed(1)}V${y(point.spent).toFixed(1)}`;
  const label = `Cost over time, from ${first.spent.toFixed(1)} to ${last.spent.toFixed(1)} of ${budget.toFixed(1)} CPU seconds`;
  return (
    <svg className="cost-plot" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <line className="cost-plot-limit" x1="0" x2={WIDTH} y1={y(budget)} y2={y(budget)} />
      <path className="cost-plot-area" d={`${line}V${HEIGHT}H${x(first.at).toFixed(1)}Z`} />
      <path className="cost-plot-line" d={line} />
      <circle className="cost-plot-now" cx={x(last.at)} cy={y(last.spent)} r="2.5" />
    </svg>
  );
});
