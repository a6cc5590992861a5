// @ts-check
// Owns what a person sees and does at the page of the room; must not know what is tested.

import { openPage } from './browser.mjs';
import { until } from './until.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('node:test').TestContext} TestContext */

/** One person at the page. */
export class Visitor {
  /** @param {Page} page @param {string[]} errors */
  constructor(page, errors) {
    this.page = page;
    this.errors = errors;
  }

  /** @param {string} testId */
  part(testId) {
    return this.page.getByTestId(testId);
  }

  /** The id of this tab, once the server has said who is here. @param {number} [within] */
  async joined(within = 15_000) {
    await until('the room is synced', async () => (await this.part('room-state').getAttribute('data-status-word')) === 'synced', { within });
    return (await this.part('me').getAttribute('data-user')) ?? '';
  }

  /** How somebody is shown here; null if not at all. @param {string} id @returns {Promise<string | null>} */
  standing(id) {
    return this.page.evaluate((id) => document.querySelector(`[data-testid="person"][data-user="${id}"]`)?.getAttribute('data-member') ?? null, id);
  }

  /** @param {string} id @param {string | null} status @param {number} [within] */
  sees(id, status, within = 10_000) {
    return until(`the other is ${status}`, async () => (await this.standing(id)) === status, { within });
  }

  /** What was told of somebody since the page was loaded, in its order. @param {string} id @returns {Promise<string[]>} */
  comings(id) {
    return this.page.evaluate(
      (id) => Reflect.get(window, 'comings').filter((/** @type {DOMStringMap} */ { user }) => user === id).map((/** @type {DOMStringMap} */ { change }) => change),
      id,
    );
  }

  /** @param {boolean} on */
  async network(on) {
    await this.part('network').click();
    await until('the switch is where it was put', async () => (await this.part('network').getAttribute('aria-checked')) === String(on));
  }

  /** What is written in the notes. @returns {Promise<string>} */
  async notes() {
    return this.page.evaluate(() => [...document.querySelectorAll('.cm-line')].map((line) => {
      const copy = /** @type {HTMLElement} */ (line.cloneNode(true));
      for (const other of copy.querySelectorAll('.cm-ySelectionCaret, .cm-placeholder')) other.remove();
      return copy.textContent;
    }).join('\n'));
  }

  /** @param {string} word @param {number} [within] */
  notesAre(word, within = 15_000) {
    return until(`the notes are ${word}`, async () => (await this.part('notes-state').textContent())?.includes(word), { within });
  }

  /** @param {string} text */
  async write(text) {
    await this.part('notes-text').click();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(text);
  }
}

/** Runs in the page, which shows no more than the last few, the newest first. */
function rememberComings() {
  const comings = /** @type {DOMStringMap[]} */ ([]);
  const known = new WeakSet();
  Object.assign(window, { comings });
  new MutationObserver(() => {
    for (const each of [...document.querySelectorAll('[data-testid="coming"]')].reverse()) {
      if (known.has(each)) continue;
      known.add(each);
      comings.push({ .../** @type {HTMLElement} */ (each).dataset });
    }
  }).observe(document, { childList: true, subtree: true });
}

/** @param {TestContext} t @param {{ origin: string }} server @param {Parameters<typeof openPage>[1] & { dag?: string }} [options] */
export async function enter(t, server, { dag = 'quick', ...options } = {}) {
  const { page, errors } = await openPage(t, options);
  await page.addInitScript(rememberComings);
  await page.goto(`${server.origin}/room/?dag=${dag}`);
  return new Visitor(page, errors);
}
