// @ts-check
// Optimistic updates: applied at once, sent with their key, taken back if they did not happen.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Socket, forget, newest } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { mutate } = await import('everwire/mutate');

/** @typedef {import('node:test').TestContext} TestContext */

const HELLO = { type: 'hello', v: 1, features: ['ack'], keep: 60_000 };

afterEach(forget);

/** @param {TestContext} t @param {any} [options] @param {object[]} [said] */
function open(t, options = {}, said = [HELLO]) {
  /** @type {import('everwire').Client} */
  const client = connect('wss://a.example/', { onWarning: () => {}, ...options });
  t.after(() => client.close({ drain: 0 }));
  const socket = newest();
  socket.accept();
  socket.deliver(...said);
  return { client, socket };
}

/** A name on a page. */
function page() {
  let name = 'old';
  return {
    get name() {
      return name;
    },
    to: (/** @type {string} */ next, /** @type {object} */ more = {}) => ({
      apply() {
        const before = name;
        name = next;
        return before;
      },
      rollback: (/** @type {string} */ before) => void (name = before),
      ...more,
    }),
  };
}

const RENAME = { type: 'rename', name: 'new' };

test('an update is shown at once, sent with its key, and stays when it is acknowledged', async (t) => {
  const { client, socket } = open(t);
  const shown = page();
  const done = mutate(client, 'k1', RENAME, shown.to('new'));
  const [{ $id, ...sent }] = socket.messages();
  assert.deepEqual([shown.name, sent], ['new', { ...RENAME, idempotency_key: 'k1' }]);
  socket.deliver({ type: 'ack', id: $id });
  const { fate, confirmed } = await done;
  assert.deepEqual([fate, confirmed, shown.name], ['acked', true, 'new']);
});

test('what the server refuses is taken back, with its word for it', async (t) => {
  const { client, socket } = open(t);
  const shown = page();
  const done = mutate(client, 'k1', RENAME, shown.to('new'));
  socket.deliver({ type: 'nack', id: socket.messages()[0].$id, code: 'taken', message: 'That name is taken.' });
  await assert.rejects(done, { name: 'EverwireError', code: 'taken', fate: 'rejected', message: 'That name is taken.', retryable: false });
  assert.equal(shown.name, 'old');
});

test('the same key is the same update while it is pending, and another one afterwards', async (t) => {
  const { client, socket } = open(t);
  const apply = t.mock.fn();
  const first = mutate(client, 'k1', RENAME, { apply });
  assert.equal(mutate(client, 'k1', RENAME, { apply }), first);
  assert.notEqual(mutate(client, '__proto__', RENAME), first);
  const { client: other } = open(t);
  assert.notEqual(mutate(other, 'k1', RENAME), first);
  assert.deepEqual([apply.mock.callCount(), socket.messages().length], [1, 2]);
  socket.deliver({ type: 'ack', id: socket.messages()[0].$id });
  await first;
  assert.notEqual(mutate(client, 'k1', RENAME, { apply }), first);
  assert.deepEqual([apply.mock.callCount(), socket.messages().length], [2, 3]);
});

test('who hears of the end may try the same key again at once', async (t) => {
  const { client, socket } = open(t);
  const again = mutate(client, 'k1', RENAME, { rollback: () => void mutate(client, 'k1', RENAME) });
  socket.deliver({ type: 'nack', id: socket.messages()[0].$id, code: 'no' });
  await assert.rejects(again);
  assert.equal(socket.messages().length, 2);
});

test('an end that nobody knows is told, and what is shown stays or is taken back as asked for', async (t) => {
  for (const [onUnknown, name] of /** @type {const} */ ([[undefined, 'new'], ['keep', 'new'], ['rollback', 'old']])) {
    const { client, socket } = open(t);
    const shown = page();
    const stop = new AbortController();
    const done = mutate(client, 'k1', RENAME, shown.to('new', { onUnknown, signal: stop.signal }));
    assert.equal(socket.messages().length, 1);
    stop.abort();
    await assert.rejects(done, { code: 'unknown', fate: 'unknown', retryable: true });
    assert.equal(shown.name, name);
  }
});

test('what was never sent is taken back', async (t) => {
  const { client } = open(t, { queue: { normal: 1 } }, []);
  const shown = page();
  const stop = new AbortController();
  stop.abort();
  await assert.rejects(mutate(client, 'k1', RENAME, shown.to('new', { signal: stop.signal })), { fate: 'aborted' });
  assert.equal(shown.name, 'old');
  const waits = mutate(client, 'k2', RENAME);
  await assert.rejects(mutate(client, 'k3', RENAME, shown.to('new')), { fate: 'rejected', code: 'queue_full', retryable: true });
  assert.equal(shown.name, 'old');
  client.close({ drain: 0 });
  await assert.rejects(waits, { fate: 'aborted' });
});

