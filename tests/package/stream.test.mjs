// @ts-check
// The life of a stream: events, refusals, endings, and where the next connection goes on.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { answer, exchanges, forget, living, newest, settled, sources } from './support/stream_network.mjs';

const { EverwireError, stream } = await import('everwire/stream');
const { iterate } = await import('everwire/iterate');

/** @type {Set<any>} */
const made = new Set();

afterEach(() => {
  for (const each of made) each.close();
  made.clear();
  forget();
});

/** Retries as soon as they are allowed, so that nobody waits. */
const soon = { backoff: { base: 1, cap: 1 }, breaker: false };

/** @param {any} [options] @param {any} [url] */
async function ask(options, url = 'https://a.example/stream') {
  const client = /** @type {any} */ (stream(url, { ...soon, ...options }));
  made.add(client);
  /** @type {any[]} */
  const events = [];
  client.on('*', (/** @type {any} */ event) => events.push(event));
  await settled();
  return { client, events };
}

/** The request after a loss. */
async function next() {
  for (let tries = 0; exchanges.at(-1)?.over !== false && tries < 500; tries++) await settled();
  assert.equal(newest().over, false);
  return newest();
}

test('events come with their type, data and id, and an answer that has the type opens', async () => {
  const { client, events } = await ask();
  assert.equal(client.state, 'connecting');
  assert.equal(newest().header('accept'), 'text/event-stream');
  assert.equal(newest().header('last-event-id'), null);
  await newest().accept();
  assert.equal(client.state, 'open');
  await newest().send('id: 1\nevent: price\ndata: {"amount": 7}\n\ndata: 1\n\ndata: null\nid: 2\n\n');
  assert.deepEqual(events, [
    { type: 'price', data: { amount: 7 }, id: '1' },
    { type: 'message', data: '1', id: '1' },
    { type: 'message', data: 'null', id: '2' },
  ]);
  assert.equal(client.lastEventId, '2');
});

test('more events than a page can show wait for their turn, in order, and none is left out', async () => {
  const { client, events } = await ask();
  await newest().accept();
  const many = Array.from({ length: 5_000 }, (_, n) => `id: ${n}\ndata: ${n}\n\n`);
  await newest().send(many.slice(0, 2_500).join(''));
  await newest().send(many.slice(2_500).join('') + 'event: completed\ndata: all\n\n');
  for (let tries = 0; events.length < 5_001 && tries < 500; tries++) await settled();
  assert.deepEqual(events.slice(0, 5_000).map(({ data }) => Number(data)), many.map((_, n) => n));
  assert.deepEqual([events.at(-1).type, client.snapshot().reason.code, client.lastEventId], ['completed', 'completed', '4999']);
});

/** Longer than a page can spend on each of thousands. */
function slow() {
  const end = performance.now() + 0.03;
  while (performance.now() < end);
}

test('in a flood, [DONE] comes after all that came before it, for a loop too', async () => {
  const { client } = await ask();
  await newest().accept();
  client.on('message', slow);
  const loop = iterate(/** @type {any} */ (client), 'message', { buffer: 10_000 });
  const many = Array.from({ length: 5_000 }, (_, n) => `data: ${n}\n\n`);
  await newest().send(`${many.join('')}data: [DONE]\n\n`);
  let count = 0;
  for await (const _ of loop) count++;
  assert.deepEqual([count, client.snapshot().reason.code], [5_000, 'completed']);
});

test('what a flood kept from the handlers of a stream that is closed comes again when it is opened again', async () => {
  const { client, events } = await ask();
  client.on('message', slow);
  await newest().accept();
  const many = Array.from({ length: 5_000 }, (_, n) => `id: ${n}\ndata: ${n}\n\n`);
  await newest().send(many.join(''));
  const seen = events.length;
  assert.ok(seen < 5_000, 'it is a flood');
  client.close();
  assert.equal(client.lastEventId, events.at(-1).id);
  client.retry();
  await settled();
  const last = Number(newest().header('last-event-id'));
  await newest().accept();
  await newest().send(many.slice(last + 1).join(''));
  for (let tries = 0; events.length < 5_000 && tries < 500; tries++) await settled();
  assert.deepEqual(events.map(({ data }) => Number(data)), many.map((_, n) => n));
});

