// @ts-check
// Owns the entry for those who fetch the wasm themselves; must not know how a client works.

import { clientFrom } from './client.js';
import { coreOf, load, unavailable } from './load.js';

export { EverwireError } from './everwire_error.js';

export const Client = /* @__PURE__ */ clientFrom(
  /* @__PURE__ */ coreOf(() => {
    throw unavailable("call init() of 'everwire/slim' with the wasm module, and wait for it, before the first client.");
  }),
);

/** @type {(url: any, options?: any) => InstanceType<typeof Client>} */
export const connect = (url, options) => new Client(url, options);

/** @param {unknown} source */
export async function init(source) {
  const given = await source;
  initSync(typeof Response === 'function' && given instanceof Response ? await read(given) : given);
}

/** @param {any} source a module, or its bytes */
export function initSync(source) {
  load(() => source);
}

/** @param {Response} response */
async function read(response) {
  if (!response.ok) throw unavailable(`the wasm module could not be fetched (status ${response.status}).`);
  return response.arrayBuffer();
}