test('a server that acknowledges nothing confirms nothing', async (t) => {
  const { client } = open(t, {}, [{ type: 'hello', v: 1, features: [] }]);
  const shown = page();
  const { fate, confirmed } = await mutate(client, 'k1', RENAME, shown.to('new'));
  assert.deepEqual([fate, confirmed, shown.name], ['sent', false, 'new']);
});

test('an update that cannot be shown is not sent, and one that cannot be sent is not shown', (t) => {
  const { client, socket } = open(t);
  const apply = () => {
    throw new Error('mine');
  };
  assert.throws(() => mutate(client, 'k1', RENAME, { apply }), /mine/);
  assert.equal(socket.messages().length, 0);
  const shown = page();
  for (const bad of [{ type: 'ping' }, { name: 'x' }, { type: 'x', big: 1n }]) {
    assert.throws(() => mutate(client, 'k1', /** @type {any} */ (bad), shown.to('new')), { code: 'invalid_event' });
    assert.equal(shown.name, 'old');
  }
  mutate(client, 'k1', RENAME);
  assert.equal(socket.messages().length, 1, 'the key is free');
});

test('an update that asks for itself while it is shown is one', (t) => {
  const { client, socket } = open(t);
  /** @type {any} */
  let inner;
  const outer = mutate(client, 'k1', RENAME, { apply: () => void (inner = mutate(client, 'k1', RENAME)) });
  assert.equal(inner, outer);
  assert.equal(socket.messages().length, 1);
});

test('a rollback that throws is reported, and the reason stays', async (t) => {
  const { client, socket } = open(t);
  const reported = t.mock.fn();
  Object.assign(globalThis, { reportError: reported });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const rollback = () => {
    throw new Error('mine');
  };
  const done = mutate(client, 'k1', RENAME, { rollback });
  socket.deliver({ type: 'nack', id: socket.messages()[0].$id, code: 'no' });
  await assert.rejects(done, { code: 'no' });
  assert.equal(reported.mock.callCount(), 1);
});

test('the key goes where it is told, and nowhere else', (t) => {
  const { client, socket } = open(t);
  mutate(client, 'k1', RENAME, { field: 'op' });
  mutate(client, 'k2', { ...RENAME, op: 'k2' }, { field: 'op' });
  mutate(client, 'k3', RENAME, { field: '__proto__' });
  mutate(client, 'k4', { toJSON: () => RENAME, type: 'x' });
  const sent = socket.messages().map(({ $id: _, ...rest }) => JSON.stringify(rest));
  assert.deepEqual(sent, [
    '{"type":"rename","name":"new","op":"k1"}',
    '{"type":"rename","name":"new","op":"k2"}',
    '{"type":"rename","name":"new","__proto__":"k3"}',
    '{"type":"rename","name":"new","idempotency_key":"k4"}',
  ]);
  assert.throws(() => mutate(client, 'k5', { ...RENAME, op: 'else' }, { field: 'op' }), { code: 'invalid_event' });
});

test('senseless keys, events and options are refused by name', (t) => {
  const { client, socket } = open(t);
  for (const key of [undefined, null, 7, '', 'x'.repeat(129), 'é'.repeat(65)]) assert.throws(() => mutate(client, /** @type {any} */ (key), RENAME), { code: 'invalid_option' });
  for (const event of [undefined, null, 7, 'rename', [RENAME]]) assert.throws(() => mutate(client, 'k', /** @type {any} */ (event)), { code: 'invalid_event' });
  for (const options of [null, 7, { apply: 1 }, { rollback: 1 }, { onUnknown: 'drop' }, { field: '' }, { field: 'type' }, { field: '$id' }, { ack: false }, { volatile: true }, { later: 1 }, { priority: 'low' }, { ttl: 0 }]) {
    assert.throws(() => mutate(client, 'k', RENAME, /** @type {any} */ (options)), { code: 'invalid_option' }, JSON.stringify(options));
  }
  assert.equal(socket.messages().length, 0);
});

test('a rejection that nobody looks at is no unhandled one', async (t) => {
  const { client, socket } = open(t);
  const unhandled = t.mock.fn();
  process.on('unhandledRejection', unhandled);
  t.after(() => process.off('unhandledRejection', unhandled));
  mutate(client, 'k1', RENAME);
  socket.deliver({ type: 'nack', id: socket.messages()[0].$id, code: 'no' });
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(unhandled.mock.callCount(), 0);
});
