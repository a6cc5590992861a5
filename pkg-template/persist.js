// @ts-check
// Owns the entry for messages that outlive their page, and its options; must not know how they are stored.

import { EverwireError } from './everwire_error.js';
import { persistent } from './persistent_host.js';

/** @typedef {typeof import('./host.js').Host} HostClass */

/** @param {any} value @param {number} least @param {number} most */
const isWhole = (value, least, most) => Number.isInteger(value) && value >= least && value <= most;
/** @param {any} value */
const isText = (value) => typeof value === 'string' && value.length <= 256;

/** @type {Record<string, [otherwise: any, isAllowed: (value: any) => boolean, allowed: string]>} */
const OPTIONS = {
  user: ['', isText, 'a string of at most 256 characters'],
  name: ['', isText, 'a string of at most 256 characters'],
  database: ['everwire', (value) => isText(value) && value !== '', 'a string of 1 to 256 characters'],
  messages: [200, (value) => isWhole(value, 1, 10_000), 'a whole number from 1 to 10000'],
  bytes: [4 << 20, (value) => isWhole(value, 1_024, 268_435_456), 'a whole number from 1024 to 268435456'],
  age: [86_400_000, (value) => isWhole(value, 1_000, 2_592_000_000), 'a whole number from 1000 to 2592000000'],
  onSettled: [undefined, (value) => typeof value === 'function', 'a function'],
};

/**
 * An outbox, for the option `persist` of a client.
 *
 * @param {any} [options]
 */
export function outbox(options = {}) {
  if (typeof options !== 'object' || options === null) throw refusal('outbox', 'an object');
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) throw refusal(name, `is not known; there are ${Object.keys(OPTIONS).join(', ')}`);
  }
  const choices = /** @type {any} */ ({});
  for (const [name, [otherwise, isAllowed, allowed]] of Object.entries(OPTIONS)) {
    const value = options[name];
    if (value !== undefined && !isAllowed(value)) throw refusal(name, allowed);
    choices[name] = value ?? otherwise;
  }
  return (/** @type {HostClass} */ Host, /** @type {any} */ url) => {
    if (choices.name === '' && (typeof url === 'function' || String(url).includes('?'))) {
      throw refusal('name', 'says what the destination is, where the url is a function or has a query, which may be a credential');
    }
    return persistent(Host, choices);
  };
}

/** @param {string} name @param {string} allowed */
const refusal = (name, allowed) => new EverwireError('invalid_option', `option "${name}": ${allowed}`);
