// @ts-check
// Several server processes behind nginx, as `make demo NODES=3` starts them: the package's client moves between them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { openDashboard } from './support/dashboard.mjs';
import { commandWhileProcessesDie } from './support/dying.mjs';
import { startNodes } from './support/nodes.mjs';
import { LONG, pause, stopwatch, until } from './support/until.mjs';

Object.assign(globalThis, { WebSocket });
const { connect } = await import('everwire');

/** How long processes are killed, in milliseconds. */
const KILLING = LONG ? 60_000 : 20_000;

test('clients that move between dying processes get everything once and in order, and what they send takes effect once', async (t) => {
  const nodes = await startNodes(t);
  const url = `${nodes.origin.replace('http', 'ws')}/api/dags/gate/stream`;
  const listeners = [0, 1, 2, 3].map(() => {
    const client = connect(url, { onWarning() {} });
    t.after(() => client.close());
    /** @type {string[]} */
    const told = [];
    /** @type {number[]} */
    const away = [];
    let since = stopwatch();
    client.on('run_state', ({ status }) => void told.push(status));
    let states = 0;
    // The first is what a page begins with; another would mean that events were lost.
    client.on('resync', () => assert.equal((states += 1), 1, 'it was answered by state'));
    client.subscribe(() => {
      if (client.state !== 'open') since = away.length % 2 === 0 ? (away.push(0), stopwatch()) : since;
      else if (away.length % 2 === 1) away.splice(-1, 1, since(), 0);
    });
    return { client, told, away };
  });
  const [commander] = listeners;
  assert.ok(commander);
  await until('all are open', () => listeners.every(({ client }) => client.state === 'open'));
  const started = await fetch(`${nodes.origin}/api/dags/gate/start`, { method: 'POST' });
  assert.equal(started.status, 200);

  const { kills, fates, expected } = await commandWhileProcessesDie(nodes, commander.client, KILLING);
  await until('all have been told everything', () => listeners.every(({ told }) => told.length >= fates.length), { within: 30_000 });
  await pause(200);

  assert.deepEqual(fates.filter((fate) => fate !== 'acked'), []);
  for (const { told } of listeners) assert.deepEqual(told, expected);
  const longest = Math.max(0, ...listeners.flatMap(({ away }) => away));
  t.diagnostic(`${kills} kills, ${fates.length} commands; away for ${Math.round(longest)} ms at most`);
  await nodes.stop();
  assert.ok(nodes.said().trimEnd().endsWith('stopping'), nodes.said());
});

test('a run that is shown in the dashboard goes on when its process dies, and the page with it', async (t) => {
  const nodes = await startNodes(t);
  const { dashboard, errors } = await openDashboard(t, nodes, { dag: 'steps' });
  await dashboard.start();
  for (const [node, step] of /** @type {const} */ ([[1, 'step-02'], [2, 'step-05'], [3, 'step-08']])) {
    await until(`${step} has begun`, async () => ['running', 'succeeded'].includes((await dashboard.nodes())[step] ?? ''), { within: 30_000 });
    process.kill(nodes.pid(node), 'SIGKILL');
  }
  await dashboard.shows('complete', 60_000);
  assert.equal(await dashboard.part('complete').getAttribute('data-status'), 'succeeded');
  await dashboard.isLive(15_000);
  assert.deepEqual(errors.filter((error) => !error.includes('WebSocket')), []);
});
