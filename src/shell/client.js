// @ts-check
// Owns the class that applications see; must not know how a client works.

import { Host } from './host.js';

/** @typedef {import('./host.js').MakeCore} MakeCore */

/**
 * The `Client` of an entry.
 *
 * @param {MakeCore} makeCore
 */
export const clientFrom = (makeCore) =>
  class Client {
    /** @type {Host} */
    #host;

    /**
     * @param {any} url
     * @param {any} [options]
     */
    constructor(url, options) {
      const Kind = [options?.transport, options?.persist].reduce((Kind, make) => (typeof make === 'function' ? make(Kind, url) : Kind), Host);
      this.#host = new Kind(makeCore, url, options);
    }

    get state() {
      return this.snapshot().state;
    }

    /** @param {any} type @param {any} handler */
    on(type, handler) {
      return this.#host.plane.on(type, handler);
    }

    /** @param {any} handlers */
    match(handlers) {
      return this.#host.plane.match(handlers);
    }

    /** @param {any} event @param {any} [options] */
    send(event, options) {
      return this.#host.sender.send(event, options);
    }

    /** @param {any} event @param {any} [options] */
    request(event, options) {
      return this.#host.sender.request(event, options);
    }

    /** @param {any} type @param {any} [options] */
    expect(type, options) {
      return this.#host.sender.expect(type, options);
    }

    get ready() {
      return this.#host.sender.ready;
    }

    /** @param {any} [options] */
    close(options) {
      this.#host.close(options);
    }

    retry() {
      this.#host.retry();
    }

    snapshot() {
      return this.#host.snapshot();
    }

    /** @param {any} listener */
    subscribe(listener) {
      return this.#host.plane.subscribe(listener);
    }
  };
