// @ts-check
// Owns a bare page with the package in it, and no other code. Must not know what a test does with it.

import { createServer } from 'node:http';
import { openPage } from './browser.mjs';
import { bundled } from './bundle.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('playwright-core').Page} Page */

/** What the page offers to tests: the package, and the clients that were made, each with the history of its snapshots. */
const application = `
  import * as everwire from 'everwire';
  import { thin } from 'everwire/flow';
  import { writable } from 'everwire/writable';
  const lab = {
    everwire,
    writable,
    warnings: [],
    events: [],
    outcomes: [],
    /** @param {string} url @param {object} [options] @param {boolean} [collect] */
    connect(url, { flow, ...options } = {}, collect = true) {
      if (flow) options.flow = thin(flow);
      const client = everwire.connect(url, { onWarning: (warning) => lab.warnings.push(warning), ...options });
      const history = [];
      const note = () => history.push({ at: performance.now(), wall: Date.now(), ...client.snapshot() });
      note();
      client.subscribe(note);
      if (collect) client.on('*', (event) => lab.events.push(event));
      lab.client = client;
      lab.history = history;
    },
  };
  window.lab = lab;
`;

/** @type {Promise<string> | null} */
let bundling = null;

const script = () => (bundling ??= bundled(application));

/**
 * A web server of its own, with nothing but the page.
 *
 * @param {TestContext} t
 * @param {{ csp?: string, script?: string, host?: string, answer?: (path: string) => string | undefined }} [options] `script`: another
 *   one than the laboratory's; `answer`: JSON for what the page asks for
 */
export async function serveLab(t, { csp, script: other, host = '127.0.0.1', answer } = {}) {
  const code = other ?? (await script());
  const server = createServer((request, response) => {
    const json = answer?.(request.url ?? '');
    const [type, body] =
      json !== undefined
        ? ['application/json', json]
        : request.url === '/lab.js'
          ? ['text/javascript', code]
          : ['text/html', `<!doctype html><title>lab</title><link rel="icon" href="data:,"><script type="module" src="/lab.js"></script>`];
    response.writeHead(200, { 'content-type': type, ...(csp !== undefined && { 'content-security-policy': csp }) });
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, host, () => listening(null)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { origin: `http://${host}:${port}`, port };
}

/** What a snapshot of the history holds. @typedef {import('everwire').Snapshot & { at: number, wall: number }} Moment */

export class Lab {
  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {string} url @param {object} [options] JSON only @param {boolean} [collect] whether its events are kept */
  connect(url, options = {}, collect = true) {
    return this.page.evaluate(([to, ...rest]) => Reflect.get(window, 'lab').connect(to, ...rest), /** @type {const} */ ([url, options, collect]));
  }

  /** @returns {Promise<import('everwire').Snapshot>} */
  snapshot() {
    return this.page.evaluate(() => Reflect.get(window, 'lab').client.snapshot());
  }

  /** @returns {Promise<Moment[]>} */
  history() {
    return this.page.evaluate(() => Reflect.get(window, 'lab').history);
  }

  /** @returns {Promise<any[]>} */
  events() {
    return this.page.evaluate(() => Reflect.get(window, 'lab').events);
  }

  /** @returns {Promise<{ code: string, message: string }[]>} */
  warnings() {
    return this.page.evaluate(() => Reflect.get(window, 'lab').warnings);
  }

  /** Sends, and returns the outcome. @param {object} event @param {object} [options] @returns {Promise<any>} */
  send(event, options = {}) {
    return this.page.evaluate(
      ([what, how]) => Reflect.get(window, 'lab').client.send(what, how).settled,
      /** @type {const} */ ([event, options]),
    );
  }

  /**
   * Waits for a snapshot with these values.
   *
   * @param {Partial<import('everwire').Snapshot>} wanted
   * @param {number} [within]
   */
  async becomes(wanted, within = 10_000) {
    await this.page
      .waitForFunction(
        (values) => {
          const now = Reflect.get(window, 'lab').client.snapshot();
          return Object.entries(values).every(([name, value]) => now[name] === value);
        },
        wanted,
        { polling: 20, timeout: within },
      )
      .catch(async (error) => {
        throw new Error(`never ${JSON.stringify(wanted)}; last ${JSON.stringify(await this.snapshot())}`, { cause: error });
      });
  }
}

/**
 * A page with nothing but the package in it.
 *
 * @param {TestContext} t
 * @param {Parameters<typeof openPage>[1]} [options]
 */
export async function openLab(t, options = {}) {
  const { origin } = await serveLab(t);
  const opened = await openPage(t, options);
  await opened.page.goto(origin);
  await opened.page.waitForFunction(() => 'lab' in window);
  return { ...opened, origin, lab: new Lab(opened.page) };
}
