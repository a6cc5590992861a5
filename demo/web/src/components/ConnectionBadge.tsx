// Owns the badge that says what is known of the connection.

import type { Snapshot } from 'everwire/react';
import { connectionView } from '../connectionView.ts';
import { useNow } from '../useNow.ts';

export function ConnectionBadge({ snapshot, onRetry }: { snapshot: Snapshot; onRetry: () => void }) {
  const counting = snapshot.state === 'closed' ? snapshot.retryAt !== null : snapshot.freshness !== 'fresh';
  const view = connectionView(snapshot, useNow(counting));
  const waiting = snapshot.queued + snapshot.inFlight;
  return (
    <div className="connection" role="group" aria-label="Connection" data-tone={view.tone} data-busy={view.busy}>
      <span className="connection-dot" aria-hidden="true" />
      <span
        data-testid="connection"
        data-state={snapshot.state}
        data-fresh={snapshot.freshness}
        data-retry-at={snapshot.retryAt ?? undefined}
        data-final={snapshot.final}
        title={snapshot.reason?.message}
      >
        {snapshot.state}
      </span>
      <span className="connection-note" data-testid="connection-note" title={view.note}>
        {view.note}
      </span>
      {view.canRetry && (
        <button type="button" className="button button-link" data-testid="retry" onClick={onRetry}>
          Retry now
        </button>
      )}
      <span
        className="connection-queued"
        data-testid="queued"
        data-in-flight={snapshot.inFlight}
        data-some={waiting > 0}
        title={`${snapshot.queued} queued, ${snapshot.inFlight} sent and not yet confirmed`}
        aria-label={`${snapshot.queued} queued`}
      >
        {snapshot.queued}
      </span>
    </div>
  );
}
