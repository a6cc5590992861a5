// @ts-check
// What a stream makes of a server that refuses it: in which state it stays, what a person is told, and how often it asks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { serveStreams } from './support/stream-server.mjs';
import { LONG } from './support/until.mjs';

/** Longer than any delay of a stream that goes on asking though it must not, in milliseconds. */
const PATIENCE = 1_000;

const page = `
  import { stream } from 'everwire/stream';
  const soon = { backoff: { base: 50, cap: 50 } };
  const when = (client, isSo) =>
    new Promise((done) => {
      const look = () => isSo(client.snapshot()) && done(client.snapshot());
      client.subscribe(look);
      look();
    });
  const refused = (status, headers = {}) => \`/refused?status=\${status}&headers=\${encodeURIComponent(JSON.stringify(headers))}\`;
  const date = new Date(Date.now() + 100_000).toUTCString();
  const cases = {
    204: refused(204),
    401: refused(401),
    403: refused(403),
    429: refused(429, { 'retry-after': '100' }),
    '429 by date': refused(429, { 'retry-after': date }),
    503: refused(503, { 'retry-after': '100' }),
    json: refused(200, { 'content-type': 'application/json' }),
    login: '/private?',
    endless: '/endless?',
  };

  async function all() {
    const result = { refusals: {}, back: {} };
    await Promise.all(['fetch', 'eventsource'].map(async (transport) => {
      // One after the other: a browser has six connections for all of them.
      for (const [name, url] of Object.entries(cases)) {
        // Nothing bounds what a browser's EventSource keeps of a line.
        if (transport === 'eventsource' && name === 'endless') continue;
        const key = transport + ' ' + name;
        let tokens = 0;
        const token = name === '401' && transport === 'fetch' ? { token: () => String((tokens += 1)) } : {};
        const client = stream(url + '&key=' + encodeURIComponent(key), { ...soon, transport, ...token });
        // A request that shows why comes after an EventSource that did not open.
        const { reason, final, state, retryAt } = await when(client, ({ reason, final, retryAt }) => final || (reason?.status && retryAt - Date.now() > 10_000));
        result.refusals[key] = { code: reason.code, status: reason.status, message: reason.message, final, state, wait: retryAt && Math.round((retryAt - Date.now()) / 1_000), tokens };
        if (!final) client.close();
      }
    }));
    await Promise.all([['429', 429, ''], ['429 by date', 429, '&date'], ['503', 503, '']].map(async ([name, status, more]) => {
      const from = performance.now();
      const client = stream(\`/busy?status=\${status}&seconds=2\${more}&key=\${name} once\`, soon);
      const { reason } = await when(client, ({ final }) => final);
      result.back[name] = [reason.code, performance.now() - from];
    }));
    let tokens = 0;
    const renewed = stream('/token?key=token', { ...soon, token: () => (tokens++ === 0 ? 'old' : 'new') });
    result.back.token = (await when(renewed, ({ final }) => final)).reason.code;
    await new Promise((done) => setTimeout(done, ${PATIENCE}));
    result.asked = await (await fetch('/asked')).json();
    return result;
  }
  all().then((result) => (window.result = result), (error) => (window.result = { error: String(error.stack) }));
`;

/** What is documented, and what a person has to understand. @type {Record<string, { code: string, status: number | null, final: boolean, says: RegExp }>} */
const expected = {
  204: { code: 'no_content', status: 204, final: true, says: /nothing more to come/ },
  401: { code: 'unauthorized', status: 401, final: true, says: /refused the credentials.*[Ss]ign in/ },
  403: { code: 'forbidden', status: 403, final: true, says: /does not allow.*Ask for access/ },
  429: { code: 'rate_limited', status: 429, final: false, says: /less often.*waits/ },
  '429 by date': { code: 'rate_limited', status: 429, final: false, says: /less often.*waits/ },
  503: { code: 'unavailable', status: 503, final: false, says: /for now.*waits/ },
  json: { code: 'wrong_type', status: 200, final: true, says: /no stream.*Check the url/ },
  login: { code: 'html_page', status: 200, final: true, says: /web page.*sign in/ },
  endless: { code: 'too_long', status: null, final: true, says: /too long/ },
};

for (const engine of LONG ? engines : engines.slice(0, 1)) {
  test(`${engine}: each refusal ends in its state, says what to do, and is not asked about again`, async (t) => {
    const { error, refusals, back, asked } = await resultOfPage(engine, await serveStreams(t, page), 60);
    assert.equal(error, undefined);
    for (const transport of ['fetch', 'eventsource']) {
      for (const [name, { says, ...states }] of Object.entries(expected)) {
        if (transport === 'eventsource' && name === 'endless') continue;
        const key = `${transport} ${name}`;
        const { message, wait, tokens, ...found } = refusals[key] ?? {};
        assert.deepEqual(found, { ...states, state: 'closed' }, key);
        assert.match(message, says, key);
        assert.match(message, /^[A-Z].*\.$/, key);
        if (states.final) assert.equal(wait, null, key);
        else assert.ok(wait >= 95 && wait <= 130, `${key}: ${wait} s`);
        // A refused token is asked for once more, and what an EventSource cannot say by one request.
        assert.equal(asked[key], (transport === 'eventsource' ? 2 : 1) + (tokens > 0 ? 1 : 0), key);
        if (transport === 'fetch') t.diagnostic(`${name}: ${message}`);
      }
    }
    assert.equal(refusals['fetch 401'].tokens, 2);
    for (const name of ['429', '429 by date', '503']) {
      const [code, after] = back[name];
      assert.equal(code, 'completed');
      assert.ok(after >= 1_950 && after < 20_000, `${name}: back after ${after} ms`);
      assert.equal(asked[`${name} once`], 2);
    }
    assert.deepEqual([back.token, asked.token], ['completed', 2]);
  });
}
