import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionView, isLive } from './connectionView.ts';

type Snapshot = Parameters<typeof connectionView>[0];

const snapshot = (extra: Partial<Snapshot>): Snapshot => ({
  state: 'open',
  final: false,
  attempt: 0,
  retryAt: null,
  reason: null,
  freshness: 'fresh',
  rtt: 12.4,
  heardAt: 1_000,
  queued: 0,
  queuedBytes: 0,
  inFlight: 0,
  continuity: 'kept',
  peer: 'everwire',
  connects: 1,
  dropped: 0,
  conflated: 0,
  invalid: 0,
  ...extra,
});

const why = (code: string, message: string): Snapshot['reason'] => ({ code, message, closeCode: null }) as Snapshot['reason'];

test('the badge counts down to the next attempt', () => {
  const closed = snapshot({ state: 'closed', freshness: 'stale', retryAt: 8_000 });
  assert.equal(connectionView(closed, 1_001).note, 'retrying in 7 s');
  assert.equal(connectionView(closed, 9_000).note, 'retrying now');
  assert.equal(connectionView(closed, 1_001).canRetry, true);
});

test('the badge says stopped, and why', () => {
  const view = connectionView(snapshot({ state: 'closed', final: true, reason: why('refused', 'No.') }), 0);
  assert.equal(view.note, 'stopped: No.');
  assert.equal(view.canRetry, true);
});

test('an open connection that is silent is not called live', () => {
  const stale = snapshot({ freshness: 'stale' });
  assert.match(connectionView(stale, 9_000).note, /silent for 8 s/);
  assert.equal(isLive(stale), false);
  assert.equal(isLive(snapshot({ freshness: 'unknown' })), false);
  assert.equal(isLive(snapshot({})), true);
});

test('what a reader is told does not change every second', () => {
  const closed = snapshot({ state: 'closed', retryAt: 8_000 });
  assert.equal(connectionView(closed, 1_000).spoken, connectionView(closed, 4_000).spoken);
});
