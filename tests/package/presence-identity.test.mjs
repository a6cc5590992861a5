// @ts-check
// The name of a tab: kept over a reload, and no other tab's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forget, newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });

/** Locks as browsers have them, of one origin. */
class Locks {
  /** @type {Map<string, (() => void)[]>} */
  held = new Map();

  /** @param {string} name @param {{ signal: AbortSignal }} options @param {() => Promise<void>} callback */
  async request(name, { signal }, callback) {
    const waiting = this.held.get(name);
    if (waiting) {
      await new Promise((go, stop) => {
        waiting.push(() => go(undefined));
        signal.addEventListener('abort', () => stop(new DOMException('aborted', 'AbortError')));
      });
    }
    this.held.set(name, this.held.get(name) ?? []);
    await callback();
    const next = this.held.get(name)?.shift();
    if (next) next();
    else this.held.delete(name);
  }
}

const locks = new Locks();

/** Nothing runs for so long, on the machine as a page sees it. @param {number} ms */
const standStill = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** What one tab has. */
class Tab {
  /** @param {Map<string, string>} stored */
  constructor(stored = new Map()) {
    this.stored = stored;
    this.events = new EventTarget();
  }

  /** Loads a page in it, with modules of its own, and enters. @returns {Promise<string>} the name by which it joined */
  async load() {
    const { stored, events } = this;
    Object.assign(globalThis, {
      sessionStorage: { getItem: (/** @type {string} */ key) => stored.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void stored.set(key, value) },
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
    });
    Object.defineProperty(globalThis, 'navigator', { value: { locks, onLine: true }, configurable: true });
    const { tabIdentity } = await import(`../../node_modules/everwire/presence_identity.js?${Math.random()}`);
    this.tabIdentity = tabIdentity;
    return tabIdentity();
  }

  /** @param {string} type @param {object} [members] */
  tell(type, members) {
    this.events.dispatchEvent(Object.assign(new Event(type), members));
  }
}

test('a reload keeps the name, another tab has another, and a duplicated one takes a new one', async () => {
  const tab = new Tab();
  const name = await tab.load();
  assert.match(name, /^[0-9a-f]{32}$/);
  tab.tell('pagehide', { persisted: false });
  assert.equal(await tab.load(), name, 'a reload');
  assert.notEqual(await new Tab().load(), name, 'another tab');
  const copy = new Tab(new Map(tab.stored));
  const other = await copy.load();
  assert.notEqual(other, name, 'a duplicate');
  copy.tell('pagehide', { persisted: false });
  assert.equal(await copy.load(), other, 'and it keeps that');
});

test('a reload whose old page lets go late waits for it', async () => {
  const tab = new Tab();
  const name = await tab.load();
  const old = tab.events;
  tab.events = new EventTarget();
  const reloaded = tab.load();
  setTimeout(() => old.dispatchEvent(new Event('pagehide')), 100);
  assert.equal(await reloaded, name);
});

test('a machine that stands still while the old page lets go takes no name away', async () => {
  const tab = new Tab();
  const name = await tab.load();
  const old = tab.events;
  tab.events = new EventTarget();
  const reloaded = tab.load();
  for (let turn = 0; turn < 500 && !locks.held.get(`everwire/presence/${name}`)?.length; turn++) await new Promise((done) => setTimeout(done, 5));
  standStill(600);
  // After the timers that are overdue by now.
  setTimeout(() => old.dispatchEvent(new Event('pagehide')), 1);
  assert.equal(await reloaded, name);
});

test('a page that comes back has its name, unless another took it', async () => {
  const tab = new Tab();
  const name = await tab.load();
  tab.tell('pagehide', { persisted: true });
  tab.tell('pageshow', { persisted: true });
  assert.equal(await tab.tabIdentity?.(), name);
  tab.tell('pagehide', { persisted: true });
  const copy = new Tab(new Map(tab.stored));
  assert.equal(await copy.load(), name);
  Object.assign(globalThis, { sessionStorage: { getItem: () => name, setItem() {} } });
  tab.tell('pageshow', { persisted: true });
  assert.notEqual(await tab.tabIdentity?.(), name);
});

test('what is stored is taken for a name only if it is one', async () => {
  const tab = new Tab(new Map([['everwire/presence', '{"x":1}']]));
  assert.match(await tab.load(), /^[0-9a-f]{32}$/);
});

test('without storage and locks there is a name all the same', async () => {
  const tab = new Tab();
  await tab.load();
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis, 'sessionStorage', {
    get() {
      throw new DOMException('no', 'SecurityError');
    },
    configurable: true,
  });
  const { tabIdentity } = await import(`../../node_modules/everwire/presence_identity.js?${Math.random()}`);
  assert.match(await tabIdentity(), /^[0-9a-f]{32}$/);
  Reflect.deleteProperty(globalThis, 'sessionStorage');
});

test('one joins by the name of the tab, once it is known', async (t) => {
  await new Tab().load();
  const { connect } = await import('everwire');
  const { presence } = await import('everwire/presence');
  const client = connect('wss://a.example/live', { heartbeat: false });
  t.after(() => {
    client.close({ drain: 0 });
    forget();
  });
  const [one, other] = [presence(client), presence(client, 'side')];
  newest().accept();
  assert.deepEqual(newest().messages(), [], 'not yet');
  for (let turn = 0; turn < 100 && newest().messages().length < 2; turn++) await new Promise((done) => setTimeout(done, 5));
  const [join, second] = newest().messages();
  assert.equal(join.userId, one.me().userId);
  assert.match(join.userId, /^[0-9a-f]{32}$/);
  assert.equal(second.userId, join.userId);
  one.leave();
  other.leave();
});
