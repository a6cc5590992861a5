// @ts-check
// Owns the entry for Cloudflare Workers, where a module may be imported but not compiled from bytes;
// must not know how a client works.

import module from './core.wasm';
import { clientFrom } from './client.js';
import { coreOf } from './load.js';

export { EverwireError } from './everwire_error.js';

export const Client = /* @__PURE__ */ clientFrom(/* @__PURE__ */ coreOf(() => module));

/** @type {(url: any, options?: any) => InstanceType<typeof Client>} */
export const connect = (url, options) => new Client(url, options);
