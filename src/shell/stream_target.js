// @ts-check
// Owns the asking for what a request is made of, and for the stored end of a stream; must not know when it is asked.

import { report } from './everwire_error.js';

/** @typedef {import('./stream_choices.js').StreamGiven} StreamGiven */
/** @typedef {{ url: string, headers: Headers, body: any }} Target */
/** @typedef {{ type: string, data: any, id: string }} StreamEvent */

/**
 * What the next request is made of, or how the stream ended meanwhile; nothing for a failure.
 *
 * @param {StreamGiven} given
 * @param {string} lastEventId
 * @param {AbortSignal} signal
 */
export async function ask(given, lastEventId, signal) {
  let answers;
  try {
    answers = await Promise.all([given.url, given.headers, given.body, given.token].map(asked));
  } catch (error) {
    console.error('everwire: the url, headers, body or token function failed', error);
    return undefined;
  }
  const target = targetOf(answers);
  return { target, ending: target && (await recovered(given, target.headers, lastEventId, signal)) };
}

/** @param {any} value a value, or a function that returns or promises one */
const asked = (value) => (typeof value === 'function' ? value() : value);

/** Nothing where no request can be made of it. @param {any[]} answers @returns {Target | undefined} */
function targetOf([url, headers, body, token]) {
  try {
    if (typeof url !== 'string' && !(url instanceof URL)) throw new TypeError('the url function must return a string or a URL');
    const wanted = new Headers(headers);
    if (token != null) wanted.set('authorization', `Bearer ${token}`);
    return { url: absolute(url), headers: wanted, body };
  } catch (error) {
    console.error('everwire: the request cannot be made', error);
    return undefined;
  }
}

/**
 * The stored end, if there is one. To ask for it in vain harms nobody, and who does not answer is not waited for.
 *
 * @param {StreamGiven} given @param {Headers} headers @param {string} lastEventId @param {AbortSignal} signal
 * @returns {Promise<StreamEvent | undefined>}
 */
async function recovered({ recover, credentials, patience }, headers, lastEventId, signal) {
  if (recover === undefined) return undefined;
  const isFunction = typeof recover === 'function';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((go) => void (timer = setTimeout(go, patience)));
  try {
    const found = isFunction
      ? recover({ lastEventId })
      : fetch(absolute(recover), { headers, credentials: /** @type {any} */ (credentials), cache: 'no-store', signal }).then(json);
    const answer = /** @type {any} */ (await Promise.race([found, late]));
    const type = answer?.terminalEventType;
    return typeof type === 'string' ? { type, data: answer.terminalEventData, id: lastEventId } : undefined;
  } catch (error) {
    if (isFunction) report(error);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** @param {Response} response */
const json = (response) => (response.ok ? response.json() : undefined);

/** @param {string | URL} url */
function absolute(url) {
  const { document, location } = globalThis;
  return new URL(url, document?.baseURI ?? location?.href).href;
}
