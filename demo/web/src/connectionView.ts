// Owns the words for a connection's state: true ones. Must not know how they look.

import type { Snapshot } from 'everwire';

export interface ConnectionView {
  readonly tone: 'green' | 'amber' | 'red' | 'blue' | 'grey';
  /** What there is to say beyond the state; may change every second. */
  readonly note: string;
  /** The same for a screen reader, without what changes every second. */
  readonly spoken: string;
  /** Something is under way. */
  readonly busy: boolean;
  /** A button to try now makes sense. */
  readonly canRetry: boolean;
}

const still = { busy: false, canRetry: false };

/** @param now the wall clock, in milliseconds. */
export function connectionView(snapshot: Snapshot, now: number): ConnectionView {
  const why = snapshot.reason?.message ?? '';
  switch (snapshot.state) {
    case 'open':
      if (snapshot.freshness === 'fresh') {
        const note = snapshot.rtt === null ? 'live' : `live · ${Math.round(snapshot.rtt)} ms`;
        return { ...still, tone: 'green', note, spoken: 'Connected, live' };
      }
      if (snapshot.freshness === 'unknown') {
        return { ...still, tone: 'grey', note: 'no sign of life possible', spoken: 'Connected; the server gives no sign of life' };
      }
      return { ...still, busy: true, tone: 'amber', note: staleNote(snapshot, now), spoken: 'Connected, but what you see may be out of date' };
    case 'connecting':
      return {
        ...still,
        busy: true,
        tone: 'blue',
        note: snapshot.attempt > 0 ? `attempt ${snapshot.attempt + 1}` : 'first attempt',
        spoken: 'Connecting',
      };
    case 'closing':
      return { ...still, busy: true, tone: 'grey', note: 'sending what is left', spoken: 'Closing the connection' };
    case 'closed': {
      if (snapshot.final) return { ...still, canRetry: true, tone: 'red', note: `stopped: ${why || 'no reason known'}`, spoken: `Connection stopped. ${why}` };
      if (snapshot.retryAt === null) return { ...still, tone: 'grey', note: why || 'not started', spoken: 'Not connected' };
      const seconds = Math.max(Math.ceil((snapshot.retryAt - now) / 1000), 0);
      const note = seconds === 0 ? 'retrying now' : `retrying in ${seconds} s`;
      return { tone: 'red', busy: false, canRetry: true, note, spoken: `Connection lost, retrying. ${why}` };
    }
  }
}

/** Whether what the page shows can be trusted to be current, and what it sends to arrive now. */
export function isLive(snapshot: Snapshot): boolean {
  return snapshot.state === 'open' && snapshot.freshness === 'fresh';
}

function staleNote({ heardAt }: Snapshot, now: number): string {
  if (heardAt === null) return 'stale';
  const seconds = Math.max(Math.round((now - heardAt) / 1000), 0);
  return seconds < 2 ? 'stale, catching up' : `stale, silent for ${seconds} s`;
}
