// @ts-check
// Causal order over clients: what comes before what, what is asked for when something is missing, and what hostile
// members cannot do.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Socket, forget, newest } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { VectorClock, causal } = await import('everwire/causal');

/** @typedef {import('node:test').TestContext} TestContext */

const HELLO = { type: 'hello', v: 1, features: ['ack'], keep: 60_000 };
const MAX = Number.MAX_SAFE_INTEGER;

afterEach(forget);

/** @param {TestContext} t @param {object[]} [said] what the server says first */
function open(t, said = [HELLO]) {
  const client = connect('wss://a.example/', { onWarning: () => {} });
  t.after(() => client.close({ drain: 0 }));
  const socket = newest();
  socket.accept();
  socket.deliver(...said);
  return { client, socket };
}

/** @param {TestContext} t @param {any} [options] */
function join(t, options) {
  const { client, socket } = open(t);
  /** @type {any[]} */
  const warnings = [];
  const channel = causal(client, 'edit', { actor: 'me', onWarning: (warning) => warnings.push(warning.code), ...options });
  t.after(() => channel.close());
  /** @type {any[]} */
  const got = [];
  channel.on(({ from, text }) => got.push(text ?? from));
  const say = (/** @type {any} */ from, /** @type {any} */ clock, /** @type {object} */ rest = {}) => socket.deliver({ type: 'edit', from, clock, ...rest });
  return { client, socket, channel, got, say, warnings };
}

/** The clock of the test's own. @param {TestContext} t */
function timers(t) {
  let now = 10_000;
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  t.mock.method(performance, 'now', () => now);
  return (/** @type {number} */ ms) => {
    for (; ms > 0; ms -= 50) {
      now += 50;
      t.mock.timers.tick(50);
    }
  };
}

const code = (/** @type {string} */ wanted) => (/** @type {any} */ error) => error.name === 'EverwireError' && error.code === wanted;

test('clocks count, join, compare, forget and travel', () => {
  const one = new VectorClock().increment('ann').increment('ann');
  const two = one.increment('bob');
  const three = one.increment('cid');
  assert.deepEqual([one.compare(two), two.compare(one), two.compare(three), one.compare(['ann', 2])], ['before', 'after', 'concurrent', 'equal']);
  assert.equal(JSON.stringify(two.merge(three)), '["ann",2,"bob",1,"cid",1]');
  assert.deepEqual([two.merge(three).prune(['ann', 'bob']).toJSON(), two.prune('bob').compare(one)], [['cid', 1], 'equal']);
  assert.deepEqual([one.size, one.get('ann'), one.get('nobody'), new VectorClock(JSON.parse('["__proto__",1]')).get('__proto__')], [1, 2, 0, 1]);
});

test('what is no clock is refused by name and changes nothing', () => {
  const crowd = Array.from({ length: 1_001 }, (_, actor) => [`a${actor}`, 1]).flat();
  for (const bad of [null, 7, 'ann', {}, ['ann'], ['ann', 0], ['ann', -1], ['ann', 1.5], ['ann', '1'], ['ann', MAX + 1], ['ann', NaN], ['', 1], ['é'.repeat(65), 1], [7, 1], [null, 1], ['a', 1, 'a', 2], [['a', 1]], crowd]) {
    assert.throws(() => new VectorClock(/** @type {any} */ (bad)), code('invalid_clock'), JSON.stringify(bad));
    assert.throws(() => new VectorClock().merge(/** @type {any} */ (bad)), code('invalid_clock'));
    assert.throws(() => new VectorClock().compare(/** @type {any} */ (bad)), code('invalid_clock'));
  }
  assert.throws(() => new VectorClock(['a', MAX]).increment('a'), code('invalid_clock'));
  assert.throws(() => new VectorClock(crowd.slice(2)).increment('b').increment('c'), code('invalid_clock'));
});

test('an effect waits for its cause', (t) => {
  const { channel, got, say } = join(t);
  say('bob', ['ann', 1, 'bob', 1], { text: 'the answer' });
  say('ann', ['ann', 2], { text: 'more' });
  assert.deepEqual(got, []);
  assert.deepEqual(channel.stats().waitingFor, [{ from: 'ann', after: 0, until: 1, waiting: 2 }]);
  say('ann', ['ann', 1], { text: 'the question' });
  assert.deepEqual(got, ['the question', 'the answer', 'more']);
  assert.deepEqual([channel.clock().toJSON(), channel.stats().held, channel.stats().oldest], [['ann', 2, 'bob', 1], 0, null]);
});

