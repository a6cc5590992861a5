// @ts-check
// Floods: what comes faster than a page can show it waits for frames; what may be left out is, and is counted.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Socket, forget, newest } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { thin } = await import('everwire/flow');

/** @typedef {import('node:test').TestContext} TestContext */

const HELLO = {
  type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], epoch: 'e', seq: 0, keep: 60_000,
  heartbeat: { by: 'none' }, limits: { frame: 65_536, inflight: 256 },
};
const MOST = 10_000;

afterEach(forget);

/**
 * A page whose clocks and frames are the test's.
 *
 * @param {TestContext} t
 * @param {object} [options]
 */
function page(t, options) {
  let now = performance.now();
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const document = Object.assign(new EventTarget(), { hidden: false });
  /** @type {Map<number, () => void>} */
  const frames = new Map();
  let last = 0;
  const globals = {
    document,
    requestAnimationFrame: (/** @type {() => void} */ run) => (frames.set(++last, run), last),
    cancelAnimationFrame: (/** @type {number} */ frame) => frames.delete(frame),
  };
  Object.assign(globalThis, globals);
  const client = connect('wss://a.example/', { onWarning: (warning) => warnings.push(warning.code), ...options });
  t.after(() => {
    client.close({ drain: 0 });
    for (const name of Object.keys(globals)) Reflect.deleteProperty(globalThis, name);
  });
  /** @type {any[]} */
  const seen = [];
  /** @type {string[]} */
  const warnings = [];
  newest().accept();
  newest().deliver(HELLO);
  let seq = 0;
  const me = {
    client,
    seen,
    warnings,
    frames,
    pass: (/** @type {number} */ ms) => void (now += ms),
    advance(/** @type {number} */ ms) {
      now += ms;
      t.mock.timers.tick(ms);
    },
    draw() {
      const due = [...frames.values()];
      frames.clear();
      for (const run of due) run();
    },
    hide(/** @type {boolean} */ hidden) {
      document.hidden = hidden;
      document.dispatchEvent(new Event('visibilitychange'));
    },
    /** @param {object[]} events in frames of 500, numbered */
    say(events) {
      const numbered = events.map((event) => ({ ...event, $seq: ++seq }));
      while (numbered.length > 0) newest().receive(JSON.stringify(numbered.splice(0, 500)));
    },
    /** More than a page can show. */
    flood() {
      me.say(Array.from({ length: 3_000 }, () => ({ type: 'flood' })));
      me.draw();
      me.use();
    },
    /** Handlers use the time that they have of this frame, which is taken of one in 128 events: from now on they wait. */
    use() {
      const off = client.on('flood', () => (now += 2));
      for (let frame = 0; frame < 4; frame++) me.say(Array.from({ length: 32 }, () => ({ type: 'flood' })));
      off();
    },
  };
  client.on('*', (event) => {
    if (event.type !== 'flood') seen.push(event);
  });
  return me;
}

const ticks = (/** @type {number} */ count, /** @type {(n: number) => object} */ more = () => ({})) =>
  Array.from({ length: count }, (_, n) => ({ type: 'tick', n, ...more(n) }));
const numbers = (/** @type {any[]} */ events) => events.map(({ n }) => n);

test('as long as there is no flood, events are delivered as they come', (t) => {
  const me = page(t);
  for (let second = 0; second < 5; second++) {
    me.say(ticks(900));
    me.pass(1_001);
  }
  assert.equal(me.seen.length, 4_500);
  assert.equal(me.frames.size, 0);
});

test('in a flood they wait for a frame, and come in order, as many as there is time for', (t) => {
  const me = page(t);
  me.flood();
  me.client.on('tick', () => me.pass(1));
  me.say(ticks(20));
  assert.equal(me.seen.length, 0);
  me.draw();
  assert.deepEqual(numbers(me.seen), [0, 1, 2, 3, 4, 5, 6, 7], 'eight milliseconds');
  me.draw();
  me.draw();
  assert.deepEqual(numbers(me.seen), numbers(ticks(20)));
  assert.equal(me.frames.size, 0, 'nothing is drawn for nothing');
});

