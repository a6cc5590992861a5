// @ts-check
// The life of a stream: events, and where the next connection goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, next, slow } from './support/stream_client.mjs';
import { exchanges, living, newest, settled } from './support/stream_network.mjs';

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

test('a start position is given by the caller', async () => {
  await ask({ lastEventId: '41' });
  assert.equal(newest().header('last-event-id'), '41');
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
  assert.ok(wait > 2_500 && wait <= 6_500, `${wait}`);
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

test('headers may be pairs', async () => {
  await ask({ headers: [['x-try', 'a']] });
  assert.equal(newest().header('x-try'), 'a');
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