test('what is sent depends on what was delivered, also from within a handler', (t) => {
  const { channel, socket, say } = join(t);
  channel.on(({ text }) => void (text === 'one' && channel.send({ text: 'to one' })));
  say('ann', ['ann', 2], { text: 'two' });
  say('ann', ['ann', 1], { text: 'one' });
  channel.send({ text: 'to both' });
  const sent = socket.messages().map(({ type, from, clock, text }) => ({ type, from, clock, text }));
  assert.deepEqual(sent, [
    { type: 'edit', from: 'me', clock: ['ann', 1, 'me', 1], text: 'to one' },
    { type: 'edit', from: 'me', clock: ['ann', 2, 'me', 2], text: 'to both' },
  ]);
});

test('what comes twice is handed over once, and ones own not at all', (t) => {
  const { channel, got, say } = join(t);
  channel.send({ text: 'mine' });
  say('me', ['me', 1], { text: 'mine' });
  for (let times = 0; times < 3; times++) say('ann', ['ann', 1], { text: 'once' });
  assert.deepEqual([got, channel.stats().duplicates], [['once'], 3]);
});

test('a handler that throws is reported and keeps nothing from the others', (t) => {
  const { channel, got, say } = join(t);
  const reported = t.mock.fn();
  Object.assign(globalThis, { reportError: reported });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const off = channel.on(({ text }) => {
    throw text;
  });
  say('ann', ['ann', 2], { text: 'b' });
  say('ann', ['ann', 1], { text: 'a' });
  off();
  say('ann', ['ann', 3], { text: 'c' });
  assert.deepEqual([got, reported.mock.calls.map((call) => call.arguments[0])], [['a', 'b', 'c'], ['a', 'b']]);
});

test('a lost cause is told, asked for, and everything goes on when it comes again', (t) => {
  const pass = timers(t);
  const { channel, socket, got, say } = join(t, { age: 1_000 });
  say('ann', ['ann', 1], { text: 'a1' });
  say('bob', ['ann', 3, 'bob', 1], { text: 'b1' });
  pass(900);
  assert.deepEqual(socket.messages(), []);
  pass(200);
  assert.deepEqual(socket.messages(), [{ type: 'causal_resync', channel: 'edit', clock: ['ann', 1], missing: ['ann', 1, 3] }]);
  say('ann', ['ann', 2], { text: 'a2' });
  say('ann', ['ann', 3], { text: 'a3' });
  assert.deepEqual(got, ['a1', 'a2', 'a3', 'b1']);
  pass(5_000);
  assert.deepEqual([channel.stats().gaps, channel.stats().waitingFor, socket.messages().length], [1, [], 1]);
});

test('without a connection what is missing is not asked for over and over', (t) => {
  const pass = timers(t);
  const { client, channel, socket, say } = join(t, { age: 1_000 });
  say('ann', ['ann', 2]);
  socket.drop();
  pass(20_000);
  assert.ok(channel.stats().gaps > 10);
  assert.ok(client.snapshot().queued <= 2, `${client.snapshot().queued} questions wait`);
});

test('or when a state stands for it, unless that is older than what is shown', async (t) => {
  const pass = timers(t);
  /** @type {any[]} */
  const gaps = [];
  const { channel, socket, got, say } = join(t, { age: 1_000, resync: (/** @type {any} */ gap) => gaps.push(gap) });
  say('ann', ['ann', 1], { text: 'a1' });
  say('ann', ['ann', 3], { text: 'a3' });
  say('ann', ['ann', 5], { text: 'a5' });
  pass(1_100);
  assert.deepEqual([gaps.length, gaps[0].missing, gaps[0].clock.toJSON(), socket.messages()], [1, [{ from: 'ann', after: 1, until: 4, waiting: 2 }], ['ann', 1], []]);
  assert.equal(channel.restore(['bob', 9]), false);
  assert.deepEqual(channel.clock().toJSON(), ['ann', 1]);
  assert.equal(channel.restore(new VectorClock(['ann', 4, 'bob', 9])), true);
  // The state is shown before what builds on it.
  assert.deepEqual(got, ['a1']);
  await null;
  assert.deepEqual([got, channel.stats().covered], [['a1', 'a5'], 1]);
  assert.throws(() => channel.restore(/** @type {any} */ ('now')), code('invalid_clock'));
});

