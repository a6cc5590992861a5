// @ts-check
// The way over HTTP: what decides for it, what a refused handshake is found to be for, and how a connection goes there.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { forget, newest, Socket, sockets } from './support/network.mjs';

/** @typedef {{ request: Request, body: string, answer: (response: Response | Error) => void, send: (text: string) => void, end: () => void }} Asked */

/** Every request since the last test, in order. @type {Asked[]} */
const asked = [];
/** What a GET is answered where nobody waits for it. @type {(() => Response | Error) | undefined} */
let other;
const encoder = new TextEncoder();

Object.assign(globalThis, {
  WebSocket: Socket,
  fetch: async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    const request = new Request(url, { ...init, redirect: 'follow' });
    if (init.mode === 'no-cors') throw new TypeError('nobody');
    const one = /** @type {Asked} */ (/** @type {unknown} */ ({ request, body: await request.clone().text() }));
    asked.push(one);
    const response = await new Promise((resolve) => {
      one.answer = resolve;
      init.signal?.addEventListener('abort', () => resolve(new Error('aborted')));
      if (other !== undefined && request.method === 'GET') resolve(other());
    });
    if (response instanceof Error) throw response;
    if (init.redirect === 'manual' && response.status === 302) return Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' });
    return response;
  },
});

const { connect } = await import('everwire');
const { fallback } = await import('everwire/fallback');
const { presence } = await import('everwire/presence');

const URL_A = 'wss://a.example/room?key=1';
const soon = { backoff: { base: 1, cap: 1 }, breaker: false };

/** @param {() => unknown} so */
async function until(so) {
  for (let turn = 0; turn < 400; turn++) {
    if (so()) return;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error(`never: ${so}`);
}

/** @type {any} */
let client;
/** @type {string[]} */
let ways = [];

/** @param {any} [choices] @param {any} [options] */
function open(choices, options) {
  ways = [];
  client = connect(URL_A, { transport: fallback({ onTransport: (/** @type {string} */ way) => ways.push(way), ...choices }), ...soon, onWarning() {}, ...options });
  return client;
}

afterEach(() => {
  client?.close({ drain: 0 });
  forget();
  asked.splice(0);
  other = undefined;
});

/** A stream of events that the test writes. */
function stream() {
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  let controller;
  const body = new ReadableStream({ start: (made) => void (controller = made) });
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream', 'everwire-connection': 'secret' } }),
    send: (/** @type {string} */ text) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
  };
}

const events = () => stream().response;
const HELLO = { type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], epoch: 'e', seq: 0, heartbeat: { by: 'server', every: 15_000 } };

/** Blocks the place, and gives the stream that follows. */
async function overHttp() {
  other = events;
  const made = sockets.length;
  newest().drop();
  await until(() => sockets.length === made + 1);
  const last = stream();
  let gets = 0;
  // The look, and then the stream itself.
  other = () => (gets++ === 0 ? events() : last.response);
  newest().drop();
  await until(() => client.state === 'open');
  last.send(`data: ${JSON.stringify(HELLO)}\n\n`);
  return last;
}

const posts = () => asked.filter(({ request }) => request.method === 'POST');

test('two handshakes that fail while HTTP works are the evidence; the hello goes by POST with the client and the connection', async () => {
  open({}, { token: 'not-in-a-url' });
  await overHttp();
  await until(() => posts().length === 1);
  const [hello] = /** @type {[Asked]} */ (posts());
  const said = JSON.parse(hello.body);
  assert.deepEqual([said.type, said.token, said.client], ['hello', 'not-in-a-url', hello.request.headers.get('everwire-client')]);
  assert.equal(hello.request.headers.get('everwire-connection'), 'secret');
  assert.deepEqual(ways, ['sse']);
  assert.equal(sockets.length, 2);
  for (const { request } of asked) {
    assert.equal(request.url, 'https://a.example/room?key=1');
    assert.equal(request.credentials, 'include');
    if (request.method === 'GET') assert.equal(request.headers.get('accept'), 'text/event-stream');
  }
});

