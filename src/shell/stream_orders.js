// @ts-check
// Owns the functions by which the core of a stream gives orders that are not those of a socket; must not know why.

import { order } from './orders.js';
import { host } from './work.js';

/** @typedef {import('./stream_host.js').StreamHost} StreamHost */

/** Whether by a request that shows its answer, whatever the application chose. */
export const connect = order((client, /** @type {number} */ generation, /** @type {boolean} */ shown) =>
  /** @type {StreamHost} */ (/** @type {unknown} */ (client)).connect(generation, shown),
);

export const program = order((client, /** @type {boolean} */ pass, /** @type {number} */ generation, /** @type {number} */ credit, /** @type {number} */ slice) =>
  client.plane.program(pass, generation, 0, credit, false, false, 0, false, false, slice),
);

/** @param {number} number */
const known = (number) => (number < 0 ? null : number);

/**
 * What was asked for by `snapshot()`: nothing that calls back.
 *
 * @param {string} state @param {boolean} final @param {number} attempt @param {number} retryAt -1 for none
 * @param {string} code empty for no reason @param {string} message @param {number} status 0 for none; from 1000 on a close code
 * @param {string} freshness @param {number} heardAt -1 for never @param {number} connects
 */
export const show = (state, final, attempt, retryAt, code, message, status, freshness, heardAt, connects) => {
  const client = /** @type {StreamHost} */ (/** @type {unknown} */ (host));
  const { plane } = client;
  client.shown = Object.freeze({
    state,
    final,
    attempt,
    retryAt: known(retryAt),
    reason: code === '' ? null : Object.freeze({ code, message, status: status > 0 && status < 1_000 ? status : null }),
    freshness,
    heardAt: known(heardAt),
    connects,
    dropped: plane.backlog.dropped,
    conflated: plane.backlog.conflated,
    invalid: plane.invalid,
  });
};
