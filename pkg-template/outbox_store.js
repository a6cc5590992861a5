// @ts-check
// Owns the stored messages of an origin and the locks by which a page holds an identity; must not know what is sent, or
// when.

import { openDB } from 'idb';

/**
 * An identity under which messages were sent or are to be. `life`: how many pages had it before, each of which gives
 * numbers of its own.
 * @typedef {{ client: string, place: string, user: string, life: number, made: number }} Page
 */
/** What a message was last sent to: when, and the words of that server's hello. @typedef {{ at: number, hello: object }} Sent */
/**
 * A message, `id` by its place in the order of an identity; `n` is 0 until it was sent.
 * @typedef {{
 *   client: string, id: number, text: string, bytes: number, flags: number, made: number, until: number,
 *   n: number, again: boolean, sent: Sent | null,
 * }} Message
 */
/** @typedef {[client: string, id: number]} Key */

/** An identity without messages is forgotten after a day: its page may come back out of the back/forward cache. */
const FORGET_MS = 86_400_000;

/** Of an earlier page's numbers, and of the pages that had an identity, as many as an `$id` has room for. */
const MOST_NUMBER = 1e15;
const MOST_LIVES = 200_000;

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;

/** Another version may have written what this one cannot read. @param {any} page */
const isPage = ({ client, life, made }) => /^[\w-]{1,64}$/.test(client) && isCount(life) && life < MOST_LIVES && isCount(made);

/** @param {any} message */
const isMessage = ({ text, bytes, flags, until, n, again, sent }) =>
  isEvent(text) && isCount(bytes) && isCount(flags) && isCount(until) && isCount(n) && n < MOST_NUMBER && typeof again === 'boolean' &&
  (n === 0 || (isCount(sent?.at) && typeof sent.hello === 'object' && sent.hello !== null));

/** @param {any} text */
function isEvent(text) {
  try {
    return text.startsWith('{"') && typeof JSON.parse(text).type === 'string';
  } catch {
    return false;
  }
}

/** Every message of an identity. @param {string} client */
const of = (client) => IDBKeyRange.bound([client], [client, []]);

export class OutboxStore {
  /** @param {import('idb').IDBPDatabase<any>} db */
  constructor(db) {
    this.db = db;
  }

  /** Rejects where there is no database or no lock. @param {string} name */
  static async open(name) {
    if (!globalThis.navigator?.locks) throw new Error('there are no Web Locks here; a page needs https for them');
    const db = await openDB(name, 1, {
      upgrade(made) {
        made.createObjectStore('pages', { keyPath: 'client' });
        made.createObjectStore('messages', { keyPath: ['client', 'id'] }).createIndex('until', 'until');
      },
      // Somebody deletes it.
      blocking: (_old, _new, event) => /** @type {any} */ (event.target).close(),
    });
    return new OutboxStore(db);
  }

  /** @param {string} client */
  lockName(client) {
    return `${this.db.name}:${client}`;
  }

  /**
   * Holds an identity until what is returned is called; null if somebody else holds it.
   *
   * @param {string} client
   * @returns {Promise<(() => void) | null>}
   */
  lock(client) {
    return new Promise((got, failed) => {
      const held = (/** @type {Lock | null} */ lock) =>
        lock === null ? got(null) : new Promise((release) => got(() => release(undefined)));
      navigator.locks.request(this.lockName(client), { ifAvailable: true }, held).catch(failed);
    });
  }

  /** The identities with messages for this place and user that no page holds, oldest first. @param {string} place @param {string} user */
  async orphans(place, user) {
    const { held = [] } = await navigator.locks.query();
    const taken = new Set(held.map(({ name }) => name));
    const tx = this.db.transaction(['pages', 'messages']);
    /** @type {[Page[], Key[]]} */
    const [pages, keys] = await Promise.all([tx.objectStore('pages').getAll(), /** @type {any} */ (tx.objectStore('messages').getAllKeys())]);
    const full = new Set(keys.map(([client]) => client));
    return pages
      .filter((page) => isPage(page) && page.place === place && page.user === user && full.has(page.client) && !taken.has(this.lockName(page.client)))
      .sort((one, other) => one.made - other.made);
  }

  /**
   * Begins another life of an identity that is held. When this is over, its numbers are nobody else's, and new messages
   * have their places after `lastId`.
   *
   * @param {string} client
   */
  async adopt(client) {
    const tx = this.db.transaction(['pages', 'messages'], 'readwrite', { durability: 'strict' });
    /** @type {Page | undefined} */
    const found = await tx.objectStore('pages').get(client);
    /** @type {Message[]} */
    const all = found === undefined ? [] : await tx.objectStore('messages').getAll(of(client));
    const messages = all.filter(isMessage);
    const page = messages.length > 0 && found ? { ...found, life: found.life + 1 } : null;
    if (page) tx.objectStore('pages').put(page);
    await tx.done;
    return page && { page, messages, lastId: all.reduce((last, { id }) => (isCount(id) ? Math.max(last, id) : last), 0) };
  }

  /** Whether an identity is as this page left it. @param {Page} page @param {boolean} known whether it was ever stored */
  async isAsLeft(page, known) {
    /** @type {Page | undefined} */
    const found = await this.db.get('pages', page.client);
    return found === undefined ? !known : found.life === page.life;
  }

  /**
   * Rejects, and has changed nothing, if another page has gone on with the identity meanwhile.
   *
   * @param {Page} page
   * @param {boolean} known whether the page was ever stored
   * @param {Message[]} put
   * @param {Key[]} gone
   */
  async write(page, known, put, gone) {
    const tx = this.db.transaction(['pages', 'messages'], 'readwrite', { durability: put.length > 0 ? 'strict' : 'relaxed' });
    const done = tx.done;
    done.catch(() => {});
    const [pages, messages] = [tx.objectStore('pages'), tx.objectStore('messages')];
    /** @type {Page | undefined} */
    const found = await pages.get(page.client);
    if (found === undefined ? known : found.life !== page.life) {
      tx.abort();
      throw new Error('another page has taken the outbox over');
    }
    if (found === undefined && put.length > 0) pages.put(page).catch(() => {});
    for (const message of put) messages.put(message).catch(() => {});
    for (const key of gone) messages.delete(key).catch(() => {});
    await done;
  }

  /** Removes what is too old of identities that no page holds. @param {number} now */
  async sweep(now) {
    const { held = [] } = await navigator.locks.query();
    const taken = new Set(held.map(({ name }) => name));
    const tx = this.db.transaction(['pages', 'messages'], 'readwrite', { durability: 'relaxed' });
    const [pages, messages] = [tx.objectStore('pages'), tx.objectStore('messages')];
    /** @type {Key[]} */
    const late = /** @type {any} */ (await messages.index('until').getAllKeys(IDBKeyRange.upperBound(now)));
    for (const key of late) if (!taken.has(this.lockName(key[0]))) messages.delete(key);
    /** @type {Page[]} */
    const known = await pages.getAll();
    for (const { client, made } of known) {
      if (made > now - FORGET_MS || taken.has(this.lockName(client))) continue;
      if ((await messages.count(of(client))) === 0) pages.delete(client);
    }
    await tx.done;
  }
}
