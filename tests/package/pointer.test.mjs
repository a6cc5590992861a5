// @ts-check
// Pointers: one's own as often as allowed, the others' between where they were seen.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { forget, newest, Socket } from './support/network.mjs';
import { PresenceServer } from './support/presence_server.mjs';

Object.assign(globalThis, { WebSocket: Socket });
mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
const origin = Date.now();
performance.now = () => 1_000 + Date.now() - origin;

const { connect } = await import('everwire');
const { pointer, presence } = await import('everwire/presence');

/** @type {any} */
let client;
/** @type {any} */
let room;

/** @param {number} [ms] */
async function wait(ms = 0) {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  for (let gone = 0; gone < ms; gone += 5) {
    mock.timers.tick(Math.min(5, ms - gone));
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

async function enter() {
  const server = new PresenceServer();
  server.put('ann');
  client = connect('wss://a.example/live', { heartbeat: false });
  room = presence(client, { userId: 'me', idle: false });
  await wait();
  server.serve(newest());
  await wait();
  return server;
}

afterEach(async () => {
  client?.close({ drain: 0 });
  await wait(10);
  forget();
});

const sent = () => newest().messages().filter(({ type }) => type === 'cursor');
/** @param {any} cursor */
const place = ({ userId, x, y, node }) => [userId, x, y, node];

test('the first move goes at once, then one every 50 ms, and the last of all', async () => {
  await enter();
  const own = pointer(room);
  for (let n = 0; n <= 40; n++) {
    own.move(n, 2 * n, 'a');
    await wait(10);
  }
  await wait(100);
  const all = sent();
  assert.deepEqual([all[0], all.at(-1)], [{ type: 'cursor', x: 0, y: 0, node: 'a' }, { type: 'cursor', x: 40, y: 80, node: 'a' }]);
  assert.ok(all.length >= 8 && all.length <= 10, `${all.length}`);
  await wait(1_000);
  assert.equal(sent().length, all.length);
  own.stop();
  own.move(1, 1);
  await wait(100);
  assert.equal(sent().length, all.length);
});

test('places are forced into the bounds, and nonsense is refused', async () => {
  await enter();
  const own = pointer(room);
  own.move(1e9, -1e9);
  await wait(60);
  own.move(0.123456789, 1 / 3);
  await wait(60);
  assert.deepEqual(sent(), [{ type: 'cursor', x: 1e6, y: -1e6 }, { type: 'cursor', x: 0.1235, y: 0.3333 }]);
  for (const given of [[NaN, 1], [1, Infinity], ['1', 2], [1], [1, 2, 3], [1, 2, 'x'.repeat(129)]]) {
    assert.throws(() => own.move(.../** @type {[any, any, any]} */ (given)), { code: 'invalid_option' });
  }
  for (const given of [[client], [room, { throttle: 1 }], [room, { smooth: 1 }], [room, { nothing: 1 }], [presence(client, 'side')]]) {
    assert.throws(() => pointer(.../** @type {[any]} */ (given)), { code: 'invalid_option' });
  }
});

test('without a connection, or a room, nothing is sent, and nothing old when there is one', async () => {
  const server = await enter();
  const own = pointer(room);
  newest().drop();
  own.move(1, 1);
  await wait(10_000);
  assert.equal(newest().messages().length, 0);
  server.serve(newest());
  await wait(1_000);
  assert.deepEqual(sent(), []);
  own.move(2, 2);
  assert.equal(sent().length, 1);
});

test('a pointer moves from where it was shown to where it was seen, within the time between two words', async () => {
  await enter();
  const all = pointer(room);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 0, y: 100 });
  assert.deepEqual(all.cursors().map(place), [['ann', 0, 100, undefined]]);
  await wait(100);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 100, y: 0 });
  assert.deepEqual(all.cursors().map(place), [['ann', 0, 100, undefined]]);
  await wait(50);
  assert.deepEqual(all.cursors().map(place), [['ann', 50, 50, undefined]]);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 150, y: 50 });
  await wait(25);
  assert.deepEqual(all.cursors().map(place), [['ann', 100, 50, undefined]]);
  await wait(1_000);
  assert.deepEqual(all.cursors().map(place), [['ann', 150, 50, undefined]]);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 1, y: 1, node: 'b' });
  assert.deepEqual(all.cursors().map(place), [['ann', 1, 1, 'b']], 'no way leads from one node to another');
});

test('only members of the room have pointers, and who goes takes its own along', async () => {
  const server = await enter();
  const all = pointer(room, { smooth: false });
  let times = 0;
  const off = all.subscribe(() => times++);
  newest().deliver(
    { type: 'cursor', userId: 'nobody', x: 1, y: 1 }, { type: 'cursor', userId: 'me', x: 1, y: 1 },
    { type: 'cursor', userId: 'ann', x: 'far', y: 1 }, { type: 'cursor', x: 1, y: 1 },
  );
  await wait();
  assert.deepEqual([all.cursors(), times], [[], 0]);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 1, y: 2 }, { type: 'cursor', userId: 'ann', x: 3, y: 4 });
  await wait();
  assert.deepEqual([all.cursors().map(place), times], [[['ann', 3, 4, undefined]], 1]);
  server.put('ann', {}, 'offline');
  await wait();
  assert.deepEqual([all.cursors(), times], [[], 2]);
  server.put('ann');
  newest().deliver({ type: 'cursor', userId: 'ann', x: 1, y: 2 });
  await wait();
  server.remove('ann');
  await wait();
  assert.deepEqual([all.cursors(), times], [[], 4]);
  off();
});

test('listeners hear each frame while anything moves, and none when nothing does', async (t) => {
  /** @type {(() => void)[]} */
  const frames = [];
  Object.assign(globalThis, { document: { hidden: false, addEventListener() {}, removeEventListener() {} }, requestAnimationFrame: (/** @type {() => void} */ run) => frames.push(run), cancelAnimationFrame() {} });
  t.after(() => ['document', 'requestAnimationFrame', 'cancelAnimationFrame'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const frame = () => frames.splice(0).forEach((run) => run());
  await enter();
  frame();
  const all = pointer(room);
  /** @type {number[]} */
  const seen = [];
  all.subscribe(([cursor]) => seen.push(cursor?.x ?? -1));
  newest().deliver({ type: 'cursor', userId: 'ann', x: 0, y: 0 });
  frame();
  assert.equal(frames.length, 0);
  await wait(50);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 50, y: 0 });
  for (let n = 0; n < 10; n++) {
    await wait(10);
    frame();
  }
  assert.deepEqual(seen, [0, 10, 20, 30, 40, 50]);
});

test('who is taken off while others are told is told no more', async () => {
  await enter();
  const own = pointer(room);
  let times = 0;
  own.subscribe(() => off());
  const off = own.subscribe(() => times++);
  newest().deliver({ type: 'cursor', userId: 'ann', x: 1, y: 2 });
  await wait(20);
  assert.deepEqual([times, own.cursors().length], [0, 1]);
  own.stop();
});
