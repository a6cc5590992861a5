// @ts-check
// The little of the WebDriver protocol that running a page in the three engines takes. Unlike the
// drivers on npm it opens no debugger's view of the network, which costs more than what we measure.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './ports.mjs';

/** @typedef {'Chromium' | 'Firefox' | 'WebKit'} Engine */

/** @type {Engine[]} */
export const engines = ['Chromium', 'Firefox', 'WebKit'];

/** How long a driver may take to start, in milliseconds: a display comes first, and the machine may be busy. */
const STARTING = 60_000;

/** So often: a driver gives up a browser that takes a minute, as one may that is read from a busy disk. */
const STARTS = 2;

/** @type {Record<Engine, string[]>} */
const drivers = {
  Chromium: ['chromedriver'],
  Firefox: ['geckodriver'],
  WebKit: ['xvfb-run', '-a', 'WebKitWebDriver'],
};

/**
 * Opens `url` in a fresh browser, waits until the page has set `window.result`, and returns it.
 * @param {Engine} engine @param {string} url @param {number} seconds how long the page may take
 */
export async function resultOfPage(engine, url, seconds) {
  const page = await RemotePage.open(engine, url);
  try {
    for (let waited = 0; waited < seconds * 4; waited += 1) {
      await sleep(250);
      const result = await page.run('return window.result');
      if (result) return result;
    }
    throw new Error(`${engine}: the page gave no result within ${seconds} s`);
  } finally {
    await page.end();
  }
}

/** A page in a browser of its own. */
export class RemotePage {
  #session = '';

  /** @param {import('node:child_process').ChildProcess} driver @param {string} base */
  constructor(driver, base) {
    this.driver = driver;
    this.base = base;
  }

  /** @param {Engine} engine @param {string} url @returns {Promise<RemotePage>} */
  static async open(engine, url, starts = STARTS) {
    try {
      return await RemotePage.#start(engine, url);
    } catch (error) {
      if (starts > 1 && String(error).includes('session not created')) return RemotePage.open(engine, url, starts - 1);
      throw error;
    }
  }

  /** @param {Engine} engine @param {string} url */
  static async #start(engine, url) {
    const port = await freePort();
    const [program = '', ...args] = drivers[engine];
    const driver = spawn(program, [...args, `--port=${port}`], { detached: true, stdio: 'ignore' });
    const page = new RemotePage(driver, `http://127.0.0.1:${port}`);
    const failed = new Promise((_, reject) => {
      driver.on('error', reject);
      driver.on('exit', (code) => reject(new Error(`${program} ended (${code}) before it answered`)));
    });
    try {
      await Promise.race([failed, untilListening(page.base)]);
      const { sessionId } = await call(`${page.base}/session`, { capabilities: { alwaysMatch: capabilities(engine) } });
      page.#session = sessionId;
      await page.#ask('url', { url });
      return page;
    } catch (error) {
      await page.end();
      throw error;
    }
  }

  /** @param {string} script what a function does that is given `args` @param {...unknown} args @returns {Promise<any>} */
  run(script, ...args) {
    return this.#ask('execute/sync', { script, args });
  }

  /** As a person does: clicks into it, and types. @param {string} selector @param {string} text */
  async type(selector, text) {
    const [element] = Object.values(await this.#ask('element', { using: 'css selector', value: selector }));
    await this.#ask(`element/${element}/click`, {});
    await this.#ask(`element/${element}/value`, { text });
  }

  /** As a mouse does. @param {readonly (readonly [x: number, y: number])[]} places in the viewport */
  async move(places) {
    const actions = places.map(([x, y]) => ({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 30, origin: 'viewport' }));
    await this.#ask('actions', { actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }] });
  }

  reload() {
    return this.#ask('refresh', {});
  }

  async end() {
    if (this.#session) await fetch(`${this.base}/session/${this.#session}`, { method: 'DELETE' }).catch(() => {});
    if (this.driver.pid) process.kill(-this.driver.pid, 'SIGKILL');
  }

  /** @param {string} what @param {unknown} body */
  #ask(what, body) {
    return call(`${this.base}/session/${this.#session}/${what}`, body);
  }
}

/** @param {Engine} engine */
function capabilities(engine) {
  if (engine === 'WebKit') return {};
  const all = JSON.parse(readFileSync(new URL('../webdriver.json', import.meta.url), 'utf8'));
  const own = engine === 'Chromium' ? 'goog:chromeOptions' : 'moz:firefoxOptions';
  return { [own]: all[own] };
}

/** @param {string} url @param {unknown} body */
async function call(url, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { value } = /** @type {{ value: any }} */ (await answer.json());
  if (value?.error) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

/** @param {string} base */
async function untilListening(base) {
  const end = performance.now() + STARTING;
  while (performance.now() < end) {
    const ready = await fetch(`${base}/status`).then((answer) => answer.ok, () => false);
    if (ready) return;
    await sleep(100);
  }
  throw new Error('the driver does not answer');
}
