// @ts-check
// Owns the one instance of the wasm module and the errors for a page that cannot have it; must not
// know where the module comes from.

import { Client as CoreClient, initSync } from './core.js';
import { EverwireError } from './everwire_error.js';

let loaded = false;

/**
 * Instantiates the module that `source` compiles, unless there is an instance already.
 *
 * @param {() => WebAssembly.Module} source
 */
export function load(source) {
  if (loaded) return;
  if (typeof WebAssembly !== 'object') {
    throw unavailable('This browser has no WebAssembly (Lockdown Mode of iOS takes it away).');
  }
  const module = source();
  try {
    initSync({ module });
  } catch (cause) {
    throw unavailable('The wasm module could not be instantiated.', cause);
  }
  loaded = true;
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {WebAssembly.Module}
 */
export function compile(bytes) {
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    // Engines word the refusal of a policy differently, and some as EvalError; what they have in
    // common is that the very same bytes are valid. A RangeError is a limit: of memory, or of what
    // the main thread may compile (4 KB in Chromium before 115).
    if (!(cause instanceof RangeError) && WebAssembly.validate(bytes)) {
      throw new EverwireError(
        'csp',
        "The Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src, or to its default-src where it has no script-src.",
        false,
        cause,
      );
    }
    throw unavailable('The wasm module could not be compiled.', cause);
  }
}

/**
 * The `Client` of an entry: the core's, which makes sure first that there is a core.
 *
 * @param {() => WebAssembly.Module} source
 */
export const clientFrom = (source) =>
  class Client extends CoreClient {
    /**
     * @param {any} url
     * @param {any} [options]
     */
    constructor(url, options) {
      load(source);
      super(url, options);
    }
  };

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
export const unavailable = (message, cause) =>
  new EverwireError('wasm_unavailable', `everwire cannot run here: ${message}`, false, cause);