test('text stays text where that is wanted', async () => {
  const { events } = await ask({ parse: 'text' });
  await newest().accept();
  await newest().send('data: {"a":1}\n\n');
  assert.deepEqual(events.map(({ data }) => data), ['{"a":1}']);
});

/** @type {[status: number, headers: Record<string, string>, code: string, final: boolean][]} */
const refusals = [
  [204, {}, 'no_content', true],
  [400, {}, 'refused', true],
  [401, {}, 'unauthorized', true],
  [403, {}, 'forbidden', true],
  [404, {}, 'not_found', true],
  [429, { 'retry-after': '3600' }, 'rate_limited', false],
  [429, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, 'rate_limited', false],
  [503, { 'retry-after': '60' }, 'unavailable', false],
  [200, { 'content-type': 'application/json' }, 'wrong_type', true],
  [200, { 'content-type': 'text/html; charset=utf-8' }, 'html_page', true],
];
for (const [status, headers, code, final] of refusals) {
  test(`${status} ${Object.values(headers)} ends as ${code}, with a sentence`, async () => {
    const { client } = await ask();
    await newest().refuse(status, headers, status === 204 ? null : '<html>');
    const { reason, final: isFinal, retryAt } = client.snapshot();
    assert.deepEqual([reason.code, reason.status, isFinal], [code, status, final]);
    assert.match(reason.message, /\.$/);
    if (final) assert.equal(retryAt, null);
    const after = headers['retry-after'];
    if (after !== undefined) {
      const wait = Number(after) * 1_000 || 3_600_000;
      const told = retryAt - Date.now();
      assert.ok(told > wait - 2_500 && told <= wait * 1.3, `${told}`);
    }
  });
}

test('an endless line ends the stream, and what came before it was delivered', async () => {
  const { client, events } = await ask();
  await newest().accept();
  await newest().send('data: before\n\ndata: ');
  const chunk = 'x'.repeat(65_536);
  for (let sent = 0; sent < 20 && !client.snapshot().final; sent++) await newest().send(chunk);
  assert.equal(client.snapshot().reason.code, 'too_long');
  assert.deepEqual(events.map(({ data }) => data), ['before']);
  assert.deepEqual(living(), []);
});

test('a 401 asks for a new token once', async () => {
  let asked = 0;
  const { client } = await ask({ token: () => `t${++asked}` });
  assert.equal(newest().header('authorization'), 'Bearer t1');
  await newest().refuse(401);
  assert.equal((await next()).header('authorization'), 'Bearer t2');
  await newest().refuse(401);
  assert.deepEqual([client.snapshot().final, client.snapshot().reason.code], [true, 'unauthorized']);
});

test('url, headers and body are asked for each attempt', async () => {
  let asked = 0;
  const { client } = await ask(
    { method: 'post', headers: async () => ({ 'x-try': `${++asked}` }), body: () => `body ${asked}` },
    () => `https://a.example/${asked}`,
  );
  assert.deepEqual([newest().request.method, newest().header('x-try')], ['POST', '1']);
  await newest().accept();
  await newest().end();
  await next();
  assert.equal(newest().header('x-try'), '2');
  client.close();
});