test('what nobody answers is let go after twice the age, asked for as long as it takes, and lost where a state lacks it', (t) => {
  const pass = timers(t);
  const { channel, got, say } = join(t, { age: 1_000, resync: false });
  say('ann', ['ann', 2], { text: 'a2' });
  pass(2_100);
  assert.deepEqual([channel.stats().held, channel.stats().letGo], [0, 1]);
  pass(3_000);
  assert.equal(channel.stats().gaps, 5);
  assert.equal(channel.restore([]), true);
  pass(3_000);
  assert.deepEqual([channel.stats().gaps, channel.stats().lost, got], [5, 1, []]);
});

test('the buffer is bounded: what finds no room is asked for at once', (t) => {
  const { channel, socket, got, say } = join(t, { messages: 2 });
  for (const n of [2, 3, 4, 5]) say('ann', ['ann', n], { text: n });
  assert.deepEqual([channel.stats().held, channel.stats().letGo], [2, 2]);
  assert.deepEqual(socket.messages().map(({ missing }) => missing), [['ann', 0, 4]]);
  say('ann', ['ann', 1], { text: 1 });
  say('ann', ['ann', 4], { text: 4 });
  say('ann', ['ann', 5], { text: 5 });
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
});

test('a state that one begins with is gone on from, and one actor goes on where it was', (t) => {
  const { channel, got, socket, say } = join(t, { clock: ['ann', 7, 'me', 3] });
  say('ann', ['ann', 7], { text: 'old' });
  say('ann', ['ann', 8], { text: 'new' });
  channel.send();
  assert.deepEqual([got, socket.messages()[0].clock], [['new'], ['ann', 8, 'me', 4]]);
});

test('who left is not named any more, and those who still name it are understood', (t) => {
  const { channel, got, socket, say } = join(t);
  say('ann', ['ann', 1], { text: 'a' });
  channel.prune(['ann', 'nobody', 'me']);
  say('bob', ['ann', 1, 'bob', 1], { text: 'b' });
  channel.send();
  assert.deepEqual([got, socket.messages()[0].clock], [['a', 'b'], ['bob', 1, 'me', 1]]);
});

test('a message that reached nobody keeps nobody waiting', async (t) => {
  const { channel, socket } = join(t);
  const [one, two] = [channel.send({ text: 1 }), channel.send({ text: 2 })];
  const [{ $id: first }, { $id: second }] = socket.messages();
  socket.deliver({ type: 'nack', id: first, code: 'no' }, { type: 'ack', id: second });
  assert.deepEqual([(await one.settled).fate, (await two.settled).fate], ['rejected', 'acked']);
  await null;
  assert.deepEqual(socket.messages().slice(2).map(({ $id: _, ...rest }) => rest), [{ type: 'edit', from: 'me', clock: ['me', 1], void: true }]);
  // The last one's number is simply free again.
  const three = channel.send({ text: 3 });
  socket.deliver({ type: 'nack', id: socket.messages().at(-1).$id, code: 'no' });
  await three.settled;
  await null;
  assert.deepEqual([channel.clock().toJSON(), socket.messages().length], [['me', 2], 4]);
});

test('those that a closed client did not send keep nobody waiting when it is open again', async (t) => {
  const { client, channel, socket } = join(t);
  socket.drop();
  const unsent = [1, 2, 3].map((text) => channel.send({ text }));
  client.close({ drain: 0 });
  for (const { settled } of unsent) assert.equal((await settled).fate, 'aborted');
  await null;
  assert.equal(channel.clock().size, 0);
  client.retry();
  const again = newest();
  again.accept();
  again.deliver(HELLO);
  channel.send({ text: 4 });
  assert.deepEqual(again.messages().map(({ clock, text }) => [clock, text]), [[['me', 1], 4]]);
});

test('numbers go on without a hole where not even that could be told', async (t) => {
  const { client, channel, socket } = join(t);
  channel.send({ text: 1 });
  socket.deliver({ type: 'ack', id: socket.messages()[0].$id });
  socket.drop();
  const stop = new AbortController();
  const [two, three] = [channel.send({ text: 2 }, { signal: stop.signal }), channel.send({ text: 3 })];
  stop.abort();
  assert.equal((await two.settled).fate, 'aborted');
  client.close({ drain: 0 });
  assert.equal((await three.settled).fate, 'aborted');
  client.retry();
  const again = newest();
  again.accept();
  again.deliver(HELLO);
  channel.send({ text: 4 });
  channel.send({ text: 5 });
  const heard = new Set([1]);
  for (let turn = 0; turn < 20; turn++) {
    for (const { $id, clock } of again.messages()) {
      assert.ok(!heard.has(clock[1]), `${clock[1]} twice`);
      heard.add(clock[1]);
      again.deliver({ type: 'ack', id: $id });
    }
    again.sent.length = 0;
    await null;
  }
  assert.deepEqual([...heard].sort(), [1, 2, 3, ...(heard.size === 4 ? [4] : [])]);
  assert.ok(heard.has(channel.clock().get('me')));
});