test('in a flood that the handlers keep up with, events are delivered as they come', (t) => {
  const me = page(t);
  me.flood();
  me.draw();
  me.client.on('tick', () => me.pass(0.01));
  for (let frame = 0; frame < 10; frame++) {
    me.say(ticks(700));
    assert.equal(me.seen.length, 700 * (frame + 1), 'seven of eight milliseconds are used');
    me.draw();
  }
  assert.equal(me.frames.size, 0, 'nothing is drawn for nothing');
});

test('in a flood what comes when the time of a frame is used waits, and is not overtaken', (t) => {
  const me = page(t);
  me.flood();
  me.draw();
  me.client.on('tick', () => me.pass(1));
  me.say(ticks(100));
  assert.equal(me.seen.length, 32, 'the time is looked at after every thirty-second');
  for (let frame = 0; frame < 20; frame++) me.draw();
  assert.deepEqual(numbers(me.seen), numbers(ticks(100)));
});

test('where no frame comes although the page can be seen, they do not wait for ever', (t) => {
  const me = page(t);
  me.flood();
  me.say(ticks(3));
  me.advance(250);
  assert.equal(me.seen.length, 3);
  assert.equal(me.frames.size, 0, 'the frame that never came is taken back');
});

test('a function of the page that draws at once, in the place of the browser\'s, keeps nothing back', (t) => {
  const me = page(t);
  Object.assign(globalThis, { requestAnimationFrame: (/** @type {() => void} */ run) => (run(), 1) });
  me.flood();
  me.say(ticks(3));
  assert.deepEqual(numbers(me.seen), [0, 1, 2]);
});

test('on a hidden page they are delivered as they come', (t) => {
  const me = page(t);
  me.flood();
  me.say(ticks(2));
  me.hide(true);
  assert.deepEqual(numbers(me.seen), [0, 1]);
  me.say(ticks(2));
  assert.equal(me.seen.length, 4);
  me.hide(false);
  me.use();
  me.say(ticks(2));
  assert.equal(me.seen.length, 4);
  me.draw();
  assert.equal(me.seen.length, 6);
});

test('after a calm time they are delivered as they come, and none is overtaken', (t) => {
  const me = page(t);
  me.flood();
  me.say(ticks(1));
  me.advance(2_000);
  me.say(ticks(3));
  assert.deepEqual(numbers(me.seen), [0, 0, 1, 2]);
});

test('of a key the newest is delivered, in its place, and the others are counted', (t) => {
  const me = page(t, { flow: thin({ tick: { key: 'who' }, spot: { key: ({ at }) => at.x } }) });
  me.flood();
  me.say([
    ...ticks(4, (n) => ({ who: n % 2 })),
    { type: 'other', n: 4, who: 0 },
    { type: 'tick', n: 5, who: 0 },
    { type: 'tick', n: 6 },
    { type: 'tick', n: 7, who: '0' },
    { type: 'spot', n: 8, at: { x: 1 } },
    { type: 'spot', n: 9, at: { x: 1 } },
  ]);
  me.draw();
  assert.deepEqual(numbers(me.seen), [3, 4, 5, 6, 7, 9]);
  me.advance(2_000);
  const { conflated, dropped } = me.client.snapshot();
  assert.deepEqual({ conflated, dropped, warnings: me.warnings }, { conflated: 4, dropped: 0, warnings: ['flood'] });
});

test('a key that throws is reported and keeps its event', (t) => {
  const report = t.mock.fn();
  Object.assign(globalThis, { reportError: report });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const me = page(t, { flow: thin({ tick: { key: ({ no }) => no.such } }) });
  me.flood();
  me.say(ticks(2));
  me.draw();
  assert.deepEqual(numbers(me.seen), [0, 1]);
  assert.equal(report.mock.callCount(), 2);
});

test('what is no key leaves nothing out', (t) => {
  const report = t.mock.fn();
  Object.assign(globalThis, { reportError: report });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const rules = {
    inherited: { key: 'constructor' },
    empty: { key: 'who' },
    nan: { key: () => NaN },
    symbol: { key: () => Symbol('who') },
    promise: { key: async () => 'who' },
  };
  const me = page(t, { flow: thin(rules) });
  me.flood();
  for (const type of Object.keys(rules)) me.say(ticks(2, () => ({ type, who: null })));
  me.draw();
  assert.equal(me.seen.length, 10);
  assert.deepEqual(report.mock.calls.map(({ arguments: [error] }) => error.code), ['invalid_option', 'invalid_option']);
});