test('one request at a time; what waits goes in one; a body is a frame', async () => {
  open();
  const events_ = await overHttp();
  /** @type {any[]} */
  const heard = [];
  client.on('*', (/** @type {any} */ event) => heard.push(event));
  await until(() => posts().length === 1);
  const receipts = [1, 2, 3].map((n) => client.send({ type: 'x', n }, { ack: true }));
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(posts().length, 1);
  posts()[0]?.answer(new Response(null, { status: 204 }));
  await until(() => posts().length === 2);
  const batch = JSON.parse(/** @type {Asked} */ (posts()[1]).body).filter((/** @type {any} */ { type }) => type === 'x');
  assert.deepEqual(batch.map((/** @type {any} */ { n }) => n), [1, 2, 3]);
  posts()[1]?.answer(new Response(JSON.stringify(batch.map((/** @type {any} */ { $id }) => ({ type: 'ack', id: $id })))));
  assert.deepEqual((await Promise.all(receipts.map(({ settled }) => settled))).map(({ fate }) => fate), ['acked', 'acked', 'acked']);
  events_.send('id: e:1\ndata: {"type":"a","$seq":1}\n\nevent: b\ndata: {"n":1}\n\n: here\n\n');
  await until(() => heard.length === 2);
  assert.deepEqual(heard.map(({ type, n }) => [type, n]), [['a', undefined], ['b', 1]]);
});

test('a close is an event, and a request that fails ends the connection; what has an $id is sent again', async () => {
  open();
  const first = await overHttp();
  await until(() => posts().length === 1);
  posts()[0]?.answer(new Response(null, { status: 204 }));
  const { settled } = client.send({ type: 'x' }, { ack: true });
  await until(() => posts().length === 2);
  const next = stream();
  other = () => next.response;
  const id = JSON.parse(/** @type {Asked} */ (posts()[1]).body).$id;
  posts()[1]?.answer(new TypeError('cut'));
  await until(() => client.snapshot().connects === 2);
  next.send(`data: ${JSON.stringify(HELLO)}\n\n`);
  await until(() => posts().length === 3);
  posts()[2]?.answer(new Response(null, { status: 204 }));
  await until(() => posts().some(({ body }) => body.includes(`"$again"`) && body.includes(id)) || posts().some(({ body }, at) => at > 1 && body.includes(id)));
  next.send(`data: ${JSON.stringify({ type: 'ack', id })}\n\n`);
  assert.equal((await settled).fate, 'acked');
  next.send('event: everwire_close\ndata: {"code":4400,"reason":"so"}\n\n');
  await until(() => client.snapshot().final);
  assert.deepEqual([client.snapshot().reason.code, client.snapshot().reason.closeCode], ['refused', 4400]);
  assert.equal(sockets.length, 2, 'it is decided');
  first.end();
});

for (const [what, answer, code, closeCode, isFinal] of /** @type {[string, () => Response | Error, string, number, boolean][]} */ ([
  ['401', () => new Response('', { status: 401 }), 'unauthorized', 4401, true],
  ['403', () => new Response('', { status: 403 }), 'forbidden', 4403, true],
  ['429', () => new Response('', { status: 429, headers: { 'retry-after': '100' } }), 'rate_limited', 1013, false],
  ['503 by date', () => new Response('', { status: 503, headers: { 'retry-after': new Date(Date.now() + 100_000).toUTCString() } }), 'rate_limited', 1013, false],
  ['a page', () => new Response('<p>Sign in', { headers: { 'content-type': 'text/html; charset=utf-8' } }), 'captive_portal', 1013, false],
  ['a redirection', () => new Response(null, { status: 302, headers: { location: 'https://portal.example' } }), 'captive_portal', 1013, false],
  ['nobody', () => new TypeError('failed'), 'offline', 1006, false],
  ['what explains nothing', () => new Response('', { status: 404 }), 'closed', 1006, false],
])) {
  test(`a refused handshake is looked into: ${what}`, async () => {
    open({}, { backoff: { base: 3_600_000, cap: 3_600_000 } });
    other = answer;
    newest().drop();
    await until(() => client.snapshot().reason !== null);
    const { reason, final, retryAt } = client.snapshot();
    assert.deepEqual([reason.code, reason.closeCode, final], [code, closeCode, isFinal]);
    assert.match(reason.message, /\.$/);
    assert.equal(client.snapshot(), client.snapshot());
    assert.equal(asked.length, 1);
    if (!isFinal) assert.ok(retryAt !== null);
  });
}

