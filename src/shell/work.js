// @ts-check
// Owns who the core works for; must not know what is done for it.
//
// The core names no client: it works for one at a time, and never while a function of the application runs.

/** @typedef {import('./host.js').Host} Host */

/** @type {Host} */
export let host;

/** The core works for this client from now on, or for none. @param {Host | undefined} client */
export const serve = (client) => {
  host = /** @type {Host} */ (client);
};
