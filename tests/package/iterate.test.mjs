// @ts-check
// Events by `for await`: bounded, with visible losses, and with an end.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Socket, forget, newest } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { iterate } = await import('everwire/iterate');

/** @typedef {import('node:test').TestContext} TestContext */

afterEach(forget);

/** @param {TestContext} t */
function open(t) {
  const client = connect('wss://a.example/', { onWarning: () => {} });
  t.after(() => client.close({ drain: 0 }));
  newest().accept();
  return client;
}

const tell = (/** @type {number[]} */ ...numbers) => newest().deliver(...numbers.map((n) => ({ type: 'tick', n })));

/** @param {AsyncIterable<any>} events @param {number} [most] */
async function taken(events, most = Infinity) {
  const numbers = [];
  for await (const { n } of events) if (numbers.push(n) >= most) break;
  return numbers;
}

test('events come in order, those before the first look too', async (t) => {
  const events = iterate(open(t), 'tick');
  tell(1, 2);
  const looking = taken(events, 4);
  tell(3, 4, 5);
  assert.deepEqual(await looking, [1, 2, 3, 4]);
});

test('those who ask at once are answered in order', async (t) => {
  const events = iterate(open(t), 'tick');
  const asked = [events.next(), events.next()];
  tell(1, 2);
  assert.deepEqual((await Promise.all(asked)).map(({ value }) => value?.['n']), [1, 2]);
});

test('a full buffer lets go of the oldest, or of the newcomer, and counts', async (t) => {
  const client = open(t);
  const oldest = iterate(client, 'tick', { buffer: 2 });
  const newcomer = iterate(client, 'tick', { buffer: 2, overflow: 'drop-newest' });
  tell(1, 2, 3, 4);
  assert.deepEqual([oldest.lost, newcomer.lost], [2, 2]);
  assert.deepEqual([await taken(oldest, 2), await taken(newcomer, 2)], [[3, 4], [1, 2]]);
});

test('what waits is as much as the buffer holds, and in order, however it is taken', async (t) => {
  const client = open(t);
  const events = iterate(client, 'tick', { buffer: 10 });
  /** @type {unknown[]} */
  const seen = [];
  const take = async (/** @type {number} */ count) => {
    for (; count > 0; count--) seen.push((await events.next()).value?.['n']);
  };
  tell(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  await take(3);
  tell(11, 12, 13);
  assert.equal(events.lost, 0);
  tell(14, 15);
  assert.equal(events.lost, 2);
  await take(9);
  tell(16);
  await take(2);
  assert.deepEqual(seen, [1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
});

test('or ends with an error, after what it holds, and rejects nothing that nobody asked for', async (t) => {
  const rejected = t.mock.fn();
  process.on('unhandledRejection', rejected);
  t.after(() => process.off('unhandledRejection', rejected));
  const client = open(t);
  const events = iterate(client, 'tick', { buffer: 2, overflow: 'error' });
  iterate(client, 'tick', { buffer: 1, overflow: 'error' });
  tell(1, 2, 3, 4);
  await new Promise((done) => setImmediate(done));
  assert.equal(rejected.mock.callCount(), 0);
  /** @type {number[]} */
  const before = [];
  await assert.rejects(
    async () => {
      for await (const { n } of events) before.push(n);
    },
    { code: 'overflow', message: /"tick"/ },
  );
  assert.deepEqual([before, events.lost], [[1, 2], 1]);
  assert.deepEqual(await events.next(), { done: true, value: undefined });
});

test('close() ends it, once what came before is taken', async (t) => {
  const client = open(t);
  const events = iterate(client, 'tick');
  const waiting = iterate(client, 'tick').next();
  tell(1, 2);
  await waiting;
  const hanging = iterate(client, 'tick').next();
  client.close({ drain: 0 });
  assert.deepEqual(await taken(events), [1, 2]);
  assert.equal((await hanging).done, true);
  assert.deepEqual(await taken(iterate(client, 'tick')), [], 'of a closed client there is nothing');
});

test('a lost connection does not end it', async (t) => {
  const client = open(t);
  const events = iterate(client, 'tick');
  newest().drop();
  client.retry();
  newest().accept();
  tell(1);
  assert.deepEqual(await taken(events, 1), [1]);
});

test('break and the signal end it, and its handler is gone', async (t) => {
  const client = open(t);
  const offs = t.mock.method(client, 'on');
  const broken = iterate(client, 'tick');
  tell(1, 2);
  assert.deepEqual(await taken(broken, 1), [1]);
  assert.equal((await broken.next()).done, true, 'what it held is forgotten');
  const stop = new AbortController();
  const aborted = iterate(client, 'tick', { signal: stop.signal, buffer: 1 });
  const asked = aborted.next();
  stop.abort();
  assert.equal((await asked).done, true);
  tell(3, 4, 5);
  assert.deepEqual([broken.lost, aborted.lost], [0, 0], 'nobody listens');
  assert.equal(offs.mock.callCount(), 2);
  assert.equal((await iterate(client, 'tick', { signal: stop.signal }).next()).done, true, 'aborted before');
  assert.equal(offs.mock.callCount(), 2, 'no handler for nothing');
});

test('an option that makes no sense is named', (t) => {
  const client = open(t);
  const refused = (/** @type {any} */ options, /** @type {RegExp} */ message) =>
    assert.throws(() => iterate(client, 'tick', options), { code: 'invalid_option', message });
  refused({ buffer: 0 }, /"buffer": a whole number from 1 to 100000/);
  refused({ overflow: 'drop' }, /"overflow": one of/);
  refused({ signal: {} }, /"signal"/);
  refused({ size: 5 }, /"size": is not known/);
  refused(5, /"iterate"/);
  assert.throws(() => iterate(client, 'ping'), { code: 'invalid_handler' });
});
