// @ts-check
// Owns the one instance of the module for causal order; must not know what it is for.

import { Causal, areCounts, compare, initSync, merge, mostActors, mostNames } from './causal_core.js';
import { text } from './causal_wasm.js';
import { loaderOf } from './load_inlined.js';

const load = /* @__PURE__ */ loaderOf(initSync, text);
const core = { Causal, areCounts, compare, merge, mostActors, mostNames };

/** What the module can do, compiled by the first who asks. */
export function loadCausal() {
  load();
  return core;
}
