// @ts-check
// The first seconds of a connection after another one: what goes out in which order, and what must be seen is.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decision, writeGates } from './support/gates.mjs';
import { openLab } from './support/lab.mjs';
import { startProxy } from './support/proxy.mjs';
import { startServer } from './support/server.mjs';
import { LONG, pause, until } from './support/until.mjs';
import { decidedGates, startWitness } from './support/witness.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('playwright-core').Page} Page */

/** How long there is no way to the server. */
const AWAY = LONG ? 45_000 : 3_000;
/** So that the page is back soon after the way is, however long it was away: the breaker would let it wait for a minute. */
const OPTIONS = { backoff: { base: 300, cap: 2_000 }, breaker: false };

/**
 * A bare page, connected to the DAG `desk` through a proxy of its own.
 *
 * @param {TestContext} t
 * @param {Record<string, import('./support/gates.mjs').Gates>} gates
 */
async function openDesk(t, gates) {
  const { lab, page, origin, errors } = await openLab(t);
  const dags = writeGates(t, { desk: gates });
  const server = await startServer(t, ['--dags', dags, '--allow-origin', origin], { EVERWIRE_DEBUG: '1' });
  const proxy = await startProxy(t, server);
  await lab.connect(proxy.stream('desk'), OPTIONS);
  await page.evaluate(() => {
    const lab = Reflect.get(window, 'lab');
    lab.seen = [];
    lab.client.on('*', (/** @type {any} */ { type, $id }) => lab.seen.push({ type, id: $id, at: performance.now() }));
  });
  await lab.becomes({ state: 'open', peer: 'everwire', freshness: 'fresh' });
  return { lab, page, server, proxy, errors };
}

/** Sends decisions to be acknowledged; their outcomes are collected. @param {Page} page @param {[node: string, priority: 'high' | 'normal'][]} decisions */
const decide = (page, decisions) =>
  page.evaluate(
    (all) => {
      const lab = Reflect.get(window, 'lab');
      for (const [event, priority] of all) {
        lab.client.send(event, { ack: true, priority }).settled.then((/** @type {any} */ { fate }) => lab.outcomes.push(`${event.node_id} ${fate}`));
      }
    },
    decisions.map(([node, priority]) => /** @type {const} */ ([decision(node), priority])),
  );

/** @param {Page} page @returns {Promise<string[]>} */
const outcomes = (page) => page.evaluate(() => Reflect.get(window, 'lab').outcomes);

/** Of one type, as the page's handler was given them. @param {Page} page @param {string} type @returns {Promise<{ id: string, at: number }[]>} */
const seen = (page, type) => page.evaluate((wanted) => Reflect.get(window, 'lab').seen.filter((/** @type {any} */ event) => event.type === wanted), type);