test('a stream that is cut at any byte goes on where it was: nothing is lost, nothing comes twice', async () => {
  const blocks = ['id: 1\ndata: one\n\n', ': comment\n\n', 'id: 2\nevent: é\ndata: zwei\ndata: 2\n\n', 'id: ünï ☃ 3\ndata: three\n\n', 'id: 4\n\n', 'id: 5\ndata: five\n\n'];
  const whole = new TextEncoder().encode(blocks.join(''));
  const expected = ['one', 'zwei\n2', 'three', 'five'];
  const ids = ['1', '', '2', 'ünï ☃ 3', '4', '5'];
  for (let cut = 0; cut <= whole.length; cut++) {
    const { client, events } = await ask();
    await newest().accept();
    await newest().send(whole.subarray(0, cut));
    await newest().cut();
    const again = await next();
    const bytes = Uint8Array.from(again.header('last-event-id') ?? '', (unit) => unit.charCodeAt(0));
    const last = new TextDecoder().decode(bytes);
    assert.equal(last, client.lastEventId);
    const isAscii = !/[^ -~]/.test(last);
    assert.equal(new URL(again.request.url).searchParams.get('lastEventId'), isAscii ? null : last);
    await again.accept();
    await again.send(blocks.slice(last === '' ? 0 : ids.indexOf(last) + 1).join(''));
    assert.deepEqual(events.map(({ data }) => data), expected, `cut at ${cut}`);
    client.close();
    made.delete(client);
  }
});

test('an event without an id does not move the place where the next connection goes on, and an empty id does', async () => {
  const { client, events } = await ask();
  await newest().accept();
  await newest().send('id: 7\ndata: a\n\n');
  await newest().cut();
  const second = await next();
  await second.accept();
  await second.send('event: connected\ndata: hello\n\n');
  assert.deepEqual([events.at(-1).id, client.lastEventId], ['7', '7']);
  await second.cut();
  const third = await next();
  assert.equal(third.header('last-event-id'), '7');
  await third.accept();
  await third.send('id:\ndata: b\n\n');
  await third.cut();
  assert.equal((await next()).header('last-event-id'), null);
});

test('nor does it on an EventSource', async () => {
  const { client } = await ask({ transport: 'eventsource', lastEventId: '7' });
  assert.equal(new URL(sources[0]?.url ?? '').searchParams.get('lastEventId'), '7');
  sources[0]?.onopen?.();
  sources[0]?.tell('message', 'a', '');
  assert.equal(client.lastEventId, '7');
  sources[0]?.tell('message', 'b', '8');
  assert.equal(client.lastEventId, '8');
  sources[0]?.tell('message', 'c', '');
  assert.equal(client.lastEventId, '', 'the stream took it back');
});

test('a start position is given by the caller', async () => {
  await ask({ lastEventId: '41' });
  assert.equal(newest().header('last-event-id'), '41');
});

for (const [type, code] of [['completed', 'completed'], ['failed', 'failed']]) {
  test(`the event ${type} ends the stream for good with its data`, async () => {
    const { client, events } = await ask();
    await newest().accept();
    /** @type {any} */
    let seen;
    client.subscribe(() => (seen = client.snapshot().reason?.code));
    await newest().send(`data: a\n\nevent: ${type}\ndata: {"sum": 3}\n\ndata: never\n\n`);
    assert.deepEqual(events.map((event) => [event.type, event.data]), [['message', 'a'], [type, { sum: 3 }]]);
    assert.deepEqual([client.snapshot().final, seen], [true, code]);
    assert.deepEqual(living(), []);
    client.retry();
    await next();
  });
}

test('types that end a stream may have other names', async () => {
  const { client } = await ask({ terminal: ['done', 'error'] });
  await newest().accept();
  await newest().send('event: error\ndata: no\n\n');
  assert.equal(client.snapshot().reason.code, 'failed');
});

test('[DONE] ends a text well, and is no event', async () => {
  const { client, events } = await ask({ method: 'POST', body: '{}' });
  await newest().accept();
  await newest().send('data: {"delta":"Hel"}\n\ndata: {"delta":"lo"}\n\ndata: [DONE]\n\n');
  assert.equal(events.map(({ data }) => data.delta).join(''), 'Hello');
  assert.equal(client.snapshot().reason.code, 'completed');
});

