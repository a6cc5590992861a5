// @ts-check
// All that a node printed: the page has its beginning, and asks for the rest.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openDashboard } from './support/dashboard.mjs';
import { passTime } from './support/page-clock.mjs';
import { startServer } from './support/server.mjs';
import { until } from './support/until.mjs';

/** @typedef {import('node:test').TestContext} TestContext */

const BEGINNING = 16_384;

/** A run of nodes that print much, and the page of it with the panel of one. @param {TestContext} t @param {{ clock?: boolean }} [options] */
async function openPanel(t, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-output-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const nodes = [
    { id: 'long', title: 'Long', run: ['seq', '5000'] },
    { id: 'longer', title: 'Longer', run: ['seq', '20000'] },
    { id: 'short', title: 'Short', run: ['seq', '5'] },
  ];
  writeFileSync(join(folder, 'talk.json'), JSON.stringify({ id: 'talk', title: 'Talk', description: 'Prints.', budget: 30, nodes }));
  const server = await startServer(t, ['--dags', folder]);
  const { dashboard, ...view } = await openDashboard(t, server, { dag: 'talk', ...options });
  await dashboard.start();
  await dashboard.shows('complete');
  await dashboard.part('complete-close').click();
  await dashboard.part('node-long').click();
  const printed = async () => (await dashboard.part('output').textContent()) ?? '';
  const title = () => dashboard.part('output-title').textContent();
  assert.equal((await printed()).length, BEGINNING);
  assert.equal(await title(), 'Output, its beginning');
  return { server, dashboard, printed, title, ...view };
}

const all = Array.from({ length: 5_000 }, (_, index) => `${index + 1}\n`).join('');

describe('the rest of an output', { concurrency: 3 }, () => {
  test('is shown for a click, as far as it was kept; what is whole is not asked for', async (t) => {
    const { dashboard, page, printed, title } = await openPanel(t);
    await dashboard.part('output-all').click();
    await until('all is shown', async () => (await printed()) === all);
    assert.equal(await title(), 'Output, all of it');
    assert.equal(await dashboard.part('output-all').count(), 0);
    await until('the focus is not lost', async () => (await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).dataset['testid'])) === 'output');

    await dashboard.part('node-longer').click();
    assert.equal((await printed()).length, BEGINNING, 'the other node begins anew');
    await dashboard.part('output-all').click();
    await until('what was kept is shown', async () => (await printed()).length === 65_536);
    assert.equal(await title(), 'Output, the 65.5 KB of 108.9 KB that were kept');

    await dashboard.part('node-short').click();
    assert.equal(await title(), 'Output');
    assert.equal(await dashboard.part('output-all').count(), 0);
  });

  test('waits for the connection where there is none, and comes with it', async (t) => {
    const { dashboard, printed } = await openPanel(t);
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    await dashboard.part('output-all').click();
    await until('it says so', async () => /as soon as the connection is back/.test((await dashboard.part('output-rest').textContent()) ?? ''));
    assert.equal(await dashboard.part('queued').textContent(), '1');
    await dashboard.network('restore');
    await until('all is shown', async () => (await printed()) === all, { within: 20_000 });
  });

  test('is no longer asked for when the panel is closed, or shows another node', async (t) => {
    const { dashboard, printed } = await openPanel(t);
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    for (const leave of ['node-short', 'panel-close']) {
      await dashboard.part('node-long').click();
      await dashboard.part('output-all').click();
      await until('it is asked', async () => (await dashboard.part('queued').textContent()) === '1');
      await dashboard.part(leave).click();
      await until('it is not', async () => (await dashboard.part('queued').textContent()) === '0');
    }
    await dashboard.part('node-long').click();
    assert.equal((await printed()).length, BEGINNING);
    assert.equal(await dashboard.part('output-rest').getAttribute('data-state'), 'not asked');
  });

  test('that does not come within a minute is said to be missing, and can be asked for again', async (t) => {
    const { dashboard, page, printed } = await openPanel(t, { clock: true });
    await dashboard.network('cut');
    await dashboard.badgeSays({ state: 'closed' });
    await dashboard.part('output-all').click();
    await passTime(page, 61_000, 60);
    await until('it says so', async () => /no answer came/i.test((await dashboard.part('output-rest').textContent()) ?? ''));
    assert.equal(await dashboard.part('queued').textContent(), '0');
    await dashboard.part('output-all').click();
    await dashboard.network('restore');
    // It may be back by itself just then.
    await Promise.race([dashboard.part('retry').click(), dashboard.isLive()]);
    await until('all is shown', async () => (await printed()) === all, { within: 20_000 });
  });
});