describe('a reconnect', { concurrency: true }, () => {
  test(`after ${AWAY / 1_000} s without a way the server hears hello, resync_request, resends, high and normal, in this order`, async (t) => {
    const { lab, page, server, proxy, errors } = await openDesk(t, { p: { count: 9 }, o: { count: 1 } });
    const witness = startWitness(t, server.stream('desk'));
    await server.startRun('desk');
    await until('all know of the run', async () => witness.head > 20 && (await seen(page, 'human_gate_waiting')).length === 10);

    // Two are applied and their acknowledgements are lost; the third is on its way into the void.
    proxy.stall('down');
    await decide(page, [['p1', 'normal'], ['p2', 'normal']]);
    await until('they are applied', async () => (await server.metrics())['commands_total'] === 2);
    proxy.stall('up');
    await decide(page, [['p3', 'normal']]);
    await lab.becomes({ inFlight: 3, queued: 0 });
    proxy.cut('rst');
    proxy.refusing = true;
    await lab.becomes({ state: 'closed' });
    await decide(page, [['p4', 'normal'], ['p5', 'normal'], ['p6', 'high'], ['p7', 'high'], ['p8', 'normal'], ['p9', 'high']]);
    witness.decide('o1');
    await pause(AWAY);
    assert.equal((await lab.snapshot()).queued, 6);
    proxy.heal();

    await until('all is settled', async () => (await outcomes(page)).length === 9, { within: 20_000 });
    assert.ok((await outcomes(page)).every((outcome) => outcome.endsWith(' acked')), (await outcomes(page)).join());
    /** Of a connection, without the client's identity in each `$id`. @param {string[]} [heard] */
    const said = (heard = []) => heard.filter((message) => !/^(ping|ack)\b/.test(message)).map((message) => message.replace(/ [0-9a-f]+\./, ' '));
    const heard = server.heard();
    const connections = [...heard.keys()].filter((conn) => said(heard.get(conn)).includes('human_decision 1')).sort((a, b) => a - b);
    const decisions = (/** @type {number[]} */ ...all) => all.map((n) => `human_decision ${n}`);
    assert.deepEqual(connections.map((conn) => said(heard.get(conn))), [
      ['hello', ...decisions(1, 2)],
      ['hello', 'resync_request', ...decisions(1, 2, 3, 4, 5, 6, 7, 8, 9)],
    ]);
    assert.equal((await server.metrics())['repeated_total'], 2);
    // A number is given at the first transmission; whose it is says the log: high before normal.
    await until('the log has it', () => decidedGates(witness.log).flat().length === 10);
    assert.deepEqual(decidedGates(witness.log), [['p1', 'p2', 'o1', 'p3', 'p6', 'p7', 'p9', 'p4', 'p5', 'p8']]);
    assert.deepEqual(errors, []);
  });

  /** @type {[what: string, type: string, happen: (desk: Awaited<ReturnType<typeof openDesk>>) => Promise<unknown>][]} */
  const criticals = [
    ['a question to a person', 'human_gate_waiting', ({ server }) => server.startRun('desk')],
    ['the refusal of a decision', 'error', ({ page }) => decide(page, [['nobody', 'high']])],
  ];
  for (const [what, type, happen] of criticals) {
    test(`${what} that a lost connection took with it is handled within 2 s of the reconnect, once`, async (t) => {
      const desk = await openDesk(t, { p: { count: 1 } });
      const { lab, page, server, proxy, errors } = desk;
      proxy.stall('down');
      await happen(desk);
      await until('it is told', async () => (await server.metrics())['unacknowledged'] === 1);
      await pause(100);
      assert.deepEqual(await seen(page, type), []);
      proxy.cut('rst');

      await until('it is handled', async () => (await seen(page, type)).length > 0, { within: 20_000 });
      const history = await lab.history();
      const opened = history[history.findLastIndex(({ state }) => state !== 'open') + 1]?.at ?? NaN;
      const took = Number((await seen(page, type))[0]?.at) - opened;
      t.diagnostic(`handled ${Math.round(took)} ms after the reconnect`);
      assert.ok(took <= 2_000, `after ${took} ms`);
      await until('it is acknowledged', async () => (await server.metrics())['unacknowledged'] === 0);
      await pause(1_500);
      assert.equal((await seen(page, type)).length, 1);
      assert.deepEqual(errors, []);
    });

    test(`${what} whose acknowledgement was lost is acknowledged again within 2 s of the reconnect, and not handled again`, async (t) => {
      const desk = await openDesk(t, { p: { count: 1 } });
      const { lab, page, server, proxy, errors } = desk;
      proxy.stall('down');
      await happen(desk);
      await until('it is told', async () => (await server.metrics())['unacknowledged'] === 1);
      // From here on the page hears and is not heard.
      proxy.stall('up');
      proxy.release('down');
      await until('it is handled', async () => (await seen(page, type)).length > 0);
      const [{ id } = { id: '' }] = await seen(page, type);
      await pause(100);
      const before = server.said.length;
      assert.equal((await server.metrics())['unacknowledged'], 1);
      proxy.cut('rst');

      await lab.becomes({ state: 'open', connects: 2 }, 20_000);
      await until('it is acknowledged', async () => (await server.metrics())['unacknowledged'] === 0, { within: 2_000 });
      await until('the log says so', () => server.said.slice(before).includes(`ack ${id}`));
      await pause(1_500);
      assert.equal((await seen(page, type)).length, 1);
      assert.deepEqual(errors, []);
    });
  }
});
