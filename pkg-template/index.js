// @ts-check
// Owns the default entry: the client with its wasm inlined, compiled by the first client that is
// made; must not know how a client works.

import { clientFrom } from './client.js';
import { coreOf } from './load.js';
import { text } from './wasm.js';

export { EverwireError } from './everwire_error.js';

export const Client = /* @__PURE__ */ clientFrom(/* @__PURE__ */ coreOf(() => decode(text)));

/** @type {(url: any, options?: any) => InstanceType<typeof Client>} */
export const connect = (url, options) => new Client(url, options);

/**
 * The bytes of which build.mjs made `text`, a character each or two.
 *
 * @param {string} text
 */
function decode(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let more = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // From the space on, without the quotation mark and the backslash.
    const place = code - 32 - (code > 34 ? 1 : 0) - (code > 92 ? 1 : 0);
    if (place > 90) {
      more = 91 * (place - 90);
    } else {
      bytes[length++] = more + place;
      more = 0;
    }
  }
  return bytes.subarray(0, length);
}
