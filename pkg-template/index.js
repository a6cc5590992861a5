// @ts-check
// Owns the default entry: the client with its wasm inlined, compiled by the first client that is
// made; must not know how a client works.

import { clientFrom } from './client.js';
import { inlined } from './inlined.js';
import { coreOf } from './load.js';
import { text } from './wasm.js';

export { EverwireError } from './everwire_error.js';

export const Client = /* @__PURE__ */ clientFrom(/* @__PURE__ */ coreOf(() => inlined(text)));

/** @type {(url: any, options?: any) => InstanceType<typeof Client>} */
export const connect = (url, options) => new Client(url, options);