for (const way of ['url', 'function']) {
  test(`an end that is stored is told by a ${way} and never asked for`, async () => {
    const stored = { status: 'completed', terminalEventType: 'completed', terminalEventData: { sum: 9 } };
    answer(() => Response.json(stored));
    const { client, events } = await ask({ recover: way === 'url' ? 'https://a.example/stream/recover' : async () => stored });
    assert.deepEqual(events, [{ type: 'completed', data: { sum: 9 }, id: '' }]);
    assert.equal(client.snapshot().reason.code, 'completed');
    assert.deepEqual(exchanges, []);
  });
}

test('an end that is found when its attempt was given up is told once, and ends the stream', async () => {
  let asked = 0;
  const stored = { terminalEventType: 'completed', terminalEventData: 'all' };
  const token = () => new Promise((done) => setTimeout(() => done(`t${++asked}`), 150));
  const { client, events } = await ask({ connectTimeout: 100, backoff: { base: 300, cap: 300 }, token, recover: () => stored });
  for (let tries = 0; !client.snapshot().final && tries < 500; tries++) await settled();
  await new Promise((done) => setTimeout(done, 600));
  assert.deepEqual([events, asked, exchanges.length], [[{ type: 'completed', data: 'all', id: '' }], 1, 0]);
  assert.equal(client.snapshot().reason.code, 'completed');
});

test('who does not say whether there is an end is not waited for, and is asked no more', async () => {
  /** @type {Request[]} */
  const asked = [];
  answer((request) => {
    asked.push(request);
    return new Promise(() => {});
  });
  const { client: first } = await ask({ connectTimeout: 400, recover: 'https://a.example/recover' });
  for (let tries = 0; exchanges.length === 0 && tries < 500; tries++) await settled();
  assert.deepEqual([exchanges.length, asked.map(({ signal }) => signal.aborted)], [1, [true]]);
  first.close();
  await ask({ connectTimeout: 400, recover: () => new Promise(() => {}) });
  for (let tries = 0; exchanges.length === 1 && tries < 500; tries++) await settled();
  assert.equal(exchanges.length, 2);
  const { client } = await ask({ recover: 'https://a.example/recover' });
  client.close();
  assert.deepEqual(asked.map(({ signal }) => signal.aborted), [true, true]);
});

test('a stream without a stored end is asked for, also where asking fails', async () => {
  answer(() => Response.json({ status: 'active', terminalEventType: null, terminalEventData: null }));
  await ask({ recover: 'https://a.example/recover' });
  assert.equal(exchanges.length, 1);
  answer(() => Promise.reject(new TypeError('network')));
  await ask({ recover: 'https://a.example/recover' });
  assert.equal(exchanges.length, 2);
});

test('the end that came while the connection was lost is found before the next', async () => {
  let ended = false;
  const { client, events } = await ask({ recover: () => (ended ? { terminalEventType: 'failed', terminalEventData: 'why' } : null) });
  await newest().accept();
  ended = true;
  await newest().cut();
  for (let tries = 0; !client.snapshot().final && tries < 500; tries++) await settled();
  assert.deepEqual([exchanges.length, events.at(-1)], [1, { type: 'failed', data: 'why', id: '' }]);
});

test('retries are limited where that is wanted', async () => {
  const { client } = await ask({ retries: 1 });
  await newest().cut();
  await (await next()).cut();
  assert.deepEqual([client.snapshot().final, client.snapshot().reason.code], [true, 'retries_used']);
});

test('silence is noticed where sound is expected', async () => {
  const { client } = await ask({ heartbeat: { silence: 1_000 } });
  await newest().accept();
  const first = newest();
  await new Promise((done) => setTimeout(done, 1_100));
  assert.ok(first.request.signal.aborted);
  assert.equal(client.snapshot().reason.code, 'heartbeat_lost');
});