test('of what waits beyond a thousand only what may be dropped is, oldest first, and all adds up', (t) => {
  const me = page(t, { flow: thin({ spark: { droppable: true } }) });
  me.flood();
  me.say([...ticks(600, () => ({ type: 'spark' })), ...ticks(900), ...ticks(600, () => ({ type: 'spark' }))]);
  me.draw();
  const sparks = me.seen.filter(({ type }) => type === 'spark');
  assert.deepEqual(numbers(me.seen.filter(({ type }) => type === 'tick')), numbers(ticks(900)));
  assert.deepEqual(numbers(sparks), numbers(ticks(600)).slice(500));
  me.advance(2_000);
  assert.equal(me.client.snapshot().dropped, 1_200 - sparks.length);
});

test('beyond ten thousand the oldest are delivered in place and nothing is lost', (t) => {
  const me = page(t);
  me.flood();
  me.say(ticks(MOST + 500));
  assert.deepEqual(numbers(me.seen), numbers(ticks(500)));
  me.draw();
  assert.equal(me.seen.length, MOST + 500);
});

test('beyond eight megabytes too', (t) => {
  const me = page(t);
  me.flood();
  const text = 'x'.repeat(100_000);
  for (const tick of ticks(100, () => ({ text }))) me.say([tick]);
  const waiting = 100 - me.seen.length;
  assert.ok(waiting > 70 && waiting < 84, `${waiting} wait`);
  me.draw();
  assert.deepEqual(numbers(me.seen), numbers(ticks(100)));
});

test('a critical event goes after what waits, at once, and is acknowledged when its handlers have returned', async (t) => {
  const me = page(t);
  me.flood();
  me.say(ticks(2));
  let acknowledged = '';
  me.client.on('gate', () => void (acknowledged = newest().sent.join()));
  me.say([{ type: 'gate', n: 2, $id: 's.1' }]);
  assert.deepEqual(numbers(me.seen), [0, 1, 2]);
  assert.doesNotMatch(acknowledged, /"type":"ack"/);
  await Promise.resolve();
  assert.match(newest().sent.join(), /"type":"ack","id":"s\.1"/);
});

test('what waits survives a reconnect, counts as seen, and comes before the state', async (t) => {
  const me = page(t);
  /** @type {unknown[]} */
  const order = [];
  me.client.on('resync', ({ state }) => order.push(state));
  me.client.on('tick', ({ n }) => order.push(n));
  newest().deliver({ type: 'resync', epoch: 'e', from: 0, to: 0, kept: false, events: [], state: 'first' });
  me.flood();
  me.say(ticks(2));
  newest().drop();
  for (let second = 0; second < 3 && newest().readyState !== Socket.CONNECTING; second++) me.advance(500);
  newest().accept();
  newest().deliver({ ...HELLO, seq: 3_005 });
  await Promise.resolve();
  assert.match(newest().sent.join(), /"last_seen":3130/);
  newest().deliver({ type: 'resync', epoch: 'e', from: 3_002, to: 3_005, kept: false, events: [], state: 'second' });
  assert.deepEqual(order, ['first', 0, 1, 'second']);
});

test('after close() nothing is delivered, of what waits neither', (t) => {
  const me = page(t);
  me.flood();
  me.client.on('tick', ({ n }) => n === 1 && me.client.close());
  me.say(ticks(5));
  me.draw();
  assert.deepEqual(numbers(me.seen), [0, 1]);
  me.draw();
  me.advance(1_000);
  assert.equal(me.seen.length, 2);
});

test('an option that makes no sense is named', () => {
  const refused = (/** @type {any} */ rules, /** @type {RegExp} */ message) =>
    assert.throws(() => thin(rules), { code: 'invalid_option', message });
  refused({ tick: 5 }, /"flow\.tick": an object/);
  refused({ tick: { keys: 'a' } }, /"flow\.tick\.keys": is not known/);
  refused({ tick: { key: 5 } }, /"flow\.tick\.key": the name of a field/);
  refused({ tick: { droppable: 'yes' } }, /"flow\.tick\.droppable": false or true/);
  refused(5, /"flow"/);
  assert.throws(() => connect('wss://a.example/', { flow: /** @type {any} */ ({}) }), { code: 'invalid_option', message: /"flow": a function/ });
});
