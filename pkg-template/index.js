// @ts-check
// Owns the default entry: the client with its wasm inlined, compiled by the first client that is
// made; must not know how a client works.

import { clientFrom } from './client.js';
import { hex } from './wasm.js';

export { EverwireError } from './everwire_error.js';

export const Client = /* @__PURE__ */ clientFrom(() => decode(hex));

/** @type {(url: any, options?: any) => InstanceType<typeof Client>} */
export const connect = (url, options) => new Client(url, options);

/**
 * Hexadecimal digits survive gzip and brotli better than base64, and cost a shift and a mask each:
 * `0`-`9` are 0x30-0x39, `a`-`f` are 0x61-0x66.
 *
 * @param {string} digits
 */
function decode(digits) {
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    const high = digits.charCodeAt(2 * at);
    const low = digits.charCodeAt(2 * at + 1);
    bytes[at] = (((high & 15) + 9 * (high >> 6)) << 4) | ((low & 15) + 9 * (low >> 6));
  }
  return bytes;
}