test('a message without an $id is sent when it is handed over, and is not said again when its request fails', async () => {
  open();
  await overHttp();
  await until(() => posts().length === 1);
  const { settled } = client.send({ type: 'x' });
  posts()[0]?.answer(new Response(null, { status: 204 }));
  await until(() => posts().length === 2);
  assert.equal((await settled).fate, 'sent');
  const next = stream();
  other = () => next.response;
  posts()[1]?.answer(new TypeError('cut'));
  await until(() => client.snapshot().connects === 2);
  next.send(`data: ${JSON.stringify(HELLO)}\n\n`);
  await until(() => posts().length === 3);
  posts()[2]?.answer(new Response(null, { status: 204 }));
  const { settled: end } = client.send({ type: 'y' }, { ack: true });
  await until(() => posts().length === 4);
  next.send(`data: ${JSON.stringify({ type: 'ack', id: JSON.parse(posts()[3]?.body ?? '').$id })}\n\n`);
  assert.equal((await end).fate, 'acked');
  assert.equal(posts().filter(({ body }) => body.includes('"x"')).length, 1);
});

test('a request that nobody answers ends the connection, which lives on in one direction', async () => {
  const set = globalThis.setTimeout;
  Object.assign(globalThis, { setTimeout: (/** @type {any} */ run, /** @type {number} */ ms, /** @type {any[]} */ ...given) => set(run, ms === 30_000 ? 20 : ms, ...given) });
  open();
  await overHttp();
  const next = stream();
  other = () => next.response;
  await until(() => client.snapshot().connects === 2);
  Object.assign(globalThis, { setTimeout: set });
});

test('nobody looks into what the application has closed', async () => {
  open();
  newest().drop();
  await until(() => asked.length === 1);
  client.close({ drain: 0 });
  assert.ok(asked[0]?.request.signal.aborted);
});

test('the time that a server names is a floor', async () => {
  open({}, { backoff: { base: 1, cap: 1 } });
  other = () => new Response('', { status: 429, headers: { 'retry-after': '100' } });
  newest().drop();
  await until(() => client.snapshot().retryAt !== null);
  const wait = client.snapshot().retryAt - Date.now();
  assert.ok(wait > 90_000 && wait < 131_000, `${wait}`);
});

test('a refused token is asked for once more, and then no more', async () => {
  let tokens = 0;
  open({}, { token: () => `t${++tokens}` });
  other = () => new Response('', { status: 401 });
  newest().drop();
  await until(() => sockets.length === 2);
  assert.equal(client.snapshot().final, false);
  newest().drop();
  await until(() => client.snapshot().final);
  assert.deepEqual([tokens, client.snapshot().reason.code], [2, 'unauthorized']);
});

test('a handshake that hangs is looked into after the patience, and one that is cut before a frame proves nothing', async () => {
  open({ patience: 100 });
  other = events;
  await until(() => sockets.length === 2);
  assert.equal(sockets[0]?.readyState, 2);
  newest().accept();
  newest().drop();
  await until(() => ways.length > 0);
  assert.deepEqual([ways, sockets.length], [['sse'], 2]);
});

test('a WebSocket that talks is left alone: its end is looked into by nobody', async () => {
  open();
  newest().accept();
  newest().deliver(HELLO);
  newest().drop();
  await until(() => sockets.length === 2);
  assert.deepEqual([asked, ways], [[], ['websocket']]);
});