test('as many messages as reached nobody are told of, however few find room at a time', async (t) => {
  const { client, channel, socket } = join(t);
  const stop = new AbortController();
  socket.drop();
  const unsent = Array.from({ length: 120 }, (_, text) => channel.send({ text }, { signal: stop.signal }));
  channel.send({ text: 'last' });
  stop.abort();
  for (const { settled } of unsent) assert.equal((await settled).fate, 'aborted');
  client.retry();
  const again = newest();
  again.accept();
  again.deliver(HELLO);
  const heard = new Set();
  for (let turn = 0; turn < 300; turn++) {
    for (const { $id, clock } of again.messages()) {
      heard.add(clock[1]);
      again.deliver({ type: 'ack', id: $id });
    }
    again.sent.length = 0;
    await null;
  }
  assert.equal(heard.size, 121);
});

test('what is sent wants an acknowledgement unless it is told otherwise', (t) => {
  const { channel, socket } = join(t);
  channel.send({}, { ack: undefined });
  channel.send({}, { ack: false });
  channel.send({}, { volatile: true });
  assert.deepEqual(socket.messages().map(({ $id }) => $id !== undefined), [true, false, false]);
});

test('a message that is nothing counts and is not delivered', (t) => {
  const { channel, got, say } = join(t);
  say('ann', ['ann', 2], { text: 'after' });
  say('ann', ['ann', 1], { void: true });
  assert.deepEqual([got, channel.clock().get('ann')], [['after'], 2]);
});

test('an event that cannot be sent uses no number', (t) => {
  const { channel, socket } = join(t);
  for (const bad of [null, 7, 'x', [], { from: 'you' }, { clock: [] }, { type: 'else' }, { void: true }, { toJSON: () => 7 }, { big: 1n }, { $id: 'x' }]) {
    assert.throws(() => channel.send(/** @type {any} */ (bad)), code('invalid_event'), String(bad));
  }
  assert.throws(() => channel.send({}, /** @type {any} */ ({ later: true })), code('invalid_option'));
  channel.send({ get text() { channel.send({ text: 'inner' }); return 'outer'; } });
  assert.deepEqual(socket.messages().map(({ text, clock }) => [text, clock]), [['inner', ['me', 2]], ['outer', ['me', 1]]]);
});

test('hostile members change nothing for others, and nothing grows', (t) => {
  const { channel, got, say, warnings, socket } = join(t, { resync: false });
  for (const [from, clock] of [
    ['ann', undefined], ['ann', null], ['ann', {}], ['ann', 'ann'], ['ann', ['ann']], ['ann', ['bob', 1]], ['ann', ['ann', '1']], ['ann', ['ann', 0]],
    ['ann', ['ann', MAX + 1]], ['ann', ['ann', 1, 'ann', 1]], ['', ['', 1]], [7, [7, 1]], [null, [null, 1]], [{}, ['[object Object]', 1]], ['x'.repeat(129), ['x'.repeat(129), 1]],
    ['ann', Array.from({ length: 2_002 }, (_, at) => (at % 2 === 0 ? `a${at}` : 1))],
  ]) say(from, clock);
  assert.deepEqual([got, channel.stats().senseless, warnings, channel.clock().size], [[], 16, ['senseless_message'], 0]);
  // Numbers that nobody can have, ours among them.
  say('eve', ['eve', MAX]);
  say('eve', ['eve', 1, 'me', MAX]);
  assert.deepEqual([got, channel.stats().held], [[], 2]);
  // Names of objects' own.
  for (const name of ['__proto__', 'constructor', 'toString']) say(name, [name, 1], { text: name });
  assert.deepEqual(got, ['__proto__', 'constructor', 'toString']);
  channel.send();
  assert.deepEqual(socket.messages().at(-1).clock, ['__proto__', 1, 'constructor', 1, 'me', 1, 'toString', 1]);
});

