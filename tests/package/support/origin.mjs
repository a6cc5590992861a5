// @ts-check
// Owns what the pages of an origin share, made of objects: Web Locks and a server that remembers; must not know what is
// tested. A page is killed by taking its locks and its network away.

import 'fake-indexeddb/auto';
import { Socket } from './network.mjs';

/** Of page events, which Node has none of: all pages hear them. */
const target = new EventTarget();
for (const name of ['addEventListener', 'removeEventListener']) {
  Object.assign(globalThis, { [name]: /** @type {any} */ (target)[name].bind(target) });
}

/** @param {string} type */
export const tellPages = (type) => void target.dispatchEvent(new Event(type));

/** Who holds what, in all pages. @type {Map<string, () => void>} */
const held = new Map();

/** The `navigator.locks` of one page. */
class Locks {
  /** @type {Set<string>} */
  own = new Set();

  /** @param {string} name @param {{ ifAvailable: boolean }} _options @param {(lock: object | null) => unknown} use */
  async request(name, _options, use) {
    await null;
    if (held.has(name)) return use(null);
    const killed = new Promise((done) => held.set(name, () => done(undefined)));
    this.own.add(name);
    await Promise.race([use({ name }), killed]);
    this.own.delete(name);
    held.delete(name);
  }

  async query() {
    await null;
    return { held: [...held.keys()].map((name) => ({ name })) };
  }
}

/** A server that speaks the protocol and applies each number once. */
export class Server {
  epoch = 'e1';
  keep = 60_000;
  answers = true;
  /** What was applied, in order. @type {any[]} */
  applied = [];
  /** Every message with an `$id`, as it came. @type {any[]} */
  heard = [];
  /** By client, the numbers that were applied. @type {Map<string, Set<number>>} */
  outcomes = new Map();

  /** @param {PageSocket} socket @param {any} message */
  take(socket, message) {
    const { $id: id, $again: _, ...event } = message;
    if (id === undefined) {
      if (message.type !== 'hello' && message.type !== 'ping') this.applied.push(event);
      return;
    }
    this.heard.push(message);
    const [client = '', n] = id.split('.');
    const known = this.outcomes.get(client) ?? new Set();
    this.outcomes.set(client, known);
    if (!known.has(Number(n))) {
      known.add(Number(n));
      this.applied.push(event);
    }
    if (this.answers) socket.deliver({ type: 'ack', id });
  }

  /** The server began anew and knows nothing. @param {string} epoch */
  restart(epoch) {
    this.epoch = epoch;
    this.outcomes.clear();
  }
}

/** @typedef {Socket & { page: Page }} PageSocket */

/** A page: what it is, what it has, and its end. */
export class Page {
  locks = new Locks();
  alive = true;
  /** @type {PageSocket[]} */
  sockets = [];

  /** @param {Server} server */
  constructor(server) {
    this.server = server;
    const page = this;
    this.WebSocket = class extends Socket {
      page = page;

      /** @param {string} url @param {string[]} [protocols] */
      constructor(url, protocols) {
        super(url, protocols);
        page.sockets.push(this);
        setTimeout(() => page.greet(this));
      }

      /** @param {string} text */
      send(text) {
        super.send(text);
        for (const message of [JSON.parse(text)].flat()) if (page.alive) page.server.take(this, message);
      }
    };
  }

  /** @param {PageSocket} socket */
  greet(socket) {
    if (!this.alive || socket.readyState !== 0) return;
    const { epoch, keep } = this.server;
    socket.accept();
    socket.deliver({ type: 'hello', v: 1, features: ['ack', 'batch', 'seq'], epoch, seq: 0, keep });
  }

  /** Makes the globals those of this page while `act` runs. @template T @param {() => T} act @returns {T} */
  run(act) {
    Object.defineProperty(globalThis, 'navigator', { value: { onLine: true, locks: this.locks }, configurable: true });
    Object.assign(globalThis, { WebSocket: this.WebSocket });
    return act();
  }

  /** As a crash ends it: nothing that it does from now on reaches anybody. */
  kill() {
    this.alive = false;
    for (const name of this.locks.own) held.get(name)?.();
  }
}
