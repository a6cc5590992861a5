// @ts-check
// Streams that are not to be had, and what cannot be asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, EverwireError, next, stream } from './support/stream_client.mjs';
import { exchanges, living, newest } from './support/stream_network.mjs';

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

test('retries are limited where that is wanted', async () => {
  const { client } = await ask({ retries: 1 });
  await newest().cut();
  await (await next()).cut();
  assert.deepEqual([client.snapshot().final, client.snapshot().reason.code], [true, 'retries_used']);
});

test('who wants no retry is told the status all the same', async () => {
  const { client } = await ask({ method: 'POST', retries: 0 });
  await newest().refuse(503);
  const { code, status } = client.snapshot().reason;
  assert.deepEqual([code, status, client.snapshot().final], ['retries_used', 503, true]);
});

test('the application may overrule a refusal', async () => {
  const { client } = await ask({ shouldReconnect: (/** @type {any} */ { status }) => status === 404 });
  await newest().refuse(404);
  assert.equal(client.snapshot().final, false);
  await (await next()).refuse(503);
  assert.equal(client.snapshot().final, true);
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
