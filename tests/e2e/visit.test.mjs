// @ts-check
// What a person decided outlives the visit to the page: a reload while the server, or the way to it, is away.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertNoErrors } from './support/browser.mjs';
import { openDashboard } from './support/dashboard.mjs';
import { startServer } from './support/server.mjs';
import { until } from './support/until.mjs';

/** @typedef {import('./support/dashboard.mjs').Dashboard} Dashboard */

/** Decides while there is no connection, and waits until that is stored. @param {Dashboard} dashboard */
async function decideOffline(dashboard) {
  await dashboard.badgeSays({ state: 'closed' });
  await dashboard.part('gate-open').click();
  await dashboard.part('gate-approve').click();
  await dashboard.toasts(/it is kept, even if you reload/i);
}

describe('a decision of an earlier visit', { concurrency: 3 }, () => {
  test('made during a cut: the page says after the reload that it is on its way, and then that it was applied, once', async (t) => {
    const server = await startServer(t);
    const { dashboard, page, errors } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await dashboard.part('gate-later').click();
    await dashboard.network('cut');
    await decideOffline(dashboard);

    await page.reload();
    await dashboard.toasts(/earlier decision is on its way.*as soon as the connection is back/i);
    assert.equal(await dashboard.part('queued').textContent(), '1');
    assert.equal((await server.metrics())['commands_total'], 0);
    await dashboard.network('restore');
    await dashboard.shows('complete', 20_000);
    await dashboard.toasts(/applied: your earlier yes to/i);
    assert.equal(await dashboard.part('toast').count(), 1, 'the one that said that it was on its way is gone');
    assert.equal((await server.metrics())['commands_total'], 1);
    assert.equal((await server.state('gate')).status, 'succeeded');

    await page.reload();
    await dashboard.isLive();
    assert.equal(await dashboard.part('queued').textContent(), '0');
    assert.equal(await dashboard.part('toast').count(), 0, 'it is said once');
    assert.equal((await server.metrics())['commands_total'], 1);
    assertNoErrors(errors);
  });

  test('made while the server was down, in a page that could not be reloaded before it was back: applied once', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await dashboard.part('gate-later').click();
    await server.crash();
    await decideOffline(dashboard);
    await assert.rejects(page.reload());
    await page.waitForURL('chrome-error://**');
    await server.start();
    await page.goto(`${server.origin}/?dag=gate`);
    await dashboard.toasts(/applied: your earlier yes to/i, 20_000);
    await dashboard.shows('complete', 20_000);
    assert.equal((await server.metrics())['commands_total'], 1);
    assert.equal((await server.state('gate')).status, 'succeeded');
  });

  test('that another person was quicker than: the page says that it was not applied, and why', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { dag: 'gate' });
    const { dashboard: other } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await dashboard.part('gate-later').click();
    await dashboard.network('cut');
    await decideOffline(dashboard);
    await other.part('gate-reject').click();
    await until('the other answer counts', async () => (await server.state('gate')).status === 'failed');
    await page.reload();
    await dashboard.network('restore');
    await dashboard.toasts(/not applied: your earlier yes to/i, 20_000);
    await until('one toast says it', async () => (await dashboard.part('toast').count()) === 1);
    assert.equal((await server.state('gate')).status, 'failed');
  });

  test('about one DAG is not sent to another', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    await dashboard.part('gate-later').click();
    await dashboard.network('cut');
    await decideOffline(dashboard);
    await server.network(await dashboard.link(), 'restore');
    await page.goto(`${server.origin}/?dag=quick`);
    await dashboard.isLive();
    assert.equal(await dashboard.part('queued').textContent(), '0');
    assert.equal(await dashboard.part('toast').count(), 0);
    assert.equal((await server.metrics())['commands_total'], 0);
    await page.goto(`${server.origin}/?dag=gate`);
    await dashboard.shows('complete', 20_000);
    assert.equal((await server.metrics())['commands_total'], 1);
  });
});
