// @ts-check
// What the scenarios share: rooms, waiting, and looking.

/** @type {{ make: (url: unknown, options?: object) => any, pages: () => number, base: string }} */
export const given = { make: () => undefined, pages: () => 0, base: '' };

const clients = new Set();
let rooms = 0;

/** @param {unknown} condition @param {string} what */
export function assert(condition, what) {
  if (!condition) throw new Error(what);
}

/** @param {unknown} found @param {unknown} expected @param {string} [what] */
export function equal(found, expected, what = 'value') {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left} and not ${right}`);
}

/** @param {number} millis */
export const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/**
 * Waits until `condition` holds.
 *
 * @template T
 * @param {() => T} condition
 * @param {string} what
 * @param {number} [millis]
 * @returns {Promise<T>}
 */
export async function until(condition, what, millis = 15_000) {
  const end = performance.now() + millis;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await sleep(1);
  }
}

/** A room that no other test, run or engine has. @param {string} kind @param {string} [query] */
export function room(kind, query = '') {
  const name = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${++rooms}`;
  const url = `${given.base}/${kind}?room=${name}${query}`;
  return {
    url,
    /** @returns {Promise<{ open: number, opened: number, frames: string[], mostAtOnce: number, epoch: number, seq: number }>} */
    look: async () => (await fetch(`${given.base.replace('ws', 'http')}/room?room=${name}`)).json(),
    /** The same room by another door. @param {string} other */
    as: (other) => `${given.base}/${other}?room=${name}`,
  };
}

/** A client that the end of the test closes. @param {unknown} url @param {object} [options] */
export function connect(url, options) {
  const client = given.make(url, { onWarning: () => {}, ...options });
  clients.add(client);
  return client;
}

/** @param {any} client */
export const opened = (client) => until(() => client.state === 'open', 'open');

/** Collects the events of a type. @param {any} client @param {string} type */
export function collect(client, type) {
  /** @type {any[]} */
  const events = [];
  client.on(type, (/** @type {any} */ event) => events.push(event));
  return events;
}

/** The error that `act` throws. @param {() => unknown} act @returns {any} */
export function thrown(act) {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Runs `act` with what is reported to the page caught. @param {() => Promise<void>} act */
export async function reported(act) {
  const before = globalThis.reportError;
  /** @type {any[]} */
  const errors = [];
  globalThis.reportError = (error) => void errors.push(error);
  try {
    await act();
  } finally {
    globalThis.reportError = before;
  }
  return errors;
}

export async function closeAll() {
  for (const client of clients) client.close({ drain: 0 });
  clients.clear();
}

/** Counts the listeners that are added to the page, and not taken off, from now on. */
export function countListeners() {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const held = new Set();
  const ids = new WeakMap();
  const id = (/** @type {any} */ value) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value);
    if (!ids.has(value)) ids.set(value, Math.random());
    return ids.get(value);
  };
  /** @param {any} target @param {any[]} rest */
  const key = (target, [type, listener]) => `${id(target ?? globalThis)} ${type} ${id(listener)}`;
  EventTarget.prototype.addEventListener = function (...given) {
    held.add(key(this, given));
    return addEventListener.apply(this ?? globalThis, /** @type {any} */ (given));
  };
  EventTarget.prototype.removeEventListener = function (...given) {
    held.delete(key(this, given));
    return removeEventListener.apply(this ?? globalThis, /** @type {any} */ (given));
  };
  return {
    count: () => held.size,
    stop: () => Object.assign(EventTarget.prototype, { addEventListener, removeEventListener }),
  };
}
