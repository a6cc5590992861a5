// @ts-check
// Owns what may be sent to a peer to which nothing of the protocol is said: texts and bytes; must not know when.

import { EverwireError } from './everwire_error.js';

/** What the application chose for such a peer; `asked`: a ping went out, and nothing came since. @typedef {{ ping: any, isPong: ((data: any) => boolean) | undefined, asked: boolean }} Raw */

export const DATA = 'a string, an ArrayBuffer or a view of one';

/** @param {any} data */
export const isData = (data) => typeof data === 'string' || ArrayBuffer.isView(data) || /ArrayBuffer]/.test({}.toString.call(data));

/** What is sent: of bytes, which may change later, a copy. @param {any} data @returns {any} */
export function copy(data) {
  if (!isData(data)) throw new EverwireError('invalid_event', `with protocol "raw" a message is ${DATA}; of a Blob send its arrayBuffer()`);
  return typeof data === 'string' ? data : new Uint8Array(data.buffer ?? data, data.byteOffset, data.byteLength).slice();
}
