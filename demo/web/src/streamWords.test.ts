import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Known, streamView } from './streamWords.ts';

const clock = (at: number) => `t${at}`;
const known = (extra: Partial<Known>): Known => ({ state: 'open', final: false, attempt: 0, retryAt: null, reason: null, freshness: 'fresh', ...extra });
const why = (code: string, status: number | null = null) => ({ reason: { code, message: `because of ${code}`, status } });
const view = (extra: Partial<Known>, online = true) => streamView(known(extra), online, clock);

test('a lost connection says when it is tried again', () => {
  const lost = view({ state: 'closed', attempt: 2, retryAt: 7, ...why('lost') });
  assert.equal(lost.word, 'Reconnecting');
  assert.match(lost.note, /at t7/);
  assert.equal(lost.canRetry, true);
});

test('what the server or the network wants is said in their words', () => {
  assert.equal(view({ state: 'closed', retryAt: 7, ...why('rate_limited', 429) }).word, 'Too many requests');
  assert.equal(view({ state: 'closed', retryAt: 7, ...why('unavailable', 503) }).word, 'Server busy');
  assert.equal(view({ state: 'closed', retryAt: 7, ...why('lost') }, false).word, 'Offline');
  assert.equal(view({}, false).word, 'Maybe offline', 'a connection ends long after its network did');
});

test('what stops for good says what to do', () => {
  assert.equal(view({ state: 'closed', final: true, ...why('unauthorized', 401) }).word, 'Signed out');
  assert.equal(view({ state: 'closed', final: true, ...why('forbidden', 403) }).word, 'Not allowed');
  assert.deepEqual(view({ state: 'closed', final: true, ...why('wrong_type') }).note, 'because of wrong_type');
});
