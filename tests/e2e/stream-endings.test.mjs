// @ts-check
// Streams that end while nobody listens: the next visitor is shown how, by the hook, also after the server was killed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { ownRedis } from './support/redis.mjs';
import { startServer } from './support/server.mjs';
import { startFront } from './support/stream-front.mjs';
import { LONG } from './support/until.mjs';

/** What takes half a minute takes a few seconds. */
const TERMS = LONG ? [] : ['--stream-terms', 'beat=200,stale=3000,look=300'];
const WORDS = 5;

/** Two visits of one page. In the first, streams are begun and never listened to. */
const page = `
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { useResilientSSE } from 'everwire/stream/react';

  async function begin(order) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ work: 'answer', ...order }) };
    return (await fetch('/api/stream', init)).json();
  }
  async function over({ recover }) {
    for (;;) {
      const answer = await fetch(recover);
      if (answer.ok && (await answer.json()).status !== 'active') return;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  async function firstVisit() {
    const whole = await begin({ words: ${WORDS}, interval: 10 });
    await over(whole);
    const broken = await begin({ words: 4000, interval: 50 });
    const killed = await (await fetch('/test/kill')).json();
    if (killed !== null) throw new Error(killed.error);
    await over(broken);
    await fetch('/test/visit');
    sessionStorage.begun = JSON.stringify({ whole, broken });
    location.reload();
  }

  const shown = {};
  function Answer({ name, url, options }) {
    const { status, outcome, data, error, attempts } = useResilientSSE(url, options);
    shown[name] = { status, outcome, data, error, attempts };
    if (Object.values(shown).filter(({ status }) => status === 'completed' || status === 'error').length === 3) {
      window.result ??= { ...shown };
    }
    return createElement('p', null, name, ': ', status, ' ', outcome);
  }
  function secondVisit({ whole, broken }) {
    const answer = (name, { url, recover }, options) => createElement(Answer, { key: name, name, url, options: { recover, ...options } });
    createRoot(document.getElementById('root')).render([
      answer('whole', whole),
      answer('broken', broken),
      // One who has the key, and no cookie.
      answer('elsewhere', whole, { token: whole.token, credentials: 'omit' }),
    ]);
  }

  const { begun } = sessionStorage;
  if (begun) secondVisit(JSON.parse(begun));
  else firstVisit().catch((error) => (window.result = { error: String(error) }));
`;

for (const engine of LONG ? engines : engines.slice(0, 1)) {
  for (const store of ['a file', 'Redis']) {
    test(`${engine}: what ended while nobody listened is shown to the next visitor, though the server was killed (${store})`, async (t) => {
      const front = await startFront(t, page);
      const redis = store === 'Redis' ? (await ownRedis(t)).url : '';
      const server = await startServer(t, ['--behind', String(front.port), ...TERMS], { REDIS_URL: redis });
      front.servers = { one: [() => server.port] };
      front.actions = {
        kill: async () => {
          await server.crash();
          await server.start();
        },
        visit: () => void (front.paths.length = 0),
      };
      const { whole, broken, elsewhere, error } = await resultOfPage(engine, `${front.origin}/`, LONG ? 150 : 45);

      assert.equal(error, undefined);
      assert.deepEqual([whole.status, whole.outcome, whole.error, whole.attempts], ['completed', 'completed', null, 0]);
      assert.equal(whole.data.words, WORDS);
      assert.equal(whole.data.text.trim().split(' ').length, WORDS);
      assert.deepEqual(elsewhere, whole);
      assert.deepEqual([broken.status, broken.outcome, broken.error], ['completed', 'failed', null]);
      assert.equal(broken.data.code, 'producer_lost');
      // Nobody had to listen for that.
      assert.equal(front.paths.length, 3);
      assert.ok(front.paths.every((path) => path.endsWith('/recover')), front.paths.join());
    });
  }
}
