// @ts-check
// Owns Chromium: its flags, pages that report what went wrong in them, and the pages' clock.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { after } from 'node:test';
import { installClock } from './page-clock.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Browser} Browser */
/** @typedef {import('playwright-core').BrowserContextOptions} ContextOptions */

export const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long a browser may take to start, in milliseconds: the first of a machine is read from its disk. */
const STARTING = 120_000;

/** @param {import('playwright-core').LaunchOptions} [options] */
export const launch = ({ args = [], ...options } = {}) =>
  chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: [...FLAGS, ...args], timeout: STARTING, ...options });

/** @type {Promise<Browser> | null} */
let shared = null;
// Of the whole file: within a test it would be the end of that test.
after(async () => (await shared)?.close());

/** The one browser of a test file. */
export const browser = () => (shared ??= launch());

/**
 * A page in a context of its own. What it reports as an error is in `errors`; what the browser says of connections that
 * failed, which a page cannot prevent, is left out.
 *
 * @param {TestContext} t
 * @param {ContextOptions & { clock?: boolean, in?: Browser }} [options] `clock`: the page's time is ours, see `page-clock.mjs`
 */
export async function openPage(t, { clock = false, in: home, ...options } = {}) {
  const context = await (home ?? (await browser())).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  if (clock) await page.addInitScript(installClock);
  return { page, context, errors: watchErrors(page) };
}

/** @param {Page} page */
export function watchErrors(page) {
  /** @type {string[]} */
  const errors = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !isOfTheNetwork(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => void errors.push(String(error)));
  return errors;
}

/** @param {string} text */
const isOfTheNetwork = (text) => /^WebSocket connection to '[^']*' failed/.test(text) || /^Failed to load resource: net::ERR_/.test(text);

/** @param {readonly string[]} errors */
export const assertNoErrors = (errors) => assert.deepEqual(errors, []);
