// @ts-check
// Streams in the three engines, with a real server that cuts them anywhere and refuses in every way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { BYTES, EVENTS, serveStreams } from './support/stream-server.mjs';

/** Of the bytes of a stream, how many lie between two cuts. */
const STEP = 11;

const page = `
  import { stream } from 'everwire/stream';
  const soon = { backoff: { base: 1, cap: 1 } };
  const ended = (client, isOver = () => client.snapshot().final) =>
    new Promise((done) => {
      const look = () => isOver() && done(client.snapshot());
      client.subscribe(look);
      look();
    });

  async function followed(path, options) {
    const numbers = [];
    const client = stream(path, { ...soon, ...options });
    client.on('message', ({ data }) => numbers.push(data.n));
    let end;
    client.on('completed', ({ data }) => (end = data));
    const { reason, connects } = await ended(client);
    client.close();
    return { numbers, ...end, code: reason.code, connects };
  }

  async function why(path, options) {
    const client = stream(path, options);
    await ended(client, () => client.snapshot().reason !== null);
    const { reason, final, retryAt } = client.snapshot();
    client.close();
    return [reason.code, reason.status, final, retryAt === null ? null : Math.round((retryAt - Date.now()) / 1_000)];
  }

  const result = { resumed: {}, refusals: {} };
  for (const transport of ['fetch', 'eventsource']) {
    result.resumed[transport] = [];
    for (let cut = 0; cut <= ${BYTES}; cut += ${STEP}) {
      result.resumed[transport].push(await followed(\`/resumable?key=\${transport}\${cut}&cut=\${cut}\`, { transport }));
    }
  }
  result.redirected = await followed('/redirected?key=redirected&cut=100');
  const refused = (status, headers = {}) => \`/refused?status=\${status}&headers=\${encodeURIComponent(JSON.stringify(headers))}\`;
  for (const [name, path, options] of [
    ['204', refused(204)],
    ['401', refused(401)],
    ['403', refused(403)],
    ['429', refused(429, { 'retry-after': '100' })],
    ['429 by date', refused(429, { 'retry-after': new Date(Date.now() + 100_000).toUTCString() })],
    ['503', refused(503)],
    ['json', refused(200, { 'content-type': 'application/json' })],
    ['html', refused(200, { 'content-type': 'text/html' })],
    ['endless', '/endless'],
  ]) result.refusals[name] = await why(path, options);

  const source = stream(refused(403), { ...soon, transport: 'eventsource' });
  result.dark = (await ended(source)).reason.code;
  const silent = stream('/silent', { heartbeat: { silence: 1_000 } });
  await ended(silent, () => silent.snapshot().reason !== null);
  result.silent = silent.snapshot().reason.code;
  silent.close();
  let text = '';
  const chat = stream('/chat', { method: 'POST', body: 'Streams of words' });
  chat.on('message', ({ data }) => (text += data.delta));
  const { reason } = await ended(chat);
  result.chat = [reason.code, text];
  const recovered = stream('/endless', { recover: '/recover' });
  recovered.on('failed', ({ data }) => (result.recovered = data.why));
  await ended(recovered);
  window.result = result;
`;

for (const engine of engines) {
  test(`${engine}: streams that are cut go on, and what is refused says why`, async (t) => {
    const result = await resultOfPage(engine, await serveStreams(t, page), 60);
    const numbers = Array.from({ length: EVENTS }, (_, at) => at + 1);
    for (const transport of ['fetch', 'eventsource']) {
      result.resumed[transport].forEach((/** @type {any} */ stream, /** @type {number} */ at) => {
        assert.deepEqual([stream.numbers, stream.code], [numbers, 'completed'], `${transport}, cut at ${at * STEP}`);
        assert.ok(stream.connects <= 3 && (stream.after === '' || stream.after.startsWith('é☃𝄞 ')), stream.after);
        // WebKitGTK sends another header than it was given.
        if (transport === 'fetch' && engine !== 'WebKit') assert.equal(stream.said, stream.after);
      });
    }
    assert.deepEqual(result.redirected.numbers, numbers);
    const { 429: seconds, '429 by date': date, 503: trouble, ...final } = result.refusals;
    assert.deepEqual(final, {
      204: ['no_content', 204, true, null],
      401: ['unauthorized', 401, true, null],
      403: ['forbidden', 403, true, null],
      json: ['wrong_type', 200, true, null],
      html: ['html_page', 200, true, null],
      endless: ['too_long', null, true, null],
    });
    for (const [code, status, isFinal, wait] of [seconds, date]) {
      assert.deepEqual([code, status, isFinal], ['rate_limited', 429, false]);
      // A date is in whole seconds.
      assert.ok(wait >= 95 && wait <= 130, `${wait} s`);
    }
    assert.deepEqual(trouble.slice(0, 3), ['unavailable', 503, false]);
    assert.deepEqual([result.dark, result.silent, result.recovered], ['forbidden', 'heartbeat_lost', 'ü']);
    assert.deepEqual(result.chat, ['completed', 'Streams of words ']);
  });
}
