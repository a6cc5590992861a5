// @ts-check
// Servers that know little or nothing of everwire, and pages that know nothing of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPage } from './support/browser.mjs';
import { bundled } from './support/bundle.mjs';
import { openLab, serveLab } from './support/lab.mjs';
import { passTime } from './support/page-clock.mjs';
import { echo, silent, smallest, speaking, startPeer } from './support/peers.mjs';
import { startServer } from './support/server.mjs';
import { LONG, pause, until } from './support/until.mjs';

const TEN_MINUTES = 600_000;
const kinds = /** @type {const} */ ([
  ['that says back what it hears', echo],
  ['that never answers', silent],
  ['of the smallest rules', smallest],
]);

describe('peers', { concurrency: true }, () => {
  for (const [what, behaviour] of kinds) {
    test(`a server ${what} is used undisturbed for ten minutes`, async (t) => {
      const peer = await startPeer(t, behaviour);
      const { lab, page } = await openLab(t, { clock: !LONG });
      await lab.connect(peer.url);
      await lab.becomes({ state: 'open' });
      if (LONG) await pause(TEN_MINUTES);
      else await passTime(page, TEN_MINUTES, 20);
      const { connects, state, attempt, freshness } = await lab.snapshot();
      assert.deepEqual({ connects, state, attempt }, { connects: 1, state: 'open', attempt: 0 });
      assert.equal(peer.visits.length, 1);
      assert.equal(freshness, behaviour === silent ? 'unknown' : 'fresh');
      const outcome = await lab.send({ type: 'still_there', n: 1 }, { ack: true });
      assert.equal(outcome.fate, 'sent');
      assert.equal(outcome.confirmed, false);
      await until('it arrived', () => peer.messages('still_there').length === 1);
      assert.deepEqual(peer.messages('still_there')[0], { type: 'still_there', n: 1 }, 'nothing was added to it');
      assert.equal(peer.messages('hello').length, 0, 'no hello to those who said none');
      if (behaviour === echo) await until('the echo', async () => (await lab.events()).some(({ type }) => type === 'still_there'));
      const pings = peer.messages('ping').length;
      t.diagnostic(`${pings} pings`);
      assert.ok(behaviour === silent ? pings === 1 : pings >= 19 && pings <= 44, `${pings} pings`);
      const warned = (await lab.warnings()).map(({ code }) => code);
      assert.deepEqual(warned, behaviour === silent ? ['heartbeat_unsupported', 'ack_unsupported'] : ['ack_unsupported']);
    });

    test(`a server ${what} is used undisturbed for half a minute of real time`, async (t) => {
      const peer = await startPeer(t, behaviour);
      const { lab } = await openLab(t);
      await lab.connect(peer.url);
      await pause(30_000);
      assert.equal((await lab.snapshot()).state, 'open');
      assert.equal(peer.visits.length, 1);
      assert.ok(peer.messages('ping').length <= 3);
    });
  }

  test('a server of the smallest rules that falls silent is dead within 31 s', async (t) => {
    let answers = true;
    const peer = await startPeer(t, (socket, self) => {
      if (self.visits.length > 1) return;
      socket.on('message', (data) => {
        const { type, ts } = JSON.parse(String(data));
        if (answers && type === 'ping') socket.send(JSON.stringify({ type: 'pong', ts }));
      });
    });
    const { lab, page } = await openLab(t, { clock: true });
    await lab.connect(peer.url);
    await passTime(page, 40_000, 20);
    assert.ok(peer.messages('ping').length >= 1);
    answers = false;
    const from = await page.evaluate(() => performance.now());
    await passTime(page, 31_500, 10);
    const death = (await lab.history()).find((moment) => moment.at > from && moment.reason?.code === 'heartbeat_lost');
    assert.ok(death, 'it was given up');
    assert.ok(death.at - from <= 31_000, `after ${death.at - from} ms`);
    const before = (await lab.history()).filter((moment) => moment.at > from && moment.at < death.at);
    assert.ok(before.some(({ state, freshness }) => state === 'open' && freshness === 'stale'), 'and shown stale before');
  });

  test('a hook of a plain WebSocket, JSON.parse and a switch on the type works unchanged against our server', async (t) => {
    const { origin } = await serveLab(t, { script: await bundled(plainPage) });
    const server = await startServer(t, ['--allow-origin', origin]);
    const { page, errors } = await openPage(t);
    await page.goto(`${origin}/?${encodeURIComponent(server.stream('gate'))}`);
    await page.waitForFunction(() => document.body.dataset['open'] === 'true');
    await server.startRun('gate');
    // It approves the gate on its own, and ends.
    await page.waitForFunction(() => document.body.dataset['complete'] !== undefined);
    const { seen, unknown, nodes } = await page.evaluate(() => Reflect.get(window, 'plain'));
    assert.deepEqual(nodes, { ask: 'succeeded', after: 'succeeded' });
    assert.deepEqual(unknown, [], 'nothing but objects with a type');
    for (const type of ['node_state', 'human_gate_waiting', 'execution_complete']) assert.ok(seen.includes(type), `${type}: ${seen}`);
    assert.deepEqual(errors, []);
    const metrics = await server.metrics();
    assert.equal(metrics['commands_total'], 1);
    assert.equal(metrics['connected_total'], 1);
  });

  test('a page that listens before it connects misses nothing of what is said at once', async (t) => {
    const peer = await startPeer(t, (socket) => {
      for (let n = 0; n < 500; n++) socket.send(JSON.stringify({ type: 'tick', n }));
    });
    const { lab } = await openLab(t);
    await lab.connect(peer.url);
    await until('all of it', async () => (await lab.events()).length === 500);
    assert.deepEqual((await lab.events()).map(({ n }) => n), [...Array(500).keys()]);
  });

  test('events of one frame and of many arrive in order and once, over a reconnect too', async (t) => {
    const behaviour = speaking();
    const peer = await startPeer(t, behaviour);
    const { lab, page } = await openLab(t);
    await lab.connect(peer.url);
    await until('greeted', () => behaviour.greeted === 1);
    const tick = () => ({ type: 'tick', $seq: ++behaviour.seq });
    for (let round = 0; round < 10; round++) {
      peer.say(tick());
      peer.say([tick(), tick(), tick()]);
    }
    await until('forty events', async () => (await lab.events()).length === 40);
    await page.evaluate(() => void (Reflect.get(window, 'lab').events.length = 0));
    await peer.stop();
    await peer.start();
    await until('greeted again', () => behaviour.greeted === 2, { within: 15_000 });
    peer.say([tick(), tick()]);
    await until('two more', async () => (await lab.events()).length === 2);
    assert.deepEqual((await lab.events()).map(({ $seq }) => $seq), [41, 42]);
  });
});

/** What people write themselves. */
const plainPage = `
  import { useEffect, useReducer } from 'react';
  import { createRoot } from 'react-dom/client';

  const plain = (window.plain = { seen: [], unknown: [], nodes: {} });

  function useStream(url) {
    const [, changed] = useReducer((count) => count + 1, 0);
    useEffect(() => {
      const ws = new WebSocket(url);
      ws.onopen = () => { document.body.dataset.open = 'true'; };
      ws.onmessage = (message) => {
        const event = JSON.parse(message.data);
        plain.seen.push(event.type);
        switch (event.type) {
          case 'node_state': plain.nodes[event.node_id] = event.status; break;
          case 'human_gate_waiting':
            ws.send(JSON.stringify({ type: 'human_decision', node_id: event.node_id, decision: 'approve' }));
            break;
          case 'execution_complete': document.body.dataset.complete = event.results.status; break;
          default: if (typeof event.type !== 'string') plain.unknown.push(message.data);
        }
        changed();
      };
      return () => ws.close();
    }, [url]);
    return plain.nodes;
  }

  const Page = () => JSON.stringify(useStream(decodeURIComponent(location.search.slice(1))));
  createRoot(document.body.appendChild(document.createElement('div'))).render(<Page />);
`;
