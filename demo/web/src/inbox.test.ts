import assert from 'node:assert/strict';
import { test } from 'node:test';
import { empty, KEPT, markRead, type Notice, receive, remembered, spoken, unread } from './inbox.ts';

const notice = (key: string): Notice => ({ key, kind: 'started', urgent: false, title: `T${key}`, text: 'x.', dag_id: 'd', run_id: 'r', at: 1 });
const filled = (count: number) => Array.from({ length: count }, (_, at) => notice(String(at))).reduce(receive, empty());

test('a notice that is told again is one', () => {
  const inbox = filled(3);
  assert.equal(receive(inbox, notice('1')), inbox);
  assert.deepEqual(inbox.notices.map(({ key }) => key), ['2', '1', '0']);
});

test('the badge counts what was not read', () => {
  const inbox = markRead(filled(3), ['0', '1']);
  assert.equal(unread(inbox), 1);
  assert.equal(markRead(inbox, ['0']), inbox);
});

test('what was read is remembered for as long as it is kept, and before it is told again', () => {
  const before = markRead(filled(2), ['0', '1']);
  assert.deepEqual(remembered(markRead(empty(remembered(before)), ['2'])), ['0', '1', '2']);
  let inbox = before;
  for (let at = 2; at < 4 * KEPT; at += 1) inbox = markRead(receive(inbox, notice(String(at))), [String(at)]);
  assert.equal(inbox.notices.length, KEPT);
  assert.equal(remembered(inbox).length, 2 * KEPT);
  assert.equal(unread(empty(remembered(inbox))), 0);
  assert.equal(unread(inbox.notices.reduceRight(receive, empty(remembered(inbox)))), 0);
});

test('many at once are said in a few words', () => {
  assert.equal(spoken([notice('a'), notice('b')]), 'Ta. x. Tb. x.');
  assert.equal(spoken(filled(5).notices), 'T4. x. T3. x. T2. x. And 2 more.');
});
