// @ts-check
// Owns the one instance of the module for causal order; must not know what it is for.

import { Causal, areCounts, compare, initSync, merge, mostActors, mostNames } from './causal_core.js';
import { text } from './causal_wasm.js';
import { inlined } from './inlined.js';
import { refused, unavailable } from './load.js';

const core = { Causal, areCounts, compare, merge, mostActors, mostNames };

let loaded = false;

/** What the module can do, compiled by the first who asks. */
export function loadCausal() {
  if (loaded) return core;
  if (typeof WebAssembly !== 'object') throw unavailable('there is no WebAssembly.');
  const module = inlined(text);
  try {
    initSync({ module });
  } catch (cause) {
    throw refused(cause, module);
  }
  loaded = true;
  return core;
}
