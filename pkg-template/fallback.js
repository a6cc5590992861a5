// @ts-check
// Owns the entry for places where WebSockets are blocked, its options, and the wasm that judges them; must not know how a
// connection goes over HTTP.

import { choicesOf, isFunction, isWhole } from './entry_options.js';
import { eventStreamFrom } from './event_stream.js';
import { closeScan, goOn, initSync, openScan, posted, scan, scanBytes, scanMemory, scanRecords, Way } from './fallback_core.js';
import { withFallback } from './fallback_host.js';
import { text } from './fallback_wasm.js';
import { loaderOf } from './load_inlined.js';

/** @typedef {typeof import('./host.js').Host} HostClass */

const load = /* @__PURE__ */ loaderOf(initSync, text);
const EventStream = /* @__PURE__ */ eventStreamFrom({ closeScan, goOn, openScan, scan, scanBytes, scanMemory, scanRecords });

/** @type {import('./entry_options.js').Table} */
const OPTIONS = {
  memory: [1_800_000, (value) => isWhole(value, 1_000, 86_400_000), 'a whole number from 1000 to 86400000'],
  patience: [4_000, (value) => isWhole(value, 100, 60_000), 'a whole number from 100 to 60000'],
  onTransport: [undefined, isFunction, 'a function'],
};

/**
 * The way over HTTP, for the option `transport` of a client.
 *
 * @param {any} [options]
 */
export function fallback(options = {}) {
  const choices = choicesOf('fallback', OPTIONS, options);
  return (/** @type {HostClass} */ Host) => {
    load();
    return withFallback(Host, choices, { Way, EventStream, posted });
  };
}
