// @ts-check
// Owns the asking of the url, protocols and token functions; must not know when they are asked.

import { EverwireError } from './everwire_error.js';

/** @typedef {[url: string, protocols: any, token: string | undefined]} Answers */

/**
 * Asks all three at once. What is known at once is returned at once, undefined for a failure; else it is null, and told
 * later.
 *
 * @param {any[]} providers url, protocols, token: values, or functions that return or promise them
 * @param {(answers: Answers | undefined) => void} tell
 * @returns {Answers | undefined | null}
 */
export function ask(providers, tell) {
  try {
    const asked = providers.map((each) => (typeof each === 'function' ? each() : each));
    if (!asked.some((each) => typeof each?.then === 'function')) return checked(asked);
    Promise.all(asked)
      .then(checked)
      .catch(failed)
      .then(tell);
    return null;
  } catch (error) {
    return failed(error);
  }
}

/** @param {unknown} error */
function failed(error) {
  console.error('everwire: the url, protocols or token function failed', error);
  return undefined;
}

/** @param {any[]} answers @returns {Answers} */
function checked([url, protocols, token]) {
  if (typeof url !== 'string' && !(url instanceof URL)) throw wrong('url', 'a string or a URL');
  if (
    protocols != null &&
    typeof protocols !== 'string' &&
    !(Array.isArray(protocols) && protocols.every((each) => typeof each === 'string'))
  ) {
    throw wrong('protocols', 'a string or an array of strings');
  }
  if (token != null && typeof token !== 'string') throw wrong('token', 'a string');
  return [String(url), protocols ?? undefined, token ?? undefined];
}

/** @param {string} name @param {string} allowed */
const wrong = (name, allowed) => new EverwireError('invalid_option', `the ${name} function must return ${allowed}`);
