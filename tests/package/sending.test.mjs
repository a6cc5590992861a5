// @ts-check
// What becomes of what is sent, as an application sees it.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect, EverwireError } = await import('everwire');
const { writable } = await import('everwire/writable');

const URL_A = 'wss://a.example/';
const HELLO = { type: 'hello', v: 1, features: ['ack', 'reply'] };
const MiB = 1 << 20;
const soon = (ms = 5) => new Promise((done) => setTimeout(done, ms));
/** @type {unknown[]} */
const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

function greeted() {
  const client = connect(URL_A);
  newest().accept();
  newest().deliver(HELLO);
  return client;
}

/** @param {Promise<unknown>} promise @param {string} code @param {boolean} retryable */
const rejects = (promise, code, retryable) =>
  assert.rejects(promise, (error) => error instanceof EverwireError && error.code === code && error.retryable === retryable);

/** The `$id` of what was sent last. */
const lastId = () => JSON.parse(newest().sent.at(-1) ?? '{}').$id;

/** @param {Promise<unknown>} promise */
async function isPending(promise) {
  const other = {};
  return (await Promise.race([promise, soon(1).then(() => other)])) === other;
}

test('a message that waited longer than its ttl ends as expired', async () => {
  const client = connect(URL_A);
  const outcome = await client.send({ type: 'x' }, { ttl: 10 }).settled;
  assert.deepEqual({ ...outcome, message: '' }, { fate: 'expired', confirmed: false, code: 'expired', message: '' });
  newest().accept();
  await soon();
  assert.deepEqual(newest().messages(), []);
  client.close({ drain: 0 });
});

test('a signal ends a message, and its listener is removed when the message settles', async () => {
  const client = connect(URL_A);
  const control = new AbortController();
  const receipts = [client.send({ type: 'x' }, { signal: control.signal }), client.send({ type: 'y' })];
  assert.equal(getEventListeners(control.signal, 'abort').length, 1);
  control.abort();
  assert.deepEqual(receipts.map(({ fate }) => fate), ['aborted', 'pending']);
  await soon();
  assert.equal(getEventListeners(control.signal, 'abort').length, 0);
  assert.equal((await client.send({ type: 'z' }, { signal: control.signal }).settled).code, 'aborted');
  newest().accept();
  await soon();
  assert.deepEqual(newest().messages(), [{ type: 'y' }]);
  client.close({ drain: 0 });
});

test('a signal that outlives a thousand messages keeps none of their listeners', async () => {
  const client = greeted();
  const { signal } = new AbortController();
  for (let n = 0; n < 1_000; n++) client.send({ type: 'x' }, { signal });
  const receipt = client.send({ type: 'x' }, { signal, ack: true });
  await soon();
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  newest().deliver({ type: 'ack', id: lastId() });
  await receipt.settled;
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  client.close({ drain: 0 });
});

test('a message aborted in flight is unknown', async () => {
  const client = greeted();
  const control = new AbortController();
  const receipt = client.send({ type: 'x' }, { ack: true, signal: control.signal });
  control.abort();
  assert.deepEqual([receipt.fate, (await receipt.settled).code], ['unknown', 'aborted']);
  client.close({ drain: 0 });
});

test('half a character travels as U+FFFD, which every parser reads, and what only looks like one as it is', async () => {
  const client = connect(URL_A);
  newest().accept();
  const name = 'Ann 😀';
  client.send({ type: 'x', name: name.slice(0, -1), half: '\udE00!', whole: name, code: '\\ud83d \\\\udead' });
  await soon();
  const sent = newest().sent.at(-1) ?? '';
  assert.deepEqual(JSON.parse(sent), { type: 'x', name: 'Ann \ufffd', half: '\ufffd!', whole: name, code: '\\ud83d \\\\udead' });
  assert.ok(!/(?<!\\)(?:\\\\)*\\ud/.test(sent), sent);
  client.close({ drain: 0 });
});

test('a volatile message is sent now or never', async () => {
  const client = connect(URL_A);
  assert.equal((await client.send({ type: 'x' }, { volatile: true }).settled).code, 'not_now');
  newest().accept();
  assert.equal(client.send({ type: 'x' }, { volatile: true }).fate, 'sent');
  client.close({ drain: 0 });
});