test('when the memory is over a WebSocket is tried beside the stream, which serves until it is open', async () => {
  open({ memory: 1_000 });
  const events_ = await overHttp();
  events_.send('data: {"type":"x"}\n\n');
  await until(() => sockets.length === 3);
  assert.equal(client.state, 'open');
  newest().accept();
  newest().deliver(HELLO);
  await until(() => ways.length === 2);
  assert.deepEqual([ways, client.state, client.snapshot().connects], [['sse', 'websocket'], 'open', 2]);
});

test('when the memory is over and it is still blocked, another stream takes over and the memory begins anew', async () => {
  open({ memory: 1_000 });
  await overHttp();
  /** @type {string[]} */
  const states = [];
  client.subscribe(() => states.push(client.state));
  await until(() => sockets.length === 3);
  const [next, before] = [stream(), asked.length];
  other = () => (asked.length === before + 1 ? events() : next.response);
  newest().drop();
  await until(() => ways.length === 2);
  assert.deepEqual([ways, client.snapshot().connects], [['sse', 'sse'], 2]);
  assert.ok(states.every((state) => state === 'open'), states.join());
});

test('what is stored is read as what anybody may have written', async () => {
  /** @type {Map<string, string>} */
  const stored = new Map();
  const storage = { getItem: (/** @type {string} */ key) => stored.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void stored.set(key, value) };
  Object.assign(globalThis, { localStorage: storage });
  const place = 'a.example/room';
  const soonOver = Date.now() + 60_000;
  for (const [text, way] of /** @type {[string, string][]} */ ([
    [`{"${place}":[${soonOver},0]}`, 'sse'],
    [`{"${place}":[${soonOver},3]}`, 'websocket'],
    [`{"${place}":[${Date.now() + 1e12},0]}`, 'websocket'],
    [`{"${place}":["x",0]}`, 'websocket'],
    [`{"${place}":`, 'websocket'],
    [`{"${place}":[${soonOver},0],"x":"${'x'.repeat(9_000)}"}`, 'websocket'],
    ['null', 'websocket'],
  ])) {
    stored.set('everwire/fallback', text);
    other = events;
    open();
    if (way === 'websocket') {
      newest().accept();
      newest().deliver(HELLO);
    }
    await until(() => ways.length === 1);
    assert.deepEqual(ways, [way], text);
    client.close({ drain: 0 });
    forget();
  }
  open();
  await overHttp();
  assert.match(stored.get('everwire/fallback') ?? '', /^\{"a\.example\/room":\[\d+,0\]\}$/);
  Reflect.deleteProperty(globalThis, 'localStorage');
});

test('options are refused by name', () => {
  for (const [options, word] of /** @type {[any, RegExp][]} */ ([[{ memory: 1 }, /memory/], [{ patience: '1' }, /patience/], [{ onTransport: 1 }, /onTransport/], [{ nothing: 1 }, /nothing/], [null, /object/]])) {
    assert.throws(() => fallback(options), word);
  }
  assert.throws(() => connect(URL_A, { transport: /** @type {any} */ ('auto') }), /everwire\/fallback/);
});

test('a protocol of the application has no other way', async () => {
  open({}, { protocol: 'raw' });
  newest().drop();
  await until(() => sockets.length === 2);
  assert.deepEqual(asked, []);
});

test('presence goes that way too', async () => {
  open();
  const room = presence(client, { userId: 'me', state: { n: 1 } });
  const events_ = await overHttp();
  const said = () => posts().flatMap(({ body }) => JSON.parse(body)).filter(({ type }) => type.startsWith('presence_'));
  await until(() => posts().length === 1);
  posts()[0]?.answer(new Response(null, { status: 204 }));
  await until(() => said().length === 1);
  assert.deepEqual(said(), [{ type: 'presence_join', userId: 'me', state: { n: 1 }, grace: 5_000 }]);
  events_.send(`data: ${JSON.stringify({ type: 'presence_list', you: 'me', members: [{ userId: 'ann', clock: 1, lastSeen: 1 }] })}\n\n`);
  await until(() => room.synced);
  assert.deepEqual(room.others().map(({ userId, status }) => [userId, status]), [['ann', 'here']]);
  room.leave();
});
