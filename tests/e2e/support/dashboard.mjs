// @ts-check
// Owns the dashboard as a person sees and uses it; must not know what a test expects of it.

import { openPage } from './browser.mjs';
import { until } from './until.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./server.mjs').Server} Server */

/** What the badge says. @typedef {{ state: string, fresh: string, final: boolean, retryAt: number | null, note: string }} Badge */

export class Dashboard {
  /** @param {Page} page @param {string[]} errors */
  constructor(page, errors) {
    this.page = page;
    /** What the page reported as errors. */
    this.errors = errors;
  }

  /** @param {string} testId */
  part(testId) {
    return this.page.getByTestId(testId);
  }

  /** @returns {Promise<Badge>} */
  badge() {
    return this.page.evaluate(() => {
      const element = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="connection"]'));
      const { state = 'not shown', fresh = '', final, retryAt } = element?.dataset ?? {};
      const note = document.querySelector('[data-testid="connection-note"]')?.textContent ?? '';
      return { state, fresh, final: final === 'true', retryAt: retryAt === undefined ? null : Number(retryAt), note };
    });
  }

  /** @param {Partial<Badge>} wanted @param {number} [within] */
  async badgeSays(wanted, within = 10_000) {
    /** @type {Badge | null} */
    let last = null;
    await until(
      `the badge says ${JSON.stringify(wanted)}`,
      async () => {
        const badge = (last = await this.badge());
        return Object.entries(wanted).every(([name, value]) => Reflect.get(badge, name) === value);
      },
      { within },
    ).catch((error) => {
      throw new Error(`${error.message}; it says ${JSON.stringify(last)}`);
    });
  }

  /** @param {number} [within] */
  isLive(within) {
    return this.badgeSays({ state: 'open', fresh: 'fresh' }, within);
  }

  /**
   * Waits until the connection is shown to be given up; how long that took by the page's clock, which the page itself looks
   * at: on a busy machine somebody else would look much later.
   *
   * @param {number} from
   */
  async givenUpAfter(from) {
    await this.page.evaluate(() => {
      const look = () => {
        const badge = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="connection"]'));
        if (badge?.dataset['state'] === 'open') return;
        observer.disconnect();
        Reflect.set(window, 'givenUpAt', performance.now());
      };
      Reflect.deleteProperty(window, 'givenUpAt');
      const observer = new MutationObserver(look);
      observer.observe(document.body, { subtree: true, childList: true, attributes: true });
      look();
    });
    const at = await until('the connection is given up', () => this.page.evaluate(() => Reflect.get(window, 'givenUpAt')), { within: 90_000 });
    return Number(at) - from;
  }

  /** The status of every node that is shown. @returns {Promise<Record<string, string>>} */
  nodes() {
    return this.page.evaluate(() =>
      Object.fromEntries(
        [...document.querySelectorAll('[data-testid^="node-"][data-status]')].map((element) => {
          const { testid = '', status = '' } = /** @type {HTMLElement} */ (element).dataset;
          return [testid.slice('node-'.length), status];
        }),
      ),
    );
  }

  /** The status of the run. @returns {Promise<string | null>} */
  runStatus() {
    return this.part('run-status').getAttribute('data-status');
  }

  /** @param {string} status @param {number} [within] */
  runIs(status, within = 10_000) {
    return until(`the run is ${status}`, async () => (await this.runStatus()) === status, { within });
  }

  /** The question that is shown. @returns {Promise<{ kind: string, node: string } | null>} */
  gate() {
    // In one look: it may be gone at the next.
    return this.page.evaluate(() => {
      const gate = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="gate"]'));
      return gate && { kind: gate.dataset['kind'] ?? '', node: gate.dataset['node'] ?? '' };
    });
  }

  async start() {
    await this.part('start').click();
  }

  /** @param {'cut' | 'stall' | 'slow' | 'restore'} action by the page's own menu */
  async network(action) {
    await this.part('net-menu').click();
    await this.part(`net-${action}`).click();
    await until('the menu took it', async () => (await this.part('net').getAttribute('data-network')) === action);
  }

  /** This tab's link of the proxy. @returns {Promise<string>} */
  link() {
    return this.page.evaluate(() => sessionStorage.getItem('everwire.link') ?? '');
  }

  /** @param {string} testId @param {number} [within] */
  async shows(testId, within = 10_000) {
    await this.part(testId).first().waitFor({ state: 'visible', timeout: within });
  }

  /** @param {RegExp} text @param {number} [within] */
  async toasts(text, within = 10_000) {
    await this.part('toast').filter({ hasText: text }).first().waitFor({ state: 'visible', timeout: within });
  }
}

/**
 * The dashboard of a server, once it is connected.
 *
 * @param {TestContext} t
 * @param {{ origin: string }} server
 * @param {Parameters<typeof openPage>[1] & { dag?: string, live?: boolean, alone?: boolean }} [options] `live`: wait for the connection; `alone`:
 *   without presence. A page in a room hears what it says of itself, and whatever is heard proves that the connection lives: the
 *   limits of silence count from then, and not from when a test makes the silence
 */
export async function openDashboard(t, server, { dag, live = true, alone = false, ...options } = {}) {
  const { page, context, errors } = await openPage(t, options);
  const query = new URLSearchParams({ ...(dag !== undefined && { dag }), ...(alone && { alone: '' }) });
  await page.goto(`${server.origin}/?${query}`);
  const dashboard = new Dashboard(page, errors);
  if (live) await dashboard.isLive();
  return { dashboard, page, context, errors };
}
