// @ts-check
// Presence in a client: what is said to the server, and what a page sees of a room.

import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { forget, newest, Socket, sockets } from './support/network.mjs';
import { PresenceServer } from './support/presence_server.mjs';

Object.assign(globalThis, { WebSocket: Socket });

// One clock, which the tests move.
mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
const origin = Date.now();
performance.now = () => 1_000 + Date.now() - origin;

const { connect } = await import('everwire');
const { presence } = await import('everwire/presence');

/** @type {any} */
let client;
/** @type {any[]} */
let warnings = [];

/** Lets promises settle, and so much time pass. @param {number} [ms] */
async function wait(ms = 0) {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  for (let gone = 0; gone < ms; gone += 10) {
    mock.timers.tick(Math.min(10, ms - gone));
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

/** @param {PresenceServer} server @param {any} [options] @param {string} [room] @returns {Promise<any>} */
async function enter(server, options, room) {
  warnings = [];
  client = connect('wss://a.example/live', { backoff: { base: 1_000, cap: 1_000, jitter: 'full' }, heartbeat: false });
  const room_ = presence(client, room, { userId: 'me', onWarning: (/** @type {any} */ warning) => warnings.push(warning), ...options });
  await wait();
  server.serve(newest());
  await wait();
  return room_;
}

/** The connection is lost; another one opens after so long. @param {PresenceServer} server @param {number} ms */
async function cut(server, ms) {
  const before = sockets.length;
  server.joined.delete(newest());
  newest().drop();
  await wait(ms);
  for (let turn = 0; sockets.length === before && turn < 300; turn++) await wait(10);
  server.serve(newest());
  await wait();
}

afterEach(async () => {
  client?.close({ drain: 0 });
  await wait(10);
  forget();
});

/** @param {any} room */
const names = (room) => room.others().map((/** @type {any} */ { userId, status }) => `${userId} ${status}`);
/** @param {PresenceServer} server */
const said = (server) => server.heard.map(({ type, state, away }) => [type.slice(9), ...(state ? [state] : []), ...(away === undefined ? [] : [away])]);

test('one joins with what one says of oneself, and sees who is there', async () => {
  const server = new PresenceServer();
  server.put('ann', { name: 'Ann' });
  server.put('bob', undefined, 'away');
  const room = await enter(server, { state: { name: 'Me' }, grace: 3_000 });
  assert.deepEqual(server.heard, [{ type: 'presence_join', userId: 'me', state: { name: 'Me' }, grace: 3_000 }]);
  assert.deepEqual(names(room), ['ann here', 'bob away']);
  assert.deepEqual([room.member('ann').state, room.member('bob').state], [{ name: 'Ann' }, {}]);
  assert.deepEqual({ ...room.me(), lastSeen: 0 }, { userId: 'me', state: { name: 'Me' }, status: 'here', lastSeen: 0, self: true });
  assert.deepEqual(room.members(), [room.me(), ...room.others()]);
  assert.ok(room.members() === room.members() && room.others() === room.others() && Object.isFrozen(room.members()));
  assert.deepEqual([room.supported, room.synced, room.room], [true, true, undefined]);
  assert.equal(room.member('nobody'), undefined);
});

test('joins, changes and leaves are told once a task; who did not change is the same object', async () => {
  const server = new PresenceServer();
  server.put('ann', { n: 1 });
  const room = await enter(server);
  /** @type {string[]} */
  const told = [];
  let times = 0;
  let ofAnn = 0;
  for (const change of /** @type {const} */ (['join', 'update', 'leave'])) room.on(change, (/** @type {any} */ { userId, state }) => told.push(`${change} ${userId} ${state.n}`));
  room.subscribe(() => times++);
  const off = room.subscribe('ann', () => ofAnn++);
  const ann = room.member('ann');
  server.put('bob', { n: 1 });
  server.put('bob', { n: 2 });
  server.put('cid', { n: 1 });
  server.remove('cid');
  assert.equal(room.member('bob').state.n, 2, 'at once, whoever asks');
  await wait();
  assert.deepEqual([told.splice(0), times, ofAnn], [['join bob 2'], 1, 0]);
  assert.equal(room.member('ann'), ann);
  server.put('ann', { n: 3 });
  server.remove('bob');
  await wait();
  assert.deepEqual([told.splice(0), times, ofAnn], [['update ann 3', 'leave bob 2'], 2, 1]);
  off();
  server.put('ann', { n: 4 });
  await wait();
  assert.equal(ofAnn, 1);
});

test('set() is sent at once and then every 100 ms, the newest last; the same again is no news', async () => {
  const server = new PresenceServer();
  const room = await enter(server);
  await wait(200);
  server.heard.splice(0);
  for (let n = 0; n < 30; n++) {
    room.set({ n });
    assert.equal(room.me().state.n, n);
    await wait(10);
  }
  await wait(300);
  const states = server.heard.map(({ state }) => state.n);
  assert.deepEqual([states[0], states.at(-1), states.length], [0, 29, 4]);
  room.set((/** @type {any} */ old) => ({ ...old, n: 29 }));
  await wait(200);
  assert.equal(server.heard.length, 4);
  room.set((/** @type {any} */ old) => ({ ...old, m: 1 }));
  assert.deepEqual(server.heard.at(-1), { type: 'presence_update', state: { n: 29, m: 1 } });
});

test('what cannot be said is refused and changes nothing', async () => {
  const server = new PresenceServer();
  const room = await enter(server, { state: { a: 1 } });
  const loop = /** @type {any} */ ({});
  loop.loop = loop;
  for (const state of [null, 'x', 1, [], undefined, loop, { toJSON: () => 1 }, { big: 'x'.repeat(4_090) }, { big: '€'.repeat(1_400) }]) {
    assert.throws(() => room.set(state), { code: 'bad_state' });
  }
  assert.deepEqual(room.me().state, { a: 1 });
  room.set({ big: 'x'.repeat(4_086) });
  const given = { list: [1] };
  room.set(given);
  given.list.push(2);
  assert.deepEqual(room.me().state, { list: [1] });
});

test('options are refused by name, and a client is in a room once', async () => {
  const server = new PresenceServer();
  const room = await enter(server);
  for (const [given, word] of /** @type {[any[], RegExp][]} */ ([
    [[{}], /client/], [[client, ''], /room/], [[client, 'x'.repeat(129)], /room/], [[client, 'r', { throttle: -1 }], /throttle/],
    [[client, 'r', { throttle: 10_001 }], /throttle/], [[client, 'r', { grace: 60_001 }], /grace/], [[client, 'r', { idle: 1 }], /idle/],
    [[client, 'r', { userId: '' }], /userId/], [[client, 'r', { nothing: 1 }], /nothing/], [[client, 'r', { onWarning: 1 }], /onWarning/],
  ])) {
    assert.throws(() => presence(.../** @type {[any]} */ (given)), (/** @type {any} */ error) => error.code === 'invalid_option' && word.test(error.message));
  }
  assert.throws(() => presence(client), { code: 'already_joined' });
  assert.throws(() => room.subscribe(/** @type {any} */ (1)), { code: 'invalid_handler' });
  assert.throws(() => room.on('come', () => {}), { code: 'invalid_handler' });
  room.leave();
  const again = presence(client, { userId: 'me' });
  await wait();
  assert.equal(again.synced, true);
  assert.deepEqual(said(server).map(([what]) => what), ['join', 'leave', 'join']);
});

test('our own loss shows the others as stale and nobody as gone; the list after it shows them as they were', async () => {
  const server = new PresenceServer();
  server.put('ann', { n: 1 });
  const room = await enter(server, { state: { me: 1 } });
  /** @type {string[]} */
  const told = [];
  for (const change of /** @type {const} */ (['join', 'update', 'leave'])) room.on(change, (/** @type {any} */ { userId, status }) => told.push(`${change} ${userId} ${status}`));
  const { state } = room.member('ann');
  newest().drop();
  await wait();
  assert.deepEqual([names(room), room.synced, told.splice(0)], [['ann stale'], false, ['update ann stale']]);
  await wait(500);
  assert.deepEqual(told, []);
  server.joined.clear();
  room.set({ me: 2 });
  for (let turn = 0; sockets.length === 1 && turn < 300; turn++) await wait(10);
  server.serve(newest());
  await wait();
  assert.deepEqual([names(room), room.synced, told], [['ann here'], true, ['update ann here']]);
  assert.equal(room.member('ann').state, state);
  assert.deepEqual(said(server), [['join', { me: 1 }], ['join', { me: 2 }]]);
});

test('who is missing from the list after a return is offline for the grace, and then gone; who comes back was never gone', async () => {
  const server = new PresenceServer();
  for (const name of ['ann', 'bob', 'cid']) server.put(name);
  const room = await enter(server, { grace: 2_000 });
  /** @type {string[]} */
  const told = [];
  for (const change of /** @type {const} */ (['join', 'leave'])) room.on(change, (/** @type {any} */ { userId }) => told.push(`${change} ${userId}`));
  // The server forgot them, and hears of one again.
  server.members.clear();
  await cut(server, 0);
  assert.deepEqual(names(room), ['ann offline', 'bob offline', 'cid offline']);
  await wait(1_000);
  server.put('bob');
  await wait(900);
  assert.deepEqual([told, names(room)], [[], ['ann offline', 'bob here', 'cid offline']]);
  await wait(200);
  assert.deepEqual([told, names(room)], [['leave ann', 'leave cid'], ['bob here']]);
});

test('a list in parts is one list', async () => {
  const server = new PresenceServer({ part: 7 });
  for (let n = 0; n < 50; n++) server.put(`m${n}`, { n });
  const room = await enter(server);
  assert.equal(room.others().length, 50);
  await cut(server, 100);
  assert.ok(names(room).every((/** @type {string} */ name) => name.endsWith(' here')));
  await wait(10_000);
  assert.equal(room.others().length, 50);
});

test('what comes twice, late or makes no sense changes nothing', async () => {
  const server = new PresenceServer();
  server.put('ann', { n: 1 });
  const room = await enter(server);
  const { clock } = /** @type {any} */ (server.members.get('ann'));
  const before = room.members();
  newest().deliver(
    { type: 'presence_update', userId: 'ann', clock, state: { n: 0 } },
    { type: 'presence_leave', userId: 'ann', clock },
    { type: 'presence_join', userId: 'ann', clock: -1 },
    { type: 'presence_join', userId: 'zoe', clock: '7' },
    { type: 'presence_join', userId: '', clock: 9_999 },
    { type: 'presence_join', userId: 'x'.repeat(129), clock: 9_999 },
    { type: 'presence_join', clock: 9_999 },
    { type: 'presence_leave', userId: 7, clock: 9_999 },
    { type: 'presence_list', you: 'me', members: 'none' },
    { type: 'presence_list', members: [] },
    { type: 'presence_update', room: 'other', userId: 'ann', clock: 9_999, state: { n: 9 } },
    { type: 'presence_refused', room: 'other', code: 'bad_user', message: '' },
  );
  await wait();
  assert.equal(room.members(), before);
  assert.equal(room.refused, null);
  newest().deliver({ type: 'presence_update', userId: 'ann', clock: 99_999, state: [], status: 'dancing', lastSeen: 'now' });
  assert.deepEqual({ ...room.member('ann') }, { userId: 'ann', state: { n: 1 }, status: 'here', lastSeen: null, self: false });
});

test('one is renewed every 15 s', async () => {
  const server = new PresenceServer();
  await enter(server);
  await wait(46_000);
  assert.deepEqual(said(server), [['join'], ['update'], ['update'], ['update']]);
});

test('a server without presence: one warning, one join a connection, nothing more', async () => {
  const server = new PresenceServer();
  server.knows = false;
  const room = await enter(server, { state: { a: 1 } });
  assert.equal(room.supported, null);
  room.set({ a: 2 });
  await wait(10_000);
  assert.deepEqual([room.supported, room.synced, names(room)], [false, false, []]);
  await wait(60_000);
  await cut(server, 100);
  await wait(60_000);
  assert.deepEqual(warnings.map(({ code }) => code), ['presence_unsupported']);
  assert.deepEqual(said(server), [['join', { a: 1 }], ['join', { a: 2 }]]);
});

test('a refusal is told with its words, and there is another try on the next connection', async () => {
  const server = new PresenceServer();
  server.hear = (socket, event) => {
    server.heard.push(event);
    socket.deliver({ type: 'presence_refused', code: 'too_many_members', message: 'the room is full' });
  };
  const room = await enter(server);
  assert.deepEqual(room.refused, { code: 'too_many_members', message: 'the room is full' });
  assert.deepEqual([warnings.length, warnings[0].code], [1, 'presence_refused']);
  assert.match(warnings[0].message, /the room is full \(too_many_members\)/);
  await wait(60_000);
  await cut(server, 10);
  assert.equal(server.heard.length, 2);
});

test('the server says who one is, whatever one called oneself; another page of the same user is no other', async () => {
  const server = new PresenceServer({ user: 'ann' });
  server.put('ann', { from: 'another page' });
  const room = await enter(server);
  assert.deepEqual([room.me().userId, room.me().state, names(room)], ['ann', { from: 'another page' }, []]);
  room.set({ from: 'this page' });
  await wait(200);
  assert.deepEqual(room.me().state, { from: 'this page' });
  server.put('ann', { from: 'another page', again: true });
  await wait();
  assert.deepEqual(room.me().state, { from: 'another page', again: true });
  assert.equal(room.members().length, 1);
  // Its state is not ours to say again.
  await cut(server, 10);
  assert.deepEqual(server.heard.at(-1), { type: 'presence_join', userId: 'me', grace: 5_000 });
});

test('a server that does not tell one of oneself is as good', async () => {
  const server = new PresenceServer({ echo: false });
  const room = await enter(server, { state: { n: 0 } });
  for (let n = 1; n < 60; n++) {
    room.set({ n });
    await wait(110);
  }
  assert.deepEqual([room.me().state, server.members.get('me')?.state], [{ n: 59 }, { n: 59 }]);
});

test('rooms by name are apart from the room of the url', async () => {
  const server = new PresenceServer({ room: 'side' });
  server.put('ann');
  const side = await enter(server, {}, 'side');
  const main = presence(client, { userId: 'me' });
  assert.deepEqual([names(side), side.room, names(main)], [['ann here'], 'side', []]);
  assert.deepEqual(server.heard[0], { type: 'presence_join', room: 'side', userId: 'me', grace: 5_000 });
});

test('who leaves is gone at once, and says and hears nothing more', async () => {
  const server = new PresenceServer();
  server.put('ann');
  const room = await enter(server);
  let times = 0;
  room.subscribe(() => times++);
  room.leave();
  room.leave();
  room.set({ late: true });
  server.put('bob');
  await wait(60_000);
  assert.deepEqual(said(server), [['join'], ['leave']]);
  assert.deepEqual([times, server.members.has('me'), room.synced, room.supported], [0, false, false, null]);
});

test('who leaves in a function that is told of something has left', async () => {
  const server = new PresenceServer();
  server.knows = false;
  /** @type {any} */
  let room;
  room = await enter(server, { onWarning: () => room.leave() });
  await wait(11_000);
  newest().deliver({ type: 'presence_list', you: 'me', members: [] });
  await wait(60_000);
  assert.deepEqual([room.synced, said(server)], [false, [['join']]]);
});

test('a client that was closed is not woken by its room', async () => {
  const server = new PresenceServer();
  const room = await enter(server);
  client.close({ drain: 0 });
  await wait(60_000);
  room.set({ n: 1 });
  await wait(60_000);
  room.leave();
  assert.deepEqual([client.state, sockets.length, said(server)], ['closed', 1, [['join']]]);
});

test('a handler that throws is reported and keeps nothing from the others', async (t) => {
  const server = new PresenceServer();
  const room = await enter(server);
  /** @type {unknown[]} */
  const reported = [];
  const before = globalThis.reportError;
  globalThis.reportError = (error) => void reported.push(error);
  t.after(() => (globalThis.reportError = before));
  let heard = 0;
  room.on('join', () => {
    throw new Error('no');
  });
  room.subscribe(() => heard++);
  server.put('ann');
  await wait();
  assert.deepEqual([reported.length, heard], [1, 1]);
});

test('on a page that shows frames listeners are told once a frame; where none comes, after 250 ms; when it is hidden, at once', async (t) => {
  /** @type {(() => void)[]} */
  const frames = [];
  const events = new EventTarget();
  const document = Object.assign(events, { hidden: false });
  Object.assign(globalThis, { document, requestAnimationFrame: (/** @type {() => void} */ run) => frames.push(run), cancelAnimationFrame: () => frames.splice(0) });
  t.after(() => ['document', 'requestAnimationFrame', 'cancelAnimationFrame'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const server = new PresenceServer();
  const room = await enter(server, { idle: false });
  await wait(300);
  let times = 0;
  room.subscribe(() => times++);
  for (let n = 0; n < 5; n++) {
    server.put('ann', { n });
    await wait();
  }
  assert.deepEqual([times, frames.length], [0, 1]);
  frames.splice(0).forEach((run) => run());
  assert.equal(times, 1);
  server.put('ann', { n: 5 });
  await wait(249);
  assert.equal(times, 1);
  await wait(1);
  assert.deepEqual([times, frames.length], [2, 0]);
  server.put('ann', { n: 6 });
  document.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(times, 3);
  room.leave();
});

/** One in a room whose socket takes nothing more for now. */
async function congested() {
  const server = new PresenceServer();
  const room = await enter(server);
  await wait(200);
  newest().bufferedAmount = 8 << 20;
  client.send({ type: 'x', text: 'x'.repeat(1 << 20) });
  await wait(200);
  return { server, room };
}

test('what a congested socket does not take is said when it does', async () => {
  const { server, room } = await congested();
  server.heard.splice(0);
  room.set({ n: 1 });
  room.set({ n: 2 });
  await wait(1_000);
  assert.deepEqual(server.heard, []);
  newest().bufferedAmount = 0;
  await wait(1_000);
  assert.deepEqual(said(server), [['update', { n: 2 }]]);
});

test('who asks for a member by the id that one has oneself is told when that turns out to be another', async () => {
  const server = new PresenceServer({ user: 'ann' });
  client = connect('wss://a.example/live', { heartbeat: false });
  const room = presence(client);
  const { userId } = room.me();
  assert.equal(userId, '', 'not known yet');
  let times = 0;
  room.subscribe(userId, () => times++);
  await wait();
  assert.equal(times, 1);
  room.subscribe(room.me().userId, () => times++);
  server.serve(newest());
  await wait();
  assert.deepEqual([room.me().userId, times], ['ann', 2]);
});

test('a state that a function changed in place is another one', async () => {
  const server = new PresenceServer();
  const room = await enter(server, { state: { n: 0, list: [1] } });
  room.set((/** @type {any} */ state) => {
    state.n++;
    state.list.push(2);
    return state;
  });
  await wait(200);
  assert.deepEqual(server.members.get('me')?.state, { n: 1, list: [1, 2] });
  room.set((/** @type {any} */ state) => state);
  await wait(200);
  assert.deepEqual(said(server).map(([what]) => what), ['join', 'update']);
});

test('who is taken off while others are told is told no more', async () => {
  const server = new PresenceServer();
  const room = await enter(server);
  /** @type {string[]} */
  const told = [];
  /** @type {(() => void)[]} */
  const offs = [];
  for (const name of ['a', 'b']) {
    const other = name === 'a' ? 1 : 0;
    offs.push(room.subscribe(() => (told.push(name), offs[other]?.())));
  }
  room.on('join', () => void told.push('first'));
  const off = room.on('join', () => void told.push('never'));
  room.on('join', () => void told.push('last'));
  off();
  server.put('ann');
  await wait();
  assert.deepEqual(told.splice(0), ['first', 'last', 'a']);
  room.on('leave', () => room.leave());
  room.on('leave', () => void told.push('never'));
  room.subscribe(() => void told.push('never'));
  server.remove('ann');
  await wait();
  assert.deepEqual(told, []);
});

test('a refusal is told to who listens, and is over when one is in', async () => {
  const server = new PresenceServer();
  const { hear } = server;
  server.hear = (socket) => socket.deliver({ type: 'presence_refused', code: 'not_joined', message: 'who?' });
  const room = await enter(server);
  let times = 0;
  room.subscribe(() => times++);
  server.hear = hear;
  await wait(16_000);
  assert.deepEqual([room.synced, room.refused], [true, null]);
  times = 0;
  newest().deliver({ type: 'presence_refused', code: 'bad_state', message: 'no' });
  await wait();
  assert.deepEqual([room.synced, room.refused?.code, times], [true, 'bad_state', 1]);
});

test('a leave that a congested socket does not take is said when it does', async () => {
  const { server, room } = await congested();
  room.leave();
  await wait(200);
  newest().bufferedAmount = 0;
  await wait(2_000);
  assert.deepEqual(said(server), [['join'], ['leave']]);
});

test('what another page of the same user said is not lost with a server that forgot', async () => {
  const server = new PresenceServer({ user: 'ann' });
  const room = await enter(server, { state: { from: 'this page' } });
  server.put('ann', { from: 'another page' });
  await wait();
  server.members.clear();
  await cut(server, 10);
  await wait(200);
  assert.deepEqual([room.me().state, server.members.get('ann')?.state], [{ from: 'another page' }, { from: 'another page' }]);
});

test('the list of a server that forgot and whose wall stepped back is believed', async () => {
  const server = new PresenceServer();
  const room = await enter(server);
  server.put('ann', { n: 1 });
  server.put('bob');
  server.remove('bob');
  await wait();
  server.members.clear();
  server.clock = 10;
  server.put('ann', { n: 2 });
  server.put('bob');
  await cut(server, 10);
  assert.deepEqual([names(room), room.member('ann').state], [['ann here', 'bob here'], { n: 2 }]);
  server.remove('ann');
  await wait();
  assert.deepEqual(names(room), ['bob here']);
});

test('what was set just before a leave is said: another page of the same user stays with it', async () => {
  const server = new PresenceServer({ user: 'ann' });
  const room = await enter(server);
  await wait(200);
  room.set({ n: 1 });
  room.set({ n: 2 });
  room.leave();
  assert.deepEqual(said(server), [['join'], ['update', { n: 1 }], ['update', { n: 2 }], ['leave']]);
});