test('a comment makes the stream one whose silence would be noticed', async () => {
  const { client } = await ask();
  await newest().accept();
  assert.equal(client.snapshot().freshness, 'unknown');
  await newest().send(': still here\n\n');
  assert.equal(client.snapshot().freshness, 'fresh');
});

test('retry: names the first delay', async () => {
  const { client } = await ask();
  await newest().accept();
  await newest().send('retry: 5000\n\n');
  await newest().end();
  const wait = client.snapshot().retryAt - Date.now();
  assert.ok(wait > 4_900 && wait <= 6_500, `${wait}`);
});

test('a signal closes the stream, also one that was aborted before', async () => {
  const control = new AbortController();
  const { client } = await ask({ signal: control.signal });
  await newest().accept();
  control.abort();
  await settled();
  assert.deepEqual([living().length, client.snapshot().reason.code], [0, 'closed_by_application']);
  const { client: other } = await ask({ signal: control.signal });
  assert.deepEqual([exchanges.length, other.snapshot().final], [1, true]);
});

test('a signal closes a stream that was opened again, too', async () => {
  const control = new AbortController();
  const { client } = await ask({ signal: control.signal });
  await newest().accept();
  await newest().send('event: completed\ndata: x\n\n');
  client.retry();
  await settled();
  await newest().accept();
  control.abort();
  await settled();
  assert.deepEqual([living().length, client.snapshot().reason.code], [0, 'closed_by_application']);
});

test('what is closed can be opened again, and goes on where it was', async () => {
  const { client, events } = await ask();
  await newest().accept();
  await newest().send('id: 7\ndata: a\n\n');
  client.close();
  await settled();
  assert.deepEqual(living(), []);
  client.retry();
  await settled();
  assert.equal(newest().header('last-event-id'), '7');
  await newest().accept();
  await newest().send('id: 8\ndata: b\n\n');
  assert.deepEqual(events.map(({ data }) => data), ['a', 'b']);
});

test('a handler that throws keeps nothing from the others, nor from the id', async () => {
  /** @type {any[]} */
  const reported = [];
  Object.assign(globalThis, { reportError: (/** @type {any} */ error) => reported.push(error.message) });
  const { client, events } = await ask();
  client.on('message', () => {
    throw new Error('mine');
  });
  await newest().accept();
  await newest().send('id: 1\ndata: a\n\nid: 2\ndata: b\n\n');
  assert.deepEqual([events.length, client.lastEventId, reported], [2, '2', ['mine', 'mine']]);
  Reflect.deleteProperty(globalThis, 'reportError');
});

test('a handler that closes hears no more', async () => {
  const { client, events } = await ask();
  client.on('message', () => client.close());
  await newest().accept();
  await newest().send('data: a\n\ndata: b\n\n');
  assert.deepEqual(events.map(({ data }) => data), ['a']);
});

test('the application may overrule a refusal', async () => {
  const { client } = await ask({ shouldReconnect: (/** @type {any} */ { status }) => status === 404 });
  await newest().refuse(404);
  assert.equal(client.snapshot().final, false);
  await (await next()).refuse(503);
  assert.equal(client.snapshot().final, true);
});

test('an EventSource is asked with the last id in its url, and its own retries are not used', async () => {
  const { client, events } = await ask({ transport: 'eventsource', credentials: 'include' });
  client.on('price', () => {});
  const [first] = sources;
  assert.deepEqual([first?.url, first?.options], ['https://a.example/stream', { withCredentials: true }]);
  first?.onopen?.();
  assert.equal(client.state, 'open');
  first?.tell('price', '{"a":1}', 'é 1');
  first?.onerror?.();
  assert.equal(first?.readyState, 2);
  for (let tries = 0; sources.length < 2 && tries < 500; tries++) await settled();
  assert.equal(new URL(sources[1]?.url ?? '').searchParams.get('lastEventId'), 'é 1');
  first?.tell('price', '{"a":2}', '2');
  assert.deepEqual(events.map(({ data }) => data), [{ a: 1 }]);
});

