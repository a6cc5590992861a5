// @ts-check
// Owns the making of an absolute ws: or wss: url, and the count of this page's clients by destination; must not know
// who connects.

/** @type {Map<string, number>} */
const clients = new Map();

/**
 * Relative and http(s) urls, which not every engine's `WebSocket` takes. Throws for what is no url, and for a relative
 * one where there is no page to be relative to.
 *
 * @param {string} url
 */
export function absolute(url) {
  const { document, location } = globalThis;
  const made = new URL(url, document?.baseURI ?? location?.href);
  if (made.protocol === 'http:') made.protocol = 'ws:';
  if (made.protocol === 'https:') made.protocol = 'wss:';
  return made.href;
}

/**
 * One client more with this destination, which is the url without what may be a credential.
 *
 * @param {string} href
 * @returns {string}
 */
export function destination(href) {
  const { host, pathname } = new URL(href);
  return host + pathname;
}

/**
 * @param {string} place
 * @param {number} change 1 or -1
 */
export function count(place, change) {
  const now = (clients.get(place) ?? 0) + change;
  if (now > 0) clients.set(place, now);
  else clients.delete(place);
  return now;
}
