// @ts-check
// Owns the one instance of the wasm module and the errors for a page that cannot have it; must not
// know where the module comes from.

import { Client as Core, initSync } from './core.js';
import { EverwireError } from './everwire_error.js';

/** @typedef {() => WebAssembly.Module | BufferSource} Source */

let loaded = false;

/**
 * How cores are made of the module that `source` returns.
 *
 * @param {Source} source
 * @returns {import('./host.js').MakeCore}
 */
export const coreOf = (source) => (given, seed, mono, wall) => {
  load(source);
  return new Core(given, seed, mono, wall);
};

/**
 * Compiles and instantiates what `source` returns, unless there is an instance already.
 *
 * @param {Source} source
 */
export function load(source) {
  if (loaded) return;
  if (typeof WebAssembly !== 'object') {
    throw unavailable('there is no WebAssembly (Lockdown Mode of iOS, for one, takes it away).');
  }
  const module = source();
  try {
    initSync({ module });
  } catch (cause) {
    throw refused(cause, module);
  }
  loaded = true;
}

/**
 * Engines word the refusal of a policy differently, and WebKit compiles but does not instantiate. What
 * they have in common is an error of compiling what compiles: the bytes are valid. Anything else is a
 * broken module or a limit (of memory; of 4 KB on the main thread in Chromium before 115).
 *
 * @param {unknown} cause
 * @param {WebAssembly.Module | BufferSource} module
 */
export function refused(cause, module) {
  return (cause instanceof WebAssembly.CompileError || cause instanceof EvalError) &&
    (module instanceof WebAssembly.Module || WebAssembly.validate(module))
    ? new EverwireError(
        'csp',
        "The Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src, or to its default-src where it has no script-src.",
        false,
        cause,
      )
    : unavailable('the wasm module could not be compiled or instantiated; the cause says why.', cause);
}

/**
 * @param {string} why
 * @param {unknown} [cause]
 */
export const unavailable = (why, cause) =>
  new EverwireError('wasm_unavailable', `everwire cannot run here: ${why}`, false, cause);
