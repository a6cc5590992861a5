// @ts-check
// Owns the entry for messages that outlive their page, and its options; must not know how they are stored.

import { choicesOf, isWhole, refusal } from './entry_options.js';
import { persistent } from './persistent_host.js';

/** @typedef {typeof import('./host.js').Host} HostClass */

/** @param {any} value */
const isText = (value) => typeof value === 'string' && value.length <= 256;

/** @type {import('./entry_options.js').Table} */
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
  const choices = choicesOf('outbox', OPTIONS, options);
  return (/** @type {HostClass} */ Host, /** @type {any} */ url) => {
    if (choices.name === '' && (typeof url === 'function' || String(url).includes('?'))) {
      throw refusal('name', 'says what the destination is, where the url is a function or has a query, which may be a credential');
    }
    return persistent(Host, choices);
  };
}
