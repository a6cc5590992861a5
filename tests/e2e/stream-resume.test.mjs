// @ts-check
// Streams of the reference server, on memory and on a Redis with two processes, cut at every event in the three engines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { ownRedis } from './support/redis.mjs';
import { startServer } from './support/server.mjs';
import { startFront } from './support/stream-front.mjs';
import { LONG } from './support/until.mjs';

const WORDS = 12;
/** The words, and the end. */
const EVENTS = WORDS + 1;
/** At most so many: more losses in a minute are thrash, which waits. */
const CUTS_OF_ONE = 5;

/** Several at once, but fewer than a browser has connections for. */
const page = `
  import { stream } from 'everwire/stream';
  const soon = { backoff: { base: 1, cap: 1 } };

  async function begin(at, interval) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ work: 'answer', words: ${WORDS}, interval }) };
    const answer = await fetch('/api/stream?at=' + at, init);
    if (answer.status !== 201) throw new Error(answer.status + await answer.text());
    return (await answer.json()).url;
  }

  function followed(url, { key, ...cut }, transport) {
    return new Promise((done) => {
      const client = stream(url + '?' + new URLSearchParams({ key, ...cut }), { ...soon, transport });
      const numbers = [];
      let text = '';
      client.on('delta', ({ id, data }) => {
        numbers.push(Number(id.split(':')[1]));
        text += data.text;
      });
      client.on('completed', ({ id, data }) => {
        numbers.push(Number(id.split(':')[1]));
        done({ key, numbers, isWhole: data.text === text && data.words === ${WORDS} });
      });
      client.subscribe(() => client.snapshot().final && done({ key, numbers, why: client.snapshot().reason?.code }));
    });
  }

  async function each(list, work) {
    const results = [];
    const waiting = list.map((item, at) => [item, at]);
    await Promise.all([1, 2, 3, 4, 5].map(async () => {
      for (let next; (next = waiting.shift()); ) results[next[1]] = await work(next[0]);
    }));
    return results;
  }

  async function all() {
    const result = {};
    for (const at of ['memory', 'redis']) {
      for (const transport of ['fetch', 'eventsource']) {
        const name = at + ' ' + transport;
        // While it is made: the same viewer again and again.
        const live = await followed(await begin(at, 40), { at, key: name + ' live', cut: 3, times: ${CUTS_OF_ONE} }, transport);
        const url = await begin(at, 0);
        const cuts = Array.from({ length: ${EVENTS + 1} }, (_, cut) => ({ at, key: name + ' event ' + cut, cut }));
        if (${LONG}) {
          const whole = (await (await fetch(url + '?at=' + at)).arrayBuffer()).byteLength - 'retry: 1000\\n'.length;
          for (let cut = 1; cut < whole - 1; cut += 1) cuts.push({ at, key: name + ' byte ' + cut, cut, unit: 'bytes' });
        }
        result[name] = [live, ...(await each(cuts, (cut) => followed(url, cut, transport)))];
      }
    }
    return result;
  }
  all().then((result) => (window.result = result), (error) => (window.result = { error: String(error) }));
`;

for (const engine of engines) {
  test(`${engine}: a stream of the server that is cut at any event goes on, on memory and on Redis`, async (t) => {
    const front = await startFront(t, page);
    const behind = ['--behind', String(front.port)];
    const redis = { REDIS_URL: (await ownRedis(t)).url };
    const memory = await startServer(t, ['--memory', ...behind], { REDIS_URL: '' });
    const shared = [await startServer(t, behind, redis), await startServer(t, behind, redis)];
    front.servers = { memory: [() => memory.port], redis: shared.map((server) => () => server.port) };

    const result = await resultOfPage(engine, `${front.origin}/`, LONG ? 540 : 60);
    const numbers = Array.from({ length: EVENTS }, (_, at) => at + 1);
    assert.equal(result.error, undefined);
    assert.deepEqual(Object.keys(result), ['memory fetch', 'memory eventsource', 'redis fetch', 'redis eventsource']);
    let cuts = 0;
    for (const followed of Object.values(result).flat()) {
      assert.deepEqual(followed, { key: followed.key, numbers, isWhole: true });
      const times = followed.key.endsWith(' live') ? CUTS_OF_ONE : 1;
      // That there was a cut.
      assert.equal(front.asked.get(followed.key), times + 1, followed.key);
      cuts += times;
    }
    t.diagnostic(`${engine}: ${cuts} cuts, nothing lost, nothing doubled`);
  });
}
