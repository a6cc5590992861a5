// @ts-check
// The page of notifications: server-sent events alone, read, remembered and announced.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoErrors, openPage } from './support/browser.mjs';
import { startBehindProxy, startProxy } from './support/proxy.mjs';
import { startRedis } from './support/redis.mjs';
import { startServer } from './support/server.mjs';
import { until } from './support/until.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The kinds that are shown, the newest first. @param {Page} page @returns {Promise<string[]>} */
const kinds = (page) => page.locator('.notice').evaluateAll((rows) => rows.map((row) => /** @type {HTMLElement} */ (row).dataset['kind'] ?? ''));

/** @param {Page} page @param {string} testId */
const textOf = (page, testId) => page.getByTestId(testId).textContent();

/** So many, and maybe more by now. @param {Page} page @param {number} count */
const shows = (page, count) => until(`${count} notifications`, async () => (await kinds(page)).length >= count);

/** @param {Page} page @param {string} word @param {number} [within] */
const says = (page, word, within = 20_000) => until(`the page says ${word}`, async () => (await textOf(page, 'state-word')) === word, { within });

test('a notification is shown, announced and counted, and what was read stays read', async (t) => {
  const server = await startServer(t);
  const { page, errors } = await openPage(t);
  /** @type {string[]} */
  const loaded = [];
  page.on('request', (request) => void loaded.push(request.url()));
  page.on('websocket', (socket) => assert.fail(`a WebSocket to ${socket.url()}`));
  await page.goto(`${server.origin}/notifications/`);
  await says(page, 'Connected');
  await page.getByTestId('nothing').waitFor();
  await server.startRun('gate');
  await shows(page, 2);
  assert.deepEqual(await kinds(page), ['waiting', 'started']);
  await until('it is announced', async () => (await textOf(page, 'assertive'))?.startsWith('Decision needed: A gate at once.'));
  await until('the rest politely', async () => (await textOf(page, 'polite'))?.startsWith('Run started: A gate at once.'));
  assert.equal(await textOf(page, 'count'), '2 unread');
  assert.match(await page.title(), /^\(2\) Notifications/);

  // By keyboard: the button of the newest, and then the link that it was beside.
  await page.locator('.notice-read').first().focus();
  await page.keyboard.press('Enter');
  await until('one is unread', async () => (await textOf(page, 'count')) === '1 unread');
  assert.match((await page.evaluate(() => document.activeElement?.textContent)) ?? '', /^Decision needed/);
  await page.reload();
  await shows(page, 2);
  assert.equal(await textOf(page, 'count'), '1 unread', 'history comes from the server, what was read from the browser');
  assert.equal(await page.locator('.notice[data-kind="waiting"]').getAttribute('data-read'), 'true');
  assert.equal(await textOf(page, 'assertive'), '', 'history is not announced');
  await page.getByTestId('read-all').click();
  await until('nothing is unread', async () => !(await page.title()).startsWith('('));
  assert.ok(await page.getByTestId('read-all').isHidden());

  const scripts = loaded.filter((url) => url.endsWith('.js'));
  assert.ok(scripts.length > 0);
  for (const url of new Set(scripts)) {
    const text = await (await fetch(url)).text();
    assert.ok(!text.includes('react-flow') && !text.includes('new WebSocket'), `${url} is the dashboard's`);
  }
  assertNoErrors(errors);
});

test('a cut loses and doubles no notification, and is said in words', async (t) => {
  const { server, proxy, origin } = await startBehindProxy(t);
  const { page, errors } = await openPage(t);
  await page.goto(`${origin}/notifications/`);
  await says(page, 'Connected');
  for (let run = 1; run <= 3; run += 1) {
    await server.startRun('quick');
    await shows(page, 2 * run - 1);
    // Between the beginning and the end of the run.
    proxy.refusing = true;
    for (const { page: near } of [...proxy.pairs]) near.resetAndDestroy();
    await until('it says that it is lost', async () => /Reconnecting/.test((await textOf(page, 'state-word')) ?? ''));
    await until('the run is over', async () => (await server.state('quick')).status === 'succeeded');
    proxy.heal();
    await shows(page, 2 * run);
    await says(page, 'Connected');
  }
  assert.deepEqual(await kinds(page), Array.from({ length: 3 }, () => ['completed', 'started']).flat());
  assert.equal(await textOf(page, 'count'), '6 unread');
  await until('what came meanwhile is announced', async () => (await textOf(page, 'polite'))?.startsWith('Run complete'));
  assertNoErrors(errors);
});

test('what the server refuses is said in words a person understands', async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, { viewport: { width: 390, height: 844 } });
  /** @type {{ status: number, headers: Record<string, string>, word: string, note: RegExp }[]} */
  const answers = [
    { status: 429, headers: { 'retry-after': '90' }, word: 'Too many requests', note: /next attempt is at \d/ },
    { status: 401, headers: { 'www-authenticate': 'Bearer' }, word: 'Signed out', note: /Sign in/ },
    { status: 503, headers: { 'retry-after': '90' }, word: 'Server busy', note: /Reconnecting at \d/ },
  ];
  for (const { status, headers, word, note } of answers) {
    await page.route('**/api/notifications', (route) => route.fulfill({ status, headers, body: '' }));
    await page.goto(`${server.origin}/notifications/`);
    await says(page, word);
    assert.match((await textOf(page, 'state-note')) ?? '', note);
    await page.unroute('**/api/notifications');
  }
  await page.getByTestId('retry').click();
  // A floor that the server set holds for the button too.
  await page.reload();
  await says(page, 'Connected');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'a phone shows all of it');
});

test('with several servers on one Redis a page goes on at another after a kill', async (t) => {
  const REDIS_URL = await startRedis(t);
  const [one, other] = [await startServer(t, [], { REDIS_URL }), await startServer(t, [], { REDIS_URL })];
  let target = one;
  const proxy = await startProxy(t, /** @type {any} */ ({ get port() { return target.port; } }));
  for (const server of [one, other]) {
    await server.stop();
    server.args.push('--behind', String(proxy.port));
    await server.start();
  }
  const { page } = await openPage(t);
  await page.goto(`http://127.0.0.1:${proxy.port}/notifications/`);
  await says(page, 'Connected');
  await other.startRun('quick');
  await shows(page, 2);
  target = other;
  await one.crash();
  await other.startRun('quick');
  await shows(page, 4);
  assert.deepEqual(await kinds(page), ['completed', 'started', 'completed', 'started']);
});
