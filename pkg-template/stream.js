// @ts-check
// Owns the entry for streams of server-sent events, with the wasm that reads them inlined; must not know how a stream works.

import { eventStreamFrom } from './event_stream.js';
import { loaderOf } from './load_inlined.js';
import { closeScan, goOn, initSync, openScan, scan, scanBytes, scanMemory, scanRecords, Streamer } from './stream_core.js';
import { streamFrom } from './stream_client.js';
import { text } from './stream_wasm.js';

export { EverwireError } from './everwire_error.js';

const load = /* @__PURE__ */ loaderOf(initSync, text);
const EventStream = /* @__PURE__ */ eventStreamFrom({ closeScan, goOn, openScan, scan, scanBytes, scanMemory, scanRecords });

export const Stream = /* @__PURE__ */ streamFrom(
  (given, seed, mono, wall) => {
    load();
    return new Streamer(given, seed, mono, wall);
  },
  () => EventStream,
);

/** @type {(url: any, options?: any) => InstanceType<typeof Stream>} */
export const stream = (url, options) => new Stream(url, options);
