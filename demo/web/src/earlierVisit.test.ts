import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from 'everwire';
import { ended, onItsWay } from './earlierVisit.ts';

const nameOf = (id: string) => (id === 'ask' ? 'Go on?' : id);
const outcome = (fate: Outcome['fate'], message: string | null = null): Outcome => ({ fate, confirmed: fate === 'acked', code: null, message });

test('what an earlier visit decided is named by the answer and the question', () => {
  const yes = { type: 'human_decision', node_id: 'ask', decision: 'approve' };
  assert.equal(ended(yes, outcome('acked'), nameOf).title, 'Applied: your earlier yes to “Go on?”');
  const no = { type: 'human_decision', node_id: 'b', decision: 'reject' };
  assert.equal(ended(no, outcome('acked'), nameOf).title, 'Applied: your earlier no to “b”');
  assert.equal(ended({ type: 'pause_execution' }, outcome('acked'), nameOf).title, 'Applied: your earlier wish to pause the run');
});

test('one that was refused says it in the words of the server, and one that came too late says so', () => {
  const yes = { type: 'human_decision', node_id: 'ask', decision: 'approve' };
  const refused = ended(yes, outcome('rejected', 'Go on? is not waiting'), nameOf);
  assert.deepEqual([refused.tone, refused.text], ['red', 'Go on? is not waiting']);
  assert.equal(ended(yes, outcome('expired', 'ttl'), nameOf).text, 'Its time was over before it could be delivered.');
});

test('one whose end cannot be known is not said to be applied', () => {
  assert.equal(ended({ type: 'cancel_execution' }, outcome('unknown'), nameOf).tone, 'red');
  assert.match(ended({ type: 'cancel_execution' }, outcome('sent'), nameOf).title, /^Sent: /);
});

test('what is on its way is counted, and says that it waits where there is no connection', () => {
  assert.match(onItsWay(1, false).text ?? '', /as soon as the connection is back/);
  assert.match(onItsWay(3, true).title, /^3 /);
});
