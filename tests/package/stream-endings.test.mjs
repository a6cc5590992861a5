// @ts-check
// Streams that are at their end, and ends that were stored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, next, slow } from './support/stream_client.mjs';
import { answer, exchanges, living, newest, settled } from './support/stream_network.mjs';

const { iterate } = await import('everwire/iterate');

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
