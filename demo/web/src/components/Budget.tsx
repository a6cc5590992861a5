// Owns the budget in the header.

import type { CostPoint } from '../costHistory.ts';
import type { Cost } from '../protocol.ts';
import { CostPlot } from './CostPlot.tsx';

/** Below this share of the budget a person is warned. */
const LOW = 0.2;

export function Budget({ cost, points }: { cost: Cost; points: readonly CostPoint[] }) {
  const low = cost.budget > 0 && cost.remaining < cost.budget * LOW;
  const percent = cost.budget > 0 ? Math.round((cost.remaining / cost.budget) * 100) : 0;
  return (
    <div className="budget" role="group" aria-label="Budget" data-testid="budget" data-remaining={cost.remaining} data-spent={cost.spent} data-low={low}>
      <div className="budget-numbers">
        <p className="budget-remaining">
          {cost.budget > 0 ? `${cost.remaining.toFixed(1)} of ${cost.budget.toFixed(0)} CPU s left` : 'No budget yet'}
        </p>
        <p className="budget-label">
          <span>{low ? (cost.remaining > 0 ? 'Budget nearly spent' : 'Budget spent') : 'Budget'}</span>
          <span className="numeric">{cost.budget > 0 ? `${percent} %` : ''}</span>
        </p>
      </div>
      <CostPlot points={points} budget={cost.budget} />
    </div>
  );
}
