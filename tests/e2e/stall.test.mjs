// @ts-check
// A connection that is open and dead: nothing passes, and nobody is told.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openDashboard } from './support/dashboard.mjs';
import { pageNow, passTime } from './support/page-clock.mjs';
import { setHidden, tellWindow } from './support/page-events.mjs';
import { startServer } from './support/server.mjs';
import { pause, until } from './support/until.mjs';

/** @typedef {import('playwright-core').Page} Page */

// Limits are by the clock of the page, which stands still while the machine does.

describe('a stalled connection', { concurrency: true }, () => {
  test('with defaults it is shown stale and then declared dead within 31 s; back once the stall is over', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
    await server.network(await dashboard.link(), 'stall');
    const from = await pageNow(page);
    await dashboard.badgeSays({ state: 'open', fresh: 'stale' }, 60_000);
    const stale = (await pageNow(page)) - from;
    assert.match((await dashboard.badge()).note, /stale, silent for \d+ s/);
    const dead = await dashboard.givenUpAfter(from);
    t.diagnostic(`stale after ${Math.round(stale)} ms, dead after ${Math.round(dead)} ms`);
    assert.ok(dead <= 31_000, `dead after ${dead} ms`);
    assert.ok(stale < dead - 5_000, 'the badge warned long before');
    await server.network(await dashboard.link(), 'restore');
    await dashboard.isLive(20_000);
    await until('the server has let go of the old one', async () => (await server.metrics())['connections'] === 1);
    assert.equal((await server.metrics())['connections_per_client_peak'], 1);
  });

  /** @type {[string, (page: Page) => Promise<unknown>][]} */
  const signals = [
    ['becomes visible', (page) => setHidden(page, false)],
    ['is told that the network is back', (page) => tellWindow(page, 'online')],
    ['is told that the network is gone', (page) => tellWindow(page, 'offline')],
    ['gets the focus', (page) => tellWindow(page, 'focus')],
  ];
  for (const [what, signal] of signals) {
    test(`it is declared dead within 2.5 s after the page ${what}, and shown stale before`, async (t) => {
      const server = await startServer(t);
      const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
      await server.network(await dashboard.link(), 'stall');
      // What was heard within the last second is believed.
      await passTime(page, 1_200, 1);
      assert.equal((await dashboard.badge()).state, 'open');
      // The order of what was shown.
      await page.evaluate(() => {
        const element = /** @type {HTMLElement} */ (document.querySelector('[data-testid="connection"]'));
        const seen = [`${element.dataset['state']} ${element.dataset['fresh']}`];
        Reflect.set(window, 'seen', seen);
        new MutationObserver(() => {
          const now = `${element.dataset['state']} ${element.dataset['fresh']}`;
          if (now !== seen.at(-1)) seen.push(now);
        }).observe(element, { attributes: true });
      });
      const from = await pageNow(page);
      await signal(page);
      const dead = await dashboard.givenUpAfter(from);
      t.diagnostic(`dead after ${Math.round(dead)} ms`);
      assert.ok(dead <= 2_500, `dead after ${dead} ms`);
      const seen = await page.evaluate(() => Reflect.get(window, 'seen'));
      assert.deepEqual(seen.slice(0, 2), ['open fresh', 'open stale'], seen.join(', '));
      await server.network(await dashboard.link(), 'restore');
      await tellWindow(page, 'online');
      await dashboard.isLive(20_000);
      assert.equal((await server.metrics())['connections_per_client_peak'], 1);
    });
  }

  test('a living connection survives all these signals', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true });
    for (const [, signal] of signals) {
      await pause(1_100);
      await signal(page);
    }
    await pause(2_500);
    await dashboard.isLive(1_000);
    assert.equal((await server.metrics())['connected_total'], 1);
  });

  test('a slow network is no dead one', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, dag: 'gate' });
    await server.network(await dashboard.link(), 'slow');
    await dashboard.start();
    await dashboard.shows('gate');
    await pause(1_100);
    await setHidden(page, false);
    await dashboard.part('gate-approve').click();
    await dashboard.shows('complete');
    const metrics = await server.metrics();
    assert.equal(metrics['connected_total'], 1);
    assert.equal(metrics['commands_total'], 1);
  });
});