test('as many actors as a clock holds, and no more; those who are heard of and never come make room', (t) => {
  const { channel, got, say, warnings } = join(t, { resync: false });
  for (let actor = 0; actor < 999; actor++) say(`a${actor}`, [`a${actor}`, 1]);
  assert.deepEqual([got.length, warnings], [999, []]);
  say('late', ['late', 1]);
  assert.deepEqual([got.length, warnings, channel.clock().size], [999, ['too_many_actors'], 999]);
  channel.prune('a0');
  say('late', ['late', 1]);
  assert.equal(got.length, 1_000);
  // Thousands of names that come to nothing: their numbers are given to others.
  for (let round = 0; round < 20; round++) {
    say('eve', ['eve', 1, ...Array.from({ length: 999 }, (_, at) => [`${round}-${at}`, 1]).flat()]);
    assert.equal(channel.restore(channel.clock()), true);
  }
  say('a1', ['a1', 2], { text: 'still' });
  assert.equal(got.at(-1), 'still');
});

test('senseless options are refused by name', (t) => {
  const { client } = open(t);
  for (const options of [null, 7, { actor: '' }, { actor: 7 }, { clock: ['a'] }, { messages: 0 }, { messages: 10_001 }, { age: 99 }, { age: 1.5 }, { resync: true }, { onWarning: 1 }, { other: 1 }, { __proto__: null, constructor: 1 }]) {
    assert.throws(() => causal(client, 'edit', /** @type {any} */ (options)), (error) => ['invalid_option', 'invalid_clock'].includes(/** @type {any} */ (error).code), JSON.stringify(options));
  }
  for (const channel of ['*', 'ping', 7]) assert.throws(() => causal(client, /** @type {any} */ (channel)), code('invalid_handler'));
  const channel = causal(client, 'edit');
  assert.match(channel.actor, /^[0-9a-f]{32}$/);
  assert.throws(() => channel.on(/** @type {any} */ (7)), code('invalid_handler'));
});

test('a channel that was closed hears nothing, and says so', (t) => {
  const { channel, got, say } = join(t);
  say('ann', ['ann', 2], { text: 'waits' });
  channel.on(() => channel.close());
  channel.on(() => got.push('too late'));
  say('ann', ['ann', 1], { text: 'first' });
  assert.deepEqual(got, ['first']);
  say('ann', ['ann', 3]);
  channel.close();
  for (const use of [() => channel.send(), () => channel.clock(), () => channel.stats(), () => channel.restore([]), () => channel.prune('a')]) assert.throws(use, code('closed'));
});

test('members with shuffled ways between them see every effect after its cause', (t) => {
  // Three clients, each way between two of them with an order of its own.
  const members = ['ann', 'bob', 'cid'].map((actor) => {
    const { client, socket } = open(t);
    const channel = causal(client, 'edit', { actor });
    t.after(() => channel.close());
    /** @type {any[]} */
    const coming = [];
    /** @type {Set<string>} */
    const seen = new Set();
    channel.on(({ id, after }) => {
      assert.ok(after.every((/** @type {string} */ cause) => seen.has(cause)), `${id} came to ${actor} before a cause`);
      seen.add(id);
    });
    return { actor, socket, channel, seen, coming };
  });
  let seed = 7;
  const below = (/** @type {number} */ most) => (seed = (seed * 48_271) % 0x7fff_ffff) % most;
  const deliver = (/** @type {typeof members[0]} */ member) => member.socket.deliver(...member.coming.splice(below(member.coming.length), 1));
  for (let step = 0; step < 2_000; step++) {
    const member = /** @type {typeof members[0]} */ (members[below(3)]);
    if (below(4) > 0) {
      if (member.coming.length > 0) deliver(member);
      continue;
    }
    const id = `${member.actor}-${step}`;
    member.channel.send({ id, after: [...member.seen] });
    member.seen.add(id);
    const { $id, ...message } = member.socket.messages()[0];
    member.socket.deliver({ type: 'ack', id: $id });
    member.socket.sent.length = 0;
    for (const other of members) if (other !== member) other.coming.push(message, ...(below(10) === 0 ? [message] : []));
  }
  for (const member of members) while (member.coming.length > 0) deliver(member);
  const [one, ...others] = members;
  for (const other of others) assert.deepEqual([...other.seen].sort(), [...(one?.seen ?? [])].sort());
  assert.ok((one?.seen.size ?? 0) > 300);
});
