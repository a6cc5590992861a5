// @ts-check
// A run as a person sees it: it is started, watched, paused, decided upon, and ends.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { assertNoErrors, browser } from './support/browser.mjs';
import { openDashboard } from './support/dashboard.mjs';
import { root, startServer } from './support/server.mjs';
import { stopwatch, until } from './support/until.mjs';

const artifacts = join(root, 'tests', 'artifacts');
mkdirSync(artifacts, { recursive: true });

const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const LOOKS = /** @type {const} */ ([
  ['wide-light', WIDE, 'light'],
  ['wide-dark', WIDE, 'dark'],
  ['phone-light', PHONE, 'light'],
  ['phone-dark', PHONE, 'dark'],
]);

test('the page is open, live and drawn within five seconds', async (t) => {
  const server = await startServer(t);
  await browser();
  const since = stopwatch();
  const { dashboard } = await openDashboard(t, server);
  await dashboard.shows('start');
  t.diagnostic(`${Math.round(since())} ms`);
  assert.ok(since() < 5_000, `after ${since()} ms`);
});

describe('a run', { concurrency: 4 }, () => {
  test('the default DAG runs to complete once its gates are approved by a click', async (t) => {
    const server = await startServer(t);
    /** @type {(Awaited<ReturnType<typeof openDashboard>> & { look: string })[]} */
    const views = [];
    for (const [look, viewport, colorScheme] of LOOKS) {
      const view = await openDashboard(t, server, { viewport, colorScheme, hasTouch: viewport === PHONE, isMobile: viewport === PHONE });
      views.push({ ...view, look });
    }
    const [first] = views;
    assert.ok(first);
    const { dashboard } = first;
    const shoot = async (/** @type {string} */ moment) => {
      for (const { page, look } of views) await page.screenshot({ path: join(artifacts, `${moment}-${look}.png`) });
    };

    await shoot('1-idle');
    await dashboard.start();
    await dashboard.runIs('running');
    await until('some nodes are done', async () => Object.values(await dashboard.nodes()).filter((status) => status === 'succeeded').length > 4, { within: 60_000 });
    await shoot('2-running');
    /** @type {string[]} */
    const kinds = [];
    await until(
      'the run is complete',
      async () => {
        if (await dashboard.part('complete').isVisible()) return true;
        const gate = await dashboard.gate();
        if (!gate) return false;
        const { kind, node } = gate;
        if (!kinds.includes(kind)) await shoot(`3-gate-${kind}`);
        kinds.push(kind);
        await dashboard.part('gate-approve').click();
        await until('the gate is settled', async () => (await dashboard.gate())?.node !== node);
        return false;
      },
      { within: 180_000, every: 100 },
    );
    assert.equal(await dashboard.part('complete').getAttribute('data-status'), 'succeeded');
    assert.ok(kinds.includes('retry'), 'a node failed and was retried');
    assert.ok(kinds.includes('approval'), 'a human gate was passed');
    for (const each of views) await each.dashboard.shows('complete');
    await shoot('4-complete');
    await dashboard.part('complete-close').click();
    await dashboard.part('node-report').click();
    await dashboard.shows('panel');
    await first.page.screenshot({ path: join(artifacts, '5-panel-wide-light.png') });
    const nodes = Object.values(await dashboard.nodes());
    assert.ok(nodes.length > 15 && nodes.every((status) => status === 'succeeded'), nodes.join());
  });

  test('nothing is reported on the console from the first byte to the end of a run', async (t) => {
    const server = await startServer(t);
    const { dashboard, errors } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.part('gate-approve').click();
    await dashboard.shows('complete');
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    await dashboard.network('restore');
    await dashboard.isLive();
    assertNoErrors(errors);
  });

  test('a person with a keyboard alone starts a run and approves its gate', async (t) => {
    const server = await startServer(t);
    const { dashboard, page } = await openDashboard(t, server, { dag: 'gate' });
    const focused = () => page.evaluate(() => /** @type {HTMLElement | null} */ (document.activeElement)?.dataset['testid'] ?? null);
    const tabTo = async (/** @type {string} */ testId) => {
      for (let presses = 0; presses < 40; presses++) {
        if ((await focused()) === testId) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`${testId} was not reached by 40 presses of Tab`);
    };
    await tabTo('start');
    await page.keyboard.press('Enter');
    await until('the dialog has the focus', async () => (await focused()) === 'gate');
    await page.keyboard.press('Escape');
    assert.ok(await dashboard.part('gate').isVisible(), 'Escape decides nothing');
    await tabTo('gate-feedback');
    await page.keyboard.type('by hand');
    await tabTo('gate-modify');
    await page.keyboard.press('Enter');
    await dashboard.shows('complete');
    const state = await server.state('gate');
    assert.equal(state.status, 'succeeded');
    assert.match(JSON.stringify(state), /by hand/, 'the words reached the command');
  });

  test('a rejected gate ends the run, and the page says so', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.part('gate-reject').click();
    await dashboard.shows('complete');
    assert.equal(await dashboard.part('complete').getAttribute('data-status'), 'failed');
    assert.deepEqual(await dashboard.nodes(), { ask: 'rejected', after: 'skipped' });
  });

  test('a run is paused, resumed and cancelled', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'steps' });
    await dashboard.start();
    await dashboard.runIs('running');
    await dashboard.part('pause').click();
    await dashboard.runIs('paused');
    await dashboard.part('resume').click();
    await dashboard.runIs('running');
    await dashboard.part('cancel').click();
    await dashboard.runIs('cancelled');
    assert.equal((await server.metrics())['commands_total'], 3);
  });

  test('a budget that runs low is warned of, and one that is spent ends the run', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'budget' });
    await dashboard.start();
    await until('the warning', async () => (await dashboard.part('budget').getAttribute('data-low')) === 'true', { within: 90_000, every: 50 });
    await dashboard.runIs('over_budget', 60_000);
    assert.equal((await dashboard.nodes())['never'], 'cancelled');
  });

  test('several tabs show the same run, and a gate decided in one is gone in all', async (t) => {
    const server = await startServer(t);
    const views = [];
    for (let tab = 0; tab < 3; tab++) views.push(await openDashboard(t, server, { dag: 'gate' }));
    await views[0]?.dashboard.start();
    for (const { dashboard } of views) await dashboard.shows('gate');
    await views[1]?.dashboard.part('gate-approve').click();
    for (const { dashboard } of views) await dashboard.shows('complete');
    const metrics = await server.metrics();
    assert.equal(metrics['clients'], 3);
    assert.equal(metrics['connections_per_client_peak'], 1);
    assert.equal(metrics['commands_total'], 1);
  });
});
