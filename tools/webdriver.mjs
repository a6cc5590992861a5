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
  const port = await freePort();
  const [program = '', ...args] = drivers[engine];
  const driver = spawn(program, [...args, `--port=${port}`], { detached: true, stdio: 'ignore' });
  const failed = new Promise((_, reject) => driver.on('error', reject));
  const base = `http://127.0.0.1:${port}`;
  let session = '';
  try {
    await Promise.race([failed, untilListening(base)]);
    session = (await call(`${base}/session`, { capabilities: { alwaysMatch: capabilities(engine) } })).sessionId;
    await call(`${base}/session/${session}/url`, { url });
    for (let waited = 0; waited < seconds * 4; waited += 1) {
      await sleep(250);
      const result = await call(`${base}/session/${session}/execute/sync`, { script: 'return window.result', args: [] });
      if (result) return result;
    }
    throw new Error(`${engine}: the page gave no result within ${seconds} s`);
  } finally {
    if (session) await fetch(`${base}/session/${session}`, { method: 'DELETE' }).catch(() => {});
    if (driver.pid) process.kill(-driver.pid, 'SIGKILL');
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
  for (let tries = 0; tries < 100; tries += 1) {
    const ready = await fetch(`${base}/status`).then((answer) => answer.ok, () => false);
    if (ready) return;
    await sleep(100);
  }
  throw new Error('the driver does not answer');
}
