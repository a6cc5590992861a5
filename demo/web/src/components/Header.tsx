// Owns the bar at the top: whose run this is, its controls, its budget, the connection.

import type { ReactNode } from 'react';
import type { Snapshot } from 'everwire/react';
import { isLive } from '../connectionView.ts';
import type { NetworkAction } from '../network.ts';
import type { RunState } from '../runState.ts';
import { Budget } from './Budget.tsx';
import { ConnectionBadge } from './ConnectionBadge.tsx';
import { DagPicker } from './DagPicker.tsx';
import { NetworkMenu } from './NetworkMenu.tsx';
import { PageLinks } from './PageLinks.tsx';
import { type Control, RunControls } from './RunControls.tsx';
import { RUN_TONES, RUN_WORDS } from './statusWords.ts';
import { ThemeToggle } from './ThemeToggle.tsx';

interface Props {
  readonly dagId: string;
  readonly onDag: (dagId: string) => void;
  readonly run: RunState;
  readonly connection: Snapshot;
  readonly pending: ReadonlySet<string>;
  readonly onControl: (control: Control) => void;
  readonly onRetry: () => void;
  readonly onNetwork: (action: NetworkAction) => Promise<string | null>;
  readonly room: ReactNode;
}

export function Header({ dagId, onDag, run, connection, pending, onControl, onRetry, onNetwork, room }: Props) {
  return (
    <header className="header">
      <div className="brand">
        <svg className="brand-mark" width="32" height="32" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" fill="var(--accent)" />
          <path d="M5 16h5l3-7 6 14 3-7h5" fill="none" stroke="var(--on-accent)" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
        <div className="brand-text">
          <DagPicker dagId={dagId} title={run.title} onDag={onDag} />
          <p>
            <span className="run-status" data-testid="run-status" data-status={run.status} data-tone={RUN_TONES[run.status]}>
              {run.known ? RUN_WORDS[run.status] : 'Waiting for the server'}
            </span>
            {run.runId !== null && <span className="mono run-id"> · {run.runId.slice(0, 8)}</span>}
          </p>
        </div>
      </div>
      <RunControls known={run.known} status={run.status} pending={pending} onControl={onControl} />
      <Budget cost={run.cost} points={run.costs} />
      <div className="header-fill" />
      <div className="header-end">
        <ConnectionBadge snapshot={connection} onRetry={onRetry} />
        <NetworkMenu live={isLive(connection)} onAction={onNetwork} />
        <PageLinks room={room} />
        <ThemeToggle />
      </div>
    </header>
  );
}
