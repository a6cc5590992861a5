// @ts-check
// Owns what a page has while it holds an identity of an outbox, and the place that its messages are for; must not know when
// it takes or leaves one.

import { absolute, destination } from './address.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./outbox_writer.js').OutboxWriter} OutboxWriter */
/** One of an earlier page's outboxes, and whom to tell that nothing can be done for it any more. @typedef {{ client: string, done: () => void }} Errand */

/** What a host with an outbox has more than others, for one core. */
export class Tenancy {
  /** @param {Errand | undefined} errand @param {number} persisting the receipt of what is to be stored @param {OutboxWriter} box */
  constructor(errand, persisting, box) {
    this.errand = errand;
    /** Stores nothing until it is known what came before. */
    this.box = box;
    /** Lets go of the identity; null where there is none to hold. @type {(() => void) | null | undefined} */
    this.release = undefined;
    /** @type {Promise<void> | undefined} */
    this.claiming = undefined;
    /** Messages that wait until then. @type {(() => void)[] | undefined} */
    this.held = [];
    /** Nothing was claimed yet. */
    this.fresh = true;
    this.persisting = persisting;
    this.closed = false;
    /** Hidden away since it was last asked for the identity. */
    this.hidden = false;
    /** What it stored is another page's. */
    this.leaving = false;
    /** What the server said of its log and memory. @type {object} */
    this.hello = {};
    /** Settles what another page left. @type {Host | undefined} */
    this.helper = undefined;
  }
}

/**
 * What messages are for: another page sends them only to the same. Of a url no query is kept, which may be a credential.
 *
 * @param {any} url
 * @param {string} name
 */
export function placeOf(url, name) {
  if (typeof url === 'function') return `${name}`;
  try {
    return `${destination(absolute(String(url)))} ${name}`;
  } catch {
    // The browser will refuse it.
    return `${name}`;
  }
}