test('the request in the place of an EventSource asks what that would have asked: another origin may allow no more', async () => {
  await ask({ transport: 'eventsource', lastEventId: '7' });
  sources[0]?.onerror?.();
  const request = await next();
  assert.deepEqual([request.header('last-event-id'), new URL(request.request.url).searchParams.get('lastEventId')], [null, '7']);
});

test('headers may be pairs', async () => {
  await ask({ headers: [['x-try', 'a']] });
  assert.equal(newest().header('x-try'), 'a');
});

test('an EventSource that did not open is followed by a request that shows why', async () => {
  const { client } = await ask({ transport: 'eventsource' });
  sources[0]?.onerror?.();
  await (await next()).refuse(403);
  assert.equal(client.snapshot().reason.code, 'forbidden');
});

test('a POST is left alone when the page goes away, a GET is not', async () => {
  for (const method of ['GET', 'POST']) {
    const target = new EventTarget();
    for (const name of ['addEventListener', 'removeEventListener']) {
      Object.assign(globalThis, { [name]: /** @type {any} */ (target)[name].bind(target) });
    }
    const { client } = await ask({ method });
    await newest().accept();
    const before = exchanges.length;
    target.dispatchEvent(new Event('pagehide'));
    target.dispatchEvent(new Event('pageshow'));
    await settled();
    assert.equal(exchanges.length - before, method === 'GET' ? 1 : 0, method);
    client.close();
    for (const name of ['addEventListener', 'removeEventListener']) Reflect.deleteProperty(globalThis, name);
  }
});

test('a loop ends with the stream', async () => {
  const { client } = await ask();
  await newest().accept();
  const loop = iterate(/** @type {any} */ (client), 'message');
  await newest().send('data: a\n\ndata: b\n\nevent: completed\ndata: x\n\n');
  /** @type {any[]} */
  const seen = [];
  for await (const event of loop) seen.push(/** @type {any} */ (event).data);
  assert.deepEqual(seen, ['a', 'b']);
});

/** @type {[options: any, what: RegExp][]} */
const mistakes = [
  [{ queue: { high: 3 } }, /option "queue.high": is not known/],
  [{ protocol: 'raw' }, /option "protocol": is not known/],
  [{ retries: -1 }, /option "retries": a whole number from 0 to 1000000/],
  [{ heartbeat: { silence: 5 } }, /option "heartbeat.silence": a whole number from 1000/],
  [{ transport: 'websocket' }, /option "transport": one of "fetch", "eventsource"/],
  [{ transport: 'eventsource', method: 'POST' }, /option "method": needs the transport "fetch"/],
  [{ terminal: 'completed' }, /option "terminal": an array of types/],
  [{ signal: 1 }, /option "signal": an AbortSignal/],
  [{ headers: 'a: b' }, /option "headers": an object/],
];
for (const [options, what] of mistakes) {
  test(`${JSON.stringify(options)} is refused with a sentence`, () => {
    assert.throws(() => stream('https://a.example/', options), (error) => error instanceof EverwireError && error.code === 'invalid_option' && what.test(error.message));
  });
}

test('a request that cannot be made says so', async () => {
  const error = console.error;
  console.error = () => {};
  for (const [options, url] of [[{ headers: () => ({ 'bad name': 'x' }) }], [{ method: 'TRACE' }], [{}, 'http://['], [{}, () => undefined]]) {
    const { client } = await ask(options, url);
    assert.deepEqual([client.snapshot().reason.code, client.snapshot().final], ['invalid_request', true]);
  }
  assert.deepEqual(exchanges, []);
  console.error = error;
});

test('a function that fails is asked again', async () => {
  const error = console.error;
  console.error = () => {};
  let asked = 0;
  const headers = () => {
    if (++asked < 3) throw new Error('not yet');
    return {};
  };
  await ask({ headers });
  await next();
  assert.equal(asked, 3);
  console.error = error;
});
