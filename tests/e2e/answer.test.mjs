// @ts-check
// A text that comes word by word: cut, reloaded, stopped, and completed while nobody listened.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoErrors, openPage } from './support/browser.mjs';
import { startBehindProxy } from './support/proxy.mjs';
import { Server, startServer } from './support/server.mjs';
import { until } from './support/until.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page */
const textOf = async (page) => (await page.getByTestId('answer-text').textContent()) ?? '';

/** @param {Page} page @param {string} status */
const is = (page, status) => until(`the answer is ${status}`, async () => (await page.getByTestId('answer').getAttribute('data-status')) === status, { within: 60_000 });

/** @param {Page} page @param {number} words */
const hasWords = (page, words) => until(`${words} words`, async () => Number(await page.getByTestId('answer-text').getAttribute('data-words')) >= words, { within: 20_000 });

/** What the whole answer is. @param {Server} server @param {string} about */
async function whole(server, about) {
  const body = JSON.stringify({ work: 'answer', interval: 0, about });
  const response = await fetch(`${server.origin}/api/stream`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body });
  const end = (await response.text()).split('event: completed').at(-1) ?? '';
  return JSON.parse(/^data: (.*)$/m.exec(end)?.[1] ?? '{}').text.replaceAll('`', '');
}

/** @param {Page} page @param {string} about @param {'40' | '250'} pace */
async function ask(page, about, pace) {
  await page.locator(`[data-testid="about"] option[value="${about}"]`).waitFor({ state: 'attached' });
  await page.getByTestId('about').selectOption(about);
  await page.getByTestId('pace').selectOption(pace);
  await page.getByTestId('ask').click();
}

test('an answer goes on where it was after a cut and after a reload', async (t) => {
  const { server, proxy, origin } = await startBehindProxy(t);
  const { page, errors } = await openPage(t);
  await page.goto(`${origin}/answer/`);
  await ask(page, 'quick', '250');
  await hasWords(page, 3);
  proxy.cut('rst');
  await hasWords(page, 7);
  await page.reload();
  await hasWords(page, 10);
  const text = await whole(server, 'quick');
  assert.ok(text.startsWith(await textOf(page)), 'in the middle of it');
  await is(page, 'completed');
  assert.equal(await textOf(page), text);
  assert.equal(await page.getByTestId('answer').getAttribute('data-recovered'), 'false', 'its end was heard');
  assertNoErrors(errors);
});

test('an end that nobody saw is shown from what is kept', async (t) => {
  const server = await startServer(t);
  const { page, errors } = await openPage(t);
  await page.goto(`${server.origin}/answer/`);
  await ask(page, 'quick', '40');
  await hasWords(page, 2);
  await page.goto('about:blank');
  const text = await whole(server, 'quick');
  await new Promise((done) => setTimeout(done, 3_000));
  /** @type {string[]} */
  const asked = [];
  page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
  await page.goto(`${server.origin}/answer/`);
  await is(page, 'completed');
  assert.equal(await textOf(page), text);
  assert.equal(await page.getByTestId('answer').getAttribute('data-recovered'), 'true');
  assert.match((await page.getByTestId('answer-state').textContent()) ?? '', /while nobody listened/);
  const streams = asked.filter((path) => path.startsWith('/api/stream/'));
  assert.ok(streams.length > 0 && streams.every((path) => path.endsWith('/recover')), streams.join(' '));
  assertNoErrors(errors);
});

test('an answer is stopped, stays as it is over a reload, and goes on', async (t) => {
  const server = await startServer(t);
  const { page, errors } = await openPage(t, { viewport: { width: 390, height: 844 } });
  await page.goto(`${server.origin}/answer/`);
  await ask(page, 'gate', '250');
  await hasWords(page, 3);
  await page.getByTestId('stop').click();
  await is(page, 'stopped');
  const before = await textOf(page);
  assert.ok(before.length > 0);
  await page.reload();
  await is(page, 'stopped');
  assert.equal(await textOf(page), before);
  await page.getByTestId('go-on').click();
  await is(page, 'completed');
  assert.equal(await textOf(page), await whole(server, 'gate'));
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'a phone shows all of it');
  assertNoErrors(errors);
});

test('a question that is refused and a server that is gone are said in sentences', async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t);
  await page.goto(`${server.origin}/answer/`);
  await page.route('**/api/stream', (route) => route.fulfill({ status: 429, headers: { 'retry-after': '7' }, json: { code: 'too_fast' } }));
  await page.getByTestId('ask').click();
  await until('it says why', async () => (await page.getByTestId('refused').textContent()) === 'Too many questions at once. Try again in 7 s.');
  await page.unroute('**/api/stream');
  await ask(page, 'quick', '250');
  await hasWords(page, 2);
  await server.crash();
  await until('it says that it is lost', async () => /Reconnecting/.test((await page.getByTestId('answer-state').textContent()) ?? ''));
  await server.start();
  await is(page, 'completed');
  assert.match((await page.getByTestId('answer-state').textContent()) ?? '', /The server that wrote this answer is gone/);
});