test('options that make no sense are refused by name', () => {
  const client = connect(URL_A);
  for (const [options, word] of /** @type {[any, RegExp][]} */ ([
    [{ ttl: 0 }, /ttl.*604800000/],
    [{ ttl: 1.5 }, /ttl/],
    [{ signal: {} }, /signal.*AbortSignal/],
    [{ volatile: 1 }, /volatile/],
    [{ volatile: true, ack: true }, /volatile/],
    [{ volatile: true, ttl: 5 }, /volatile/],
    [{ volatile: true, priority: 'normal' }, /volatile/],
    [{ persist: true }, /persist.*priority, ack, ttl, signal, volatile/],
    [null, /object/],
  ])) {
    assert.throws(() => client.send({ type: 'x' }, options), { code: 'invalid_option', message: word });
  }
  assert.throws(() => client.request({ type: 'x' }, /** @type {any} */ ({ ttl: 5 })), { code: 'invalid_option' });
  assert.throws(() => client.expect('x', { within: -1 }), { code: 'invalid_option' });
  assert.throws(() => client.expect('ping'), { code: 'invalid_handler' });
  assert.equal(client.snapshot().queued, 0);
  client.close({ drain: 0 });
});

test('a request is fulfilled by the data of its reply', async () => {
  const client = greeted();
  const reply = client.request({ type: 'price' });
  await soon();
  newest().deliver({ type: 'reply', id: lastId(), data: { price: 7 } });
  assert.deepEqual(await reply, { price: 7 });
  const nothing = client.request({ type: 'pause' });
  await soon();
  newest().deliver({ type: 'ack', id: lastId() });
  assert.equal(await nothing, undefined);
  client.close({ drain: 0 });
});

test('a request rejects with the reason, and says whether it may be tried again', async () => {
  const client = greeted();
  const refused = client.request({ type: 'x' });
  await soon();
  newest().deliver({ type: 'nack', id: lastId(), code: 'reply_lost', message: 'gone' });
  await rejects(refused, 'reply_lost', false);
  await rejects(client.request({ type: 'x' }, { timeout: 10 }), 'timeout', false);
  await rejects(client.request({ type: 'x' }, { signal: AbortSignal.abort() }), 'aborted', false);
  const closed = client.request({ type: 'x' });
  client.close({ drain: 0 });
  await rejects(closed, 'closed', false);
  await rejects(client.request({ type: 'x' }), 'closed', false);

  const away = connect(URL_A);
  await rejects(away.request({ type: 'x' }, { timeout: 10 }), 'timeout', true);
  newest().accept();
  newest().deliver({ type: 'hello', v: 1, features: ['ack'] });
  await rejects(away.request({ type: 'x' }), 'reply_unsupported', false);
  away.close({ drain: 0 });
});

test('expect promises the next event of a type and is gone afterwards', async () => {
  const client = greeted();
  const [first, second] = [client.expect('tick'), client.expect('tick')];
  newest().deliver({ type: 'tock' }, { type: 'tick', n: 1 }, { type: 'tick', n: 2 });
  assert.deepEqual([await first, await second], [{ type: 'tick', n: 1 }, { type: 'tick', n: 1 }]);
  await rejects(client.expect('tick', { within: 10 }), 'timeout', true);
  const control = new AbortController();
  const aborted = client.expect('tick', { signal: control.signal });
  control.abort();
  await rejects(aborted, 'aborted', false);
  const closed = client.expect('tick');
  client.close({ drain: 0 });
  await rejects(closed, 'closed', false);
});

test('what expect refuses leaves nothing behind', async () => {
  const { Sender } = await import(String(new URL('../../node_modules/everwire/sender.js', import.meta.url)));
  const { Receipts } = await import(String(new URL('../../node_modules/everwire/receipts.js', import.meta.url)));
  const { DataPlane } = await import(String(new URL('../../node_modules/everwire/data_plane.js', import.meta.url)));
  const plane = new DataPlane();
  const receipts = new Receipts(plane);
  assert.throws(() => new Sender({ plane, receipts }).expect(7), { code: 'invalid_handler' });
  assert.equal(receipts.open.size, 0);
});

