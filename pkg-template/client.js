// @ts-check
// Owns the class that applications see, and the release of the core of a client that is closed; must not
// know how a client works.
//
// The core holds the application's handlers from within wasm, where no garbage collector follows them: a
// handler that mentions its client would keep both for ever. So the core of a closed client is freed, and
// what the client needs to go on by `retry()` stays here.

import { Client as Core } from './core.js';
import { load } from './load.js';

/** @param {any} snapshot */
const isClosedForGood = ({ final, reason }) => final && reason?.code === 'closed_by_application';

/**
 * The `Client` of an entry.
 *
 * @param {() => WebAssembly.Module | BufferSource} source of the wasm module, for the first client of all
 */
export const clientFrom = (source) =>
  class Client {
    #url;
    #options;
    #plane;
    /** @type {Core | null} */
    #core;
    /** The last snapshot, once there is no core. @type {any} */
    #last;

    /**
     * @param {any} url
     * @param {any} [options]
     */
    constructor(url, options) {
      load(source);
      this.#url = url;
      this.#options = options;
      this.#core = new Core(url, options, undefined);
      this.#plane = this.#core.plane;
      // A client that nobody holds may go, though its connection goes on.
      const weak = new WeakRef(this);
      this.#plane.subscribe(() => {
        const client = weak.deref();
        if (client) client.#changed();
      });
    }

    get state() {
      return this.snapshot().state;
    }

    /** @param {any} type @param {any} handler */
    on(type, handler) {
      return this.#plane.on(type, handler);
    }

    /** @param {any} handlers */
    match(handlers) {
      return this.#plane.match(handlers);
    }

    /** @param {any} event @param {any} [options] */
    send(event, options) {
      return this.#awake().send(event, options);
    }

    /** @param {any} [options] */
    close(options) {
      this.#awake().close(options);
    }

    retry() {
      this.#awake().retry();
    }

    snapshot() {
      return this.#core ? this.#core.snapshot() : this.#last;
    }

    /** @param {any} listener */
    subscribe(listener) {
      return this.#plane.subscribe(listener);
    }

    #changed() {
      // The core may be at work further up the stack.
      if (isClosedForGood(this.snapshot())) queueMicrotask(() => this.#release());
    }

    #release() {
      const last = this.#core?.snapshot();
      if (!this.#core || !isClosedForGood(last)) return;
      this.#last = last;
      this.#core.free();
      this.#core = null;
    }

    #awake() {
      if (this.#core) return this.#core;
      this.#core = new Core(this.#url, this.#options, this.#plane);
      queueMicrotask(() => this.#release());
      return this.#core;
    }
  };
