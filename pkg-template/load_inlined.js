// @ts-check
// Owns the one instance of a wasm module that an entry has beside the default one; must not know what is in it.

import { inlined } from './inlined.js';
import { refused, unavailable } from './load.js';

/**
 * What sees to it that there is an instance of the module that `text` is.
 *
 * @param {(given: { module: any }) => unknown} initSync
 * @param {string} text
 */
export function loaderOf(initSync, text) {
  let loaded = false;
  return () => {
    if (loaded) return;
    if (typeof WebAssembly !== 'object') throw unavailable('there is no WebAssembly.');
    const module = inlined(text);
    try {
      initSync({ module });
    } catch (cause) {
      throw refused(cause, module);
    }
    loaded = true;
  };
}
