// @ts-check
// A client where nothing of the protocol is spoken.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { iterate } = await import('everwire/iterate');
const { writable } = await import('everwire/writable');

const URL_A = 'wss://a.example/';
const soon = (ms = 5) => new Promise((done) => setTimeout(done, ms));
const bytes = (/** @type {number[]} */ ...all) => new Uint8Array(all).buffer;

/** @param {import('node:test').TestContext} t @param {Partial<import('everwire').RawOptions>} [options] */
function open(t, options) {
  const client = connect(URL_A, { protocol: 'raw', ...options });
  t.after(() => client.close({ drain: 0 }));
  /** @type {(string | ArrayBuffer)[]} */
  const heard = [];
  client.on('message', (data) => heard.push(data));
  const socket = newest();
  socket.accept();
  return { client, socket, heard, sent: /** @type {any[]} */ (socket.sent), receive: (/** @type {any} */ data) => socket.receive(data) };
}

test('frames are what they are, whatever they look like', (t) => {
  const { heard, sent, receive, client } = open(t);
  const binary = bytes(1, 2);
  const frames = ['{"type":"ping","ts":1}', '{"type":"hello","v":1,"features":["batch","ack"]}', '[{"type":"a"}]', 'no JSON', '', binary];
  frames.forEach(receive);
  assert.deepEqual(heard, frames);
  assert.equal(heard[5], binary);
  assert.deepEqual([sent, client.snapshot().peer, client.snapshot().freshness], [[], 'unknown', 'unknown']);
});

test('what is sent goes out as it was when it was sent', async (t) => {
  const { client, socket, sent } = open(t, { backoff: { base: 1, cap: 1 } });
  client.send('now');
  assert.deepEqual(sent, ['now']);
  socket.drop();
  const mine = new Uint8Array([1, 2, 3, 4]);
  const receipts = [client.send(mine.subarray(1, 3)), client.send(mine.buffer), client.send('', { priority: 'high' })];
  assert.deepEqual([client.snapshot().queued, client.snapshot().queuedBytes], [3, 6]);
  mine.fill(9);
  await soon(20);
  newest().accept();
  const out = /** @type {any[]} */ (newest().sent).map((frame) => (typeof frame === 'string' ? frame : [...new Uint8Array(frame)]));
  assert.deepEqual(out, ['', [2, 3], [1, 2, 3, 4]]);
  assert.ok(receipts.every(({ fate }) => fate === 'sent'));
});

test('frames come by a loop and go by a stream', async (t) => {
  const { client, sent, receive } = open(t);
  const frames = iterate(client, 'message');
  receive('a');
  receive(bytes(1));
  assert.deepEqual([(await frames.next()).value, (await frames.next()).value], ['a', bytes(1)]);
  const writer = writable(client).getWriter();
  await writer.write('b');
  await writer.write(new Uint8Array([2]));
  assert.deepEqual(sent, ['b', new Uint8Array([2])]);
});

test('what cannot be sent is refused with what can', (t) => {
  const { client, sent } = open(t);
  for (const wrong of [new Blob(['x']), { type: 'x' }, { byteLength: 5 }, 7, null, undefined]) {
    assert.throws(() => client.send(/** @type {any} */ (wrong)), { code: 'invalid_event', message: /a string, an ArrayBuffer/ });
  }
  const gone = new Uint8Array(3);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  for (const wrong of [gone, gone.buffer]) assert.throws(() => client.send(wrong), { code: 'invalid_event' });
  assert.throws(() => client.send('x', /** @type {any} */ ({ ack: true })), { code: 'invalid_option' });
  assert.throws(() => client.on(/** @type {any} */ ('price'), () => {}), { code: 'invalid_handler', message: /message/ });
  assert.throws(() => connect(URL_A, /** @type {any} */ ({ protocol: 'mqtt' })), { code: 'invalid_option', message: /raw/ });
  assert.throws(() => connect(URL_A, /** @type {any} */ ({ heartbeat: { ping: 'x' } })), { code: 'invalid_option', message: /not known/ });
  assert.throws(() => connect(URL_A, { protocol: 'raw', heartbeat: { ping: /** @type {any} */ (7) } }), { code: 'invalid_option' });
  assert.deepEqual(sent, []);
});

test('without a ping, silence is never death', async (t) => {
  const { client, sent } = open(t, { heartbeat: { idle: 100, confirm: 100, timeout: 50, misses: 1 } });
  await soon(400);
  assert.deepEqual([client.state, sent, client.snapshot().freshness], ['open', [], 'unknown']);
});

test('with a ping, anything answers it; one that is not answered any more is death', async (t) => {
  const { client, sent, receive, heard } = open(t, { heartbeat: { idle: 100, confirm: 100, timeout: 50, misses: 1, ping: () => `ping ${sent.length}` } });
  await soon(130);
  assert.deepEqual(sent, ['ping 0']);
  receive('anything');
  assert.deepEqual([heard, client.snapshot().freshness, client.snapshot().peer], [['anything'], 'fresh', 'simple']);
  assert.ok(Number(client.snapshot().rtt) >= 0);
  for (let time = 0; time < 30 && client.state === 'open'; time++) await soon(20);
  assert.equal(client.state, 'closed');
  assert.equal(client.snapshot().reason?.code, 'heartbeat_lost');
});

test('where the application knows an answer, only that is one, and nobody hears it', async (t) => {
  const isPong = (/** @type {any} */ data) => data === 'pong';
  const { client, sent, receive, heard } = open(t, { heartbeat: { idle: 100, confirm: 100, timeout: 50, misses: 2, ping: bytes(9), isPong } });
  await soon(120);
  receive('pong');
  receive('price 7');
  assert.deepEqual([sent.length, heard, client.snapshot().peer], [1, ['price 7'], 'simple']);
  for (let time = 0; time < 30 && client.state === 'open'; time++) {
    receive(`price ${time}`);
    await soon(20);
  }
  assert.equal(client.state, 'closed', 'a peer that talks and does not answer');
});

test('an isPong that throws is reported, and its frame is a message', async (t) => {
  const errors = /** @type {any[]} */ ([]);
  globalThis.reportError = (error) => errors.push(error);
  const { receive, heard } = open(t, {
    heartbeat: {
      ping: 'ping',
      isPong() {
        throw new Error('no');
      },
    },
  });
  receive('x');
  assert.deepEqual([heard, errors.length], [['x'], 1]);
});

test('close codes and reconnects are as always', async (t) => {
  const { client, socket } = open(t, { backoff: { base: 1, cap: 1 } });
  socket.drop(1006);
  await soon(20);
  newest().accept();
  assert.equal(client.state, 'open');
  newest().drop(4403);
  assert.deepEqual([client.snapshot().final, client.snapshot().reason?.closeCode], [true, 4403]);
});
