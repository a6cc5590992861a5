// @ts-check
// Owns how the entries read their options and refuse what they cannot take; must not know any of them.

import { EverwireError } from './everwire_error.js';
import { sizeOf } from './outlet.js';

/** By name: what holds where nobody says, what is allowed, and that in words. @typedef {Record<string, [otherwise: any, isAllowed: (value: any) => boolean, allowed: string]>} Table */

/** @param {string} name @param {string} allowed */
export const refusal = (name, allowed) => new EverwireError('invalid_option', `option "${name}": ${allowed}`);

/** @param {any} value @param {number} least @param {number} most */
export const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;

/** Bytes of what names somebody or something on the wire. */
export const MOST_NAME = 128;

/** @param {any} value */
export const isName = (value) => typeof value === 'string' && value !== '' && value.length <= MOST_NAME && sizeOf(value) <= MOST_NAME;

/** @param {any} value */
export const isFunction = (value) => typeof value === 'function';

/**
 * The options of the entry `of`, as `table` has them.
 *
 * @param {string} of @param {Table} table @param {any} options
 * @returns {any}
 */
export function choicesOf(of, table, options) {
  if (typeof options !== 'object' || options === null) throw refusal(of, 'an object');
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(table, name)) throw refusal(name, `is not known; there are ${Object.keys(table).join(', ')}`);
  }
  const choices = /** @type {any} */ ({});
  for (const [name, [otherwise, isAllowed, allowed]] of Object.entries(table)) {
    const value = options[name];
    if (value !== undefined && !isAllowed(value)) throw refusal(name, allowed);
    choices[name] = value ?? otherwise;
  }
  return choices;
}
