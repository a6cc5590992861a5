// @ts-check
// What browsers do to pages: they hide, freeze, put to sleep, duplicate, leave and bring back.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { launch, openPage, watchErrors } from './support/browser.mjs';
import { Dashboard, openDashboard } from './support/dashboard.mjs';
import { jump, pageNow, passTime, setSpeed } from './support/page-clock.mjs';
import { setHidden, tellWindow } from './support/page-events.mjs';
import { startServer } from './support/server.mjs';
import { pause, until } from './support/until.mjs';

/** @typedef {import('playwright-core').Page} Page */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('the life of a page', { concurrency: 4 }, () => {
  test('a page hidden for ten minutes keeps its connection; stalled then, it is given up within 5 s of becoming visible', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
    await setHidden(page, true);
    await passTime(page, 10 * MINUTE, 25);
    assert.equal((await server.metrics())['connected_total'], 1, 'undisturbed while hidden');
    await dashboard.isLive();
    await server.network(await dashboard.link(), 'stall');
    await passTime(page, 2_000, 10);
    assert.equal((await dashboard.badge()).state, 'open');
    const from = await pageNow(page);
    await setHidden(page, false);
    const took = await dashboard.givenUpAfter(from);
    t.diagnostic(`given up after ${took} ms`);
    assert.ok(took <= 5_000, `after ${took} ms`);
    await server.network(await dashboard.link(), 'restore');
    await dashboard.isLive(40_000);
    assert.equal((await server.metrics())['connections_per_client_peak'], 1);
  });

  test('a stall under a hidden page is noticed without a look at it', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
    await setHidden(page, true);
    await server.network(await dashboard.link(), 'stall');
    const from = await pageNow(page);
    await setSpeed(page, 5);
    const took = await dashboard.givenUpAfter(from);
    await setSpeed(page, 1);
    assert.ok(took <= 31_500, `after ${took} ms`);
  });

  for (const [engine, asleep] of /** @type {const} */ ([
    ['whose monotonic clock stops in sleep', { mono: 0, wall: 5 * HOUR }],
    ['whose monotonic clock goes on in sleep', { mono: 5 * HOUR }],
  ])) {
    test(`after five hours of sleep a dead connection is given up within 5 s, in an engine ${engine}`, async (t) => {
      const server = await startServer(t);
      const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
      await server.network(await dashboard.link(), 'stall');
      await jump(page, asleep);
      const from = await pageNow(page);
      await setHidden(page, false);
      const took = await dashboard.givenUpAfter(from);
      t.diagnostic(`given up after ${took} ms`);
      assert.ok(took <= 5_000, `after ${took} ms`);
      await server.network(await dashboard.link(), 'restore');
      await dashboard.isLive(40_000);
    });

    test(`after five hours of sleep a living connection is probed and kept, in an engine ${engine}`, async (t) => {
      const server = await startServer(t);
      const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
      const { messages_received_total: before } = await server.metrics();
      await jump(page, asleep);
      // Nothing tells the page but its own timers, which come late.
      await until('a probe', async () => Number((await server.metrics())['messages_received_total']) > Number(before), { within: 20_000 });
      await passTime(page, 6_000, 4);
      await dashboard.isLive();
      assert.equal((await server.metrics())['connected_total'], 1);
    });
  }

  test('a page that slept through its retry tries as soon as it wakes', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
    await server.crash();
    await dashboard.badgeSays({ state: 'closed' });
    await setSpeed(page, 20);
    await until('a long wait', async () => Number((await dashboard.badge()).retryAt) - (await page.evaluate(() => Date.now())) > 25_000, { within: 20_000 });
    await setSpeed(page, 1);
    await server.start();
    await jump(page, { mono: HOUR });
    await dashboard.isLive(3_000);
  });

  test('a duplicated tab is a client of its own: nobody is replaced', async (t) => {
    const server = await startServer(t);
    const { dashboard, page, context } = await openDashboard(t, server, { alone: true, dag: 'gate' });
    const [copy] = await Promise.all([context.waitForEvent('page'), page.evaluate(() => void window.open(location.href))]);
    const other = new Dashboard(copy, watchErrors(copy));
    await other.isLive();
    assert.equal(await other.link(), await dashboard.link(), 'the session storage was copied');
    await dashboard.start();
    await other.shows('gate');
    await dashboard.shows('gate');
    // Both are cut at once, as they share a link, and come back side by side.
    await server.network(await dashboard.link(), 'cut');
    for (const each of [dashboard, other]) await each.badgeSays({ state: 'closed' });
    await server.network(await dashboard.link(), 'restore');
    for (const each of [dashboard, other]) await each.isLive(20_000);
    await other.part('gate-approve').click();
    for (const each of [dashboard, other]) await each.shows('complete');
    await pause(1_000);
    const metrics = await server.metrics();
    assert.deepEqual(
      { clients: metrics['clients'], replaced: metrics['replaced_total'], connections: metrics['connections'], applied: metrics['commands_total'] },
      { clients: 2, replaced: 0, connections: 2, applied: 1 },
    );
    assert.equal(metrics['closed_total{code="4409"}'], undefined);
  });

  test('a page enters the back/forward cache with its connection closed, and comes back connected and true', async (t) => {
    const server = await startServer(t);
    const own = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
    t.after(() => own.close());
    const { page } = await openPage(t, { in: own });
    await page.goto(`${server.origin}/?dag=quick`);
    const dashboard = new Dashboard(page, []);
    await dashboard.isLive();
    await page.evaluate(() => {
      Reflect.set(window, 'sameLife', true);
      addEventListener('pageshow', (event) => Reflect.set(window, 'persisted', event.persisted));
    });
    await page.goto(`${server.origin}/healthz`);
    await until('the connection is closed', async () => (await server.metrics())['connections'] === 0);
    await server.startRun('quick');
    await until('the run is over', async () => (await server.state('quick')).status === 'succeeded');
    // What comes from the cache is not loaded again.
    await page.goBack({ waitUntil: 'commit' });
    const life = await page.evaluate(() => [Reflect.get(window, 'sameLife'), Reflect.get(window, 'persisted')]);
    assert.deepEqual(life, [true, true], 'it was kept in the back/forward cache');
    await dashboard.isLive(5_000);
    await dashboard.shows('complete');
    const metrics = await server.metrics();
    assert.equal(metrics['clients'], 1, 'the same client');
    assert.equal(metrics['connected_total'], 2);
  });

  test('a frozen page rests, and probes when it is resumed', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true, clock: true });
    await page.evaluate(() => document.dispatchEvent(new Event('freeze')));
    await passTime(page, 2 * MINUTE, 40);
    assert.equal((await server.metrics())['connected_total'], 1);
    await server.network(await dashboard.link(), 'stall');
    const from = await pageNow(page);
    await page.evaluate(() => document.dispatchEvent(new Event('resume')));
    const took = await dashboard.givenUpAfter(from);
    assert.ok(took <= 5_000, `after ${took} ms`);
  });

  test('a browser that goes offline and online again is back within seconds', async (t) => {
    const server = await startServer(t);
    const { dashboard, context } = await openDashboard(t, server, { alone: true });
    await context.setOffline(true);
    await server.network(await dashboard.link(), 'cut');
    await dashboard.badgeSays({ state: 'closed' });
    await server.network(await dashboard.link(), 'restore');
    await context.setOffline(false);
    await dashboard.isLive(4_000);
  });

  test('an offline event alone is not believed', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { alone: true });
    await pause(1_100);
    await tellWindow(page, 'offline');
    await pause(3_000);
    await dashboard.isLive(500);
    assert.equal((await server.metrics())['connected_total'], 1);
  });

  test('a page that is left says goodbye at once', async (t) => {
    const server = await startServer(t);
    const { page } = await openDashboard(t, server, { alone: true });
    assert.equal((await server.metrics())['connections'], 1);
    await page.goto('about:blank');
    await until('nobody is connected', async () => (await server.metrics())['connections'] === 0, { within: 2_000 });
  });
});
