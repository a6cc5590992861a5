// @ts-check
// Owns the class that applications see; must not know how a stream works.

import { StreamHost } from './stream_host.js';

/**
 * The `Stream` of an entry.
 *
 * @param {import('./stream_host.js').MakeCore} makeCore
 * @param {() => import('./stream_host.js').EventStream} eventStream
 */
export const streamFrom = (makeCore, eventStream) =>
  class Stream {
    /** @type {StreamHost} */
    #host;

    /**
     * @param {any} url
     * @param {any} [options]
     */
    constructor(url, options) {
      this.#host = new StreamHost(makeCore, eventStream, url, options);
    }

    get state() {
      return this.snapshot().state;
    }

    get lastEventId() {
      return this.#host.lastEventId;
    }

    /** @param {any} type @param {any} handler */
    on(type, handler) {
      const off = this.#host.plane.on(type, handler);
      this.#host.listen(type);
      return off;
    }

    /** @param {any} handlers */
    match(handlers) {
      const off = this.#host.plane.match(handlers);
      Object.keys(handlers).forEach((type) => this.#host.listen(type));
      return off;
    }

    close() {
      this.#host.close();
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
