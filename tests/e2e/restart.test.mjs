// @ts-check
// The server dies, the way to it is cut, and what a person decided meanwhile is applied exactly once.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openDashboard } from './support/dashboard.mjs';
import { setHidden } from './support/page-events.mjs';
import { startBehindProxy } from './support/proxy.mjs';
import { startServer } from './support/server.mjs';
import { LONG, pause, stopwatch, until } from './support/until.mjs';

/** How long the server is away. */
const AWAY = LONG ? 20_000 : 4_000;

/** @typedef {import('./support/dashboard.mjs').Dashboard} Dashboard */
/** @typedef {import('./support/server.mjs').Server} Server */

/** @param {Server} server @param {string} dag @returns {Promise<Record<string, string>>} */
async function truth(server, dag) {
  const { nodes } = await server.state(dag);
  return Object.fromEntries(nodes.map((/** @type {any} */ node) => [node.id ?? node.node_id, node.status]));
}

/** @param {Dashboard} dashboard @param {Server} server @param {string} dag */
const showsTheTruth = (dashboard, server, dag) =>
  until('the page shows what the server knows', async () => {
    const [shown, known] = [await dashboard.nodes(), await truth(server, dag)];
    return JSON.stringify(Object.entries(shown).sort()) === JSON.stringify(Object.entries(known).sort());
  });

describe('the server and the way to it', { concurrency: 3 }, () => {
  test('after a kill in mid-run the page comes back alone within one backoff step, with the true state, and the run goes on from its journal', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'steps' });
    await dashboard.start();
    await until('the second step has begun', async () => ['running', 'succeeded'].includes((await dashboard.nodes())['step-02'] ?? ''));
    const { run_id } = await server.state('steps');
    const away = stopwatch();
    await server.crash();
    await dashboard.badgeSays({ state: 'closed', final: false });
    await pause(AWAY);
    assert.notEqual((await dashboard.badge()).state, 'open');

    await server.start();
    const since = stopwatch();
    // The longest step that may have begun before the server was back, with its jitter.
    const step = 1.3 * Math.min(2 ** Math.ceil(Math.log2(away() / 1_000)), 30) * 1_000;
    await dashboard.isLive(step + 2_000);
    t.diagnostic(`back ${Math.round(since())} ms after the server`);
    await showsTheTruth(dashboard, server, 'steps');
    assert.equal((await server.state('steps')).run_id, run_id, 'the same run');
    await dashboard.shows('complete', 40_000);
    assert.equal(await dashboard.part('complete').getAttribute('data-status'), 'succeeded');
    const nodes = Object.values(await dashboard.nodes());
    assert.ok(nodes.length === 12 && nodes.every((status) => status === 'succeeded'), nodes.join());
    // Of the second process: what was done before the kill was not done again.
    const { node_starts_total, connections_per_client_peak } = await server.metrics();
    assert.ok(Number(node_starts_total) <= 11, `${node_starts_total} steps were started again`);
    assert.equal(connections_per_client_peak, 1);
  });

  test('a run that completes during a cut is shown complete when the page is back', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'quick' });
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    await server.startRun('quick');
    await until('the run is over', async () => (await server.state('quick')).status === 'succeeded');
    if (LONG) await pause(20_000);
    assert.equal(await dashboard.part('complete').isVisible(), false);
    await dashboard.network('restore');
    await dashboard.shows('complete', 40_000);
    assert.equal(await dashboard.part('complete').getAttribute('data-status'), 'succeeded');
    await showsTheTruth(dashboard, server, 'quick');
  });

  test('a graceful end of the server is announced, and the page is back after the restart', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'steps' });
    await dashboard.start();
    await until('the first step runs', async () => (await dashboard.nodes())['step-01'] === 'running');
    await server.stop();
    await dashboard.badgeSays({ state: 'closed', final: false });
    await server.start();
    await dashboard.isLive(20_000);
    await showsTheTruth(dashboard, server, 'steps');
  });

  test('a decision clicked during a cut is said to be queued, and is applied once', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    const { acked_total: before } = await server.metrics();
    await dashboard.part('gate-later').click();
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    await dashboard.part('gate-open').click();
    await dashboard.part('gate-approve').click();
    await dashboard.toasts(/decision queued, connection lost/i);
    assert.equal(await dashboard.part('queued').textContent(), '1');
    await dashboard.network('restore');
    await dashboard.shows('complete', 20_000);
    await dashboard.toasts(/decision delivered/i);
    assert.equal(await dashboard.part('queued').textContent(), '0');
    const metrics = await server.metrics();
    assert.equal(metrics['commands_total'], 1);
    assert.equal(Number(metrics['acked_total']) - Number(before), 1);
  });

  test('a decision clicked during a stall is applied once, though its first transmission arrives too', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await server.network(await dashboard.link(), 'stall');
    await dashboard.part('gate-approve').click();
    // The page has not noticed yet: the decision is on its way into the void.
    assert.equal((await dashboard.badge()).state, 'open');
    await pause(1_100);
    await setHidden(page, false);
    await until('it is given up', async () => (await dashboard.badge()).state !== 'open');
    await dashboard.toasts(/decision queued, connection lost/i);
    await server.network(await dashboard.link(), 'restore');
    await dashboard.shows('complete', 20_000);
    await until('all is settled', async () => (await dashboard.part('queued').getAttribute('data-in-flight')) === '0');
    const metrics = await server.metrics();
    assert.equal(metrics['commands_total'], 1);
    assert.equal(metrics['connections_per_client_peak'], 1);
    assert.equal((await server.state('gate')).status, 'succeeded');
  });

  test('a decision whose acknowledgement was lost is sent again, and not applied again', async (t) => {
    const { server, proxy, origin } = await startBehindProxy(t);
    const { dashboard } = await openDashboard(t, { origin }, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    proxy.stall('down');
    await dashboard.part('gate-approve').click();
    await until('it is applied', async () => (await server.metrics())['commands_total'] === 1);
    proxy.cut('rst');
    proxy.refusing = true;
    await dashboard.badgeSays({ state: 'closed' });
    proxy.heal();
    await dashboard.shows('complete', 20_000);
    await until('all is settled', async () => (await dashboard.part('queued').getAttribute('data-in-flight')) === '0');
    const metrics = await server.metrics();
    assert.equal(metrics['commands_total'], 1);
    assert.equal(metrics['repeated_total'], 1);
  });

  test('a decision clicked while the server is down is applied once by the next one', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await server.crash();
    await dashboard.badgeSays({ state: 'closed' });
    await dashboard.part('gate-approve').click();
    await dashboard.toasts(/decision queued, connection lost/i);
    await server.start();
    await dashboard.shows('complete', 20_000);
    assert.equal((await server.metrics())['commands_total'], 1);
    assert.equal((await server.state('gate')).status, 'succeeded');
  });
});
