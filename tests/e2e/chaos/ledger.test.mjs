// @ts-check
// What is lost, doubled or out of order is seen by those who compare.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountOfEvents, accountOfMessages, missed } from './ledger.mjs';
import { nameOf } from './names.mjs';
import { plan } from './plan.mjs';

/** @typedef {import('./ledger.mjs').Book} Book */

const begun = { type: 'dag_mutated', mutation: { op: 'start', state: { run_id: 'r' } } };
/** @param {string} node */
const decided = (node) => ({ type: 'node_state', node_id: node, status: 'succeeded' });
/** @param {any[]} events */
const numbered = (events) => events.map((event, index) => ({ ...event, $seq: index + 1 }));
/** @param {readonly any[]} log @param {string[]} sent @returns {Book} */
const bookOf = (log, sent) => ({
  events: log.map((event) => ({ seq: event.$seq ?? null, id: event.$id ?? null, name: nameOf(event) })),
  sent: sent.map((node) => ({ run: 1, node, fate: 'acked', code: null })),
  continuity: [],
});
const log = numbered([begun, decided('p1'), decided('p2'), decided('p3')]);
/** @param {import('./ledger.mjs').Account} account */
const counts = ({ lost, doubled, disordered }) => [lost.length, doubled.length, disordered.length];

test('two ledgers that agree', () => {
  const book = bookOf(log, ['p1', 'p2', 'p3']);
  assert.deepEqual(counts(accountOfMessages(book, log)), [0, 0, 0]);
  assert.deepEqual(counts(accountOfEvents(book, log)), [0, 0, 0]);
  assert.deepEqual(missed(book, log), { messages: 0, events: 0 });
});

test('a message that was acknowledged and is not in the log is lost; one that is in it twice is doubled', () => {
  assert.deepEqual(counts(accountOfMessages(bookOf(log, ['p1', 'p2', 'p3', 'p4']), log)), [1, 0, 0]);
  const twice = numbered([begun, decided('p1'), decided('p1')]);
  assert.deepEqual(counts(accountOfMessages(bookOf(twice, ['p1']), twice)), [0, 1, 0]);
});

test('a message that was applied and then refused was sent twice', () => {
  const book = bookOf(log, ['p1', 'p2', 'p3']);
  Object.assign(book.sent[1] ?? {}, { fate: 'rejected', code: 'not_waiting' });
  assert.deepEqual(counts(accountOfMessages(book, log)), [0, 1, 0]);
});

test('a message that never ended is lost', () => {
  const book = bookOf(log, ['p1', 'p2', 'p3']);
  Object.assign(book.sent[1] ?? {}, { fate: null });
  assert.deepEqual(counts(accountOfMessages(book, log)), [1, 0, 0]);
});

test('messages that were applied in another order', () => {
  assert.deepEqual(counts(accountOfMessages(bookOf(log, ['p2', 'p1', 'p3']), log)), [0, 0, 1]);
});

test('events that were not told, told twice, or told in another order', () => {
  const [one, two, three, four] = log;
  assert.deepEqual(counts(accountOfEvents(bookOf([one, two, four], []), log)), [1, 0, 0]);
  assert.deepEqual(counts(accountOfEvents(bookOf([one, two, three, three, four], []), log)), [0, 1, 0]);
  assert.deepEqual(counts(accountOfEvents(bookOf([one, three, two, four], []), log)), [0, 0, 1]);
  assert.equal(missed(bookOf([one, four], []), log).events, 2);
});

test('the repeat of a critical event counts as the event, and each refusal is told once', () => {
  const critical = [...log, { type: 'error', message: 'x', $seq: 5, $id: 'e.1' }];
  const { $seq: _, ...repeat } = critical[4] ?? {};
  assert.deepEqual(counts(accountOfEvents(bookOf([...log, repeat], []), critical)), [0, 0, 0]);
  assert.deepEqual(counts(accountOfEvents(bookOf([...critical, repeat], []), critical)), [0, 1, 0]);
  const refusal = { type: 'error', message: 'nobody is asked at "w10"' };
  assert.deepEqual(counts(accountOfEvents(bookOf([...log, refusal], ['w10']), log)), [0, 0, 0]);
  assert.deepEqual(counts(accountOfEvents(bookOf([...log, refusal, refusal], ['w10', 'w20']), log)), [1, 1, 0]);
});

test('a seed is all there is to what goes wrong, and everything goes wrong once before anything does twice', () => {
  const take = (/** @type {number} */ seed) => {
    const faults = plan(seed);
    return Array.from({ length: 60 }, () => faults.next().value);
  };
  assert.deepEqual(take(7), take(7));
  assert.notDeepEqual(take(7), take(8));
  assert.equal(new Set(take(7).slice(0, 10).map(({ fault }) => JSON.stringify(fault))).size, 10);
});