test('a producer that awaits ready is held back, and loses nothing', async () => {
  const client = greeted();
  const socket = newest();
  const text = 'x'.repeat(10_000);
  socket.bufferedAmount = 0;
  const { send } = socket;
  // A peer that reads nothing.
  socket.send = (frame) => {
    socket.bufferedAmount += frame.length;
    send.call(socket, frame);
  };
  let sent = 0;
  const producing = (async () => {
    for (; sent < 1_000; sent++) {
      await client.ready;
      client.send({ type: 'x', sent, text });
    }
  })();
  await soon(20);
  assert.ok(sent > 90 && sent < 120, `${sent}`);
  assert.ok(socket.bufferedAmount >= MiB && socket.bufferedAmount < 1.2 * MiB);
  assert.ok(await isPending(client.ready));
  const reading = setInterval(() => {
    assert.ok(socket.bufferedAmount < 1.2 * MiB);
    socket.bufferedAmount = 0;
  }, 10);
  await producing;
  await client.ready;
  clearInterval(reading);
  socket.bufferedAmount = 0;
  await soon(100);
  assert.deepEqual(socket.messages().map((each) => each.sent), Array.from({ length: 1_000 }, (_, n) => n));
  client.close({ drain: 0 });
});

test('ready is fulfilled again when the client is closed', async () => {
  const client = connect(URL_A, { queue: { normal: 1 } });
  client.send({ type: 'x' });
  const { ready } = client;
  assert.ok(await isPending(ready));
  client.close({ drain: 0 });
  await ready;
});

test('a stream takes the next event when the one before was sent', async () => {
  const client = connect(URL_A);
  const stream = writable(client);
  assert.equal(writable(client), stream);
  const writer = stream.getWriter();
  const first = writer.write({ type: 'x', n: 1 });
  writer.write({ type: 'x', n: 2 });
  assert.ok(await isPending(first));
  assert.equal(client.snapshot().queued, 1);
  newest().accept();
  await first;
  await writer.close();
  assert.deepEqual(newest().messages(), [{ type: 'x', n: 1 }, { type: 'x', n: 2 }]);
  assert.notEqual(writable(client), stream);
  client.close({ drain: 0 });
});

test('a stream leaves nothing behind for each event that it sent', async (t) => {
  const listening = new Map();
  for (const [name, change] of /** @type {const} */ ([['addEventListener', 1], ['removeEventListener', -1]])) {
    const original = EventTarget.prototype[name];
    t.mock.method(AbortSignal.prototype, name, /** @this {AbortSignal} @param {any[]} args */ function (...args) {
      listening.set(this, (listening.get(this) ?? 0) + change);
      return Reflect.apply(original, this, args);
    });
  }
  const client = greeted();
  const writer = writable(client).getWriter();
  for (let n = 0; n < 100; n++) await writer.write({ type: 'x', n });
  await soon();
  assert.deepEqual([...listening.values()], [0]);
  client.close({ drain: 0 });
});

test('a stream that is aborted takes back what was not sent and leaves the client as it is', async () => {
  const client = connect(URL_A);
  const writer = writable(client).getWriter();
  const write = writer.write({ type: 'x' });
  write.catch(() => {});
  await soon();
  await writer.abort();
  await assert.rejects(write);
  assert.deepEqual([client.snapshot().queued, client.state], [0, 'connecting']);
  client.close({ drain: 0 });
});

test('a stream fails when the client is closed, and by an event that cannot be sent', async () => {
  const client = connect(URL_A);
  const bad = writable(client).getWriter();
  await rejects(bad.write(/** @type {any} */ ({})), 'invalid_event', false);
  const writer = writable(client).getWriter();
  const write = writer.write({ type: 'x' });
  client.close({ drain: 0 });
  await rejects(write, 'closed', false);
});

test('nobody has to look at what rejects', async () => {
  const client = greeted();
  client.request({ type: 'x' }, { timeout: 5 });
  client.expect('x', { within: 5 });
  client.send({ type: 'x' }, { ack: true, ttl: 5 });
  writable(client).getWriter().write({ type: 'x' });
  await soon(20);
  client.request({ type: 'x' });
  client.close({ drain: 0 });
  await soon(20);
  assert.deepEqual(unhandled, []);
});
