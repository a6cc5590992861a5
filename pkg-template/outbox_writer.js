// @ts-check
// Owns what of this page's messages is stored, what is yet to be, and the line of those that may go out only then; must
// not know connections.
//
// A message is stored under the number it is sent with before it is sent: so no later page gives the number to another
// one, or the message another number.

import { EverwireError } from './everwire_error.js';
import { lapse } from './lapse.js';

/** @typedef {import('./outbox_store.js').OutboxStore} OutboxStore */
/** @typedef {import('./outbox_store.js').Page} Page */
/** @typedef {import('./outbox_store.js').Message} Message */
/** @typedef {{ messages: number, bytes: number, age: number }} Bounds */
/** What waits to go out: `entry` of a message that is stored, `plain` if it is not to be acknowledged. @typedef {{ generation: number, entry: Entry | undefined, plain: boolean, go: () => void }} Waiting */

/** A store that takes longer than this is not waited for. */
const PATIENCE_MS = 5_000;
/** Of messages that wait behind one that is being stored; those beyond overtake it. */
const LINE = 1_000;

/** Whether a message is stored, for who wants to know. */
export class Stored {
  /** Why not; null if it is; undefined until it is known. @type {undefined | null | Error} */
  fault = undefined;
  /** @type {Promise<void> | undefined} */
  #promise = undefined;
  #tell = () => {};

  /** Made when first looked at; nobody has to look. */
  get promise() {
    if (this.#promise === undefined) {
      this.#promise = new Promise((done, failed) => {
        this.#tell = () => (this.fault ? failed(this.fault) : done());
      });
      this.#promise.catch(() => {});
      if (this.fault !== undefined) this.#tell();
    }
    return this.#promise;
  }

  /** @param {Error | null} fault */
  end(fault) {
    if (this.fault !== undefined) return;
    this.fault = fault;
    this.#tell();
  }
}

/** Whether a message is stored is told by its receipt too. @param {any} receipt */
export function promised(receipt) {
  const stored = new Stored();
  Object.defineProperty(receipt, 'stored', { get: () => stored.promise });
  return stored;
}

/** One message of this page's, or of the one before it. */
export class Entry {
  /** @param {Message} message @param {Stored | null} stored null if an earlier page stored it */
  constructor(message, stored) {
    this.message = message;
    this.stored = stored;
    /** Counts its changes, and the last one that the store has or has failed to take. */
    this.changes = stored ? 1 : 0;
    this.saved = 0;
    /** Whether the store may have it. */
    this.written = stored === null;
  }

  get isSaved() {
    return this.saved === this.changes;
  }
}

export class OutboxWriter {
  /**
   * @param {OutboxStore | null} store null where nothing can be stored
   * @param {Page} page
   * @param {Bounds} bounds
   * @param {(why: string, cause?: unknown) => Error} warn
   */
  constructor(store, page, bounds, warn) {
    this.store = store;
    this.page = page;
    this.bounds = bounds;
    this.warn = warn;
    /** Whether the store knows the page. */
    this.known = false;
    /** By receipt. @type {Map<number, Entry>} */
    this.entries = new Map();
    this.bytes = 0;
    this.lastId = 0;
    /** @type {Set<Entry>} */
    this.changed = new Set();
    /** @type {Set<Entry>} */
    this.gone = new Set();
    /** @type {Promise<void> | undefined} */
    this.planned = undefined;
    /** What is being written. */
    this.writing = Promise.resolve();
    /** @type {Waiting[]} */
    this.line = [];
  }

  /** @param {number} receipt @param {Entry} entry */
  add(receipt, entry) {
    this.entries.set(receipt, entry);
    this.bytes += entry.message.bytes;
    this.lastId = Math.max(this.lastId, entry.message.id);
  }

  /**
   * A message is to be stored, if there is room.
   *
   * @param {number} receipt @param {string} text @param {number} bytes @param {number} flags
   * @param {number | undefined} ttl how long it may take
   * @param {Stored} stored
   */
  accept(receipt, text, bytes, flags, ttl, stored) {
    const { page, bounds } = this;
    const made = Date.now();
    const message = {
      client: page.client, id: this.lastId + 1, text, bytes, flags, made, until: made + Math.min(bounds.age, ttl ?? Infinity),
      n: 0, again: false, sent: null,
    };
    const entry = new Entry(message, stored);
    if (this.store === null) {
      stored.end(new EverwireError('not_persisted', 'nothing can be stored here; see the warning'));
    } else if (this.entries.size >= bounds.messages || this.bytes + bytes > bounds.bytes) {
      stored.end(this.warn('the outbox is full; see the options of outbox()'));
    } else {
      this.add(receipt, entry);
      this.change(entry);
    }
  }

  /**
   * A message goes out, perhaps again.
   *
   * @param {Entry | undefined} entry @param {number} n @param {boolean} again @param {object} hello of the server
   */
  number(entry, n, again, hello) {
    if (entry === undefined || (entry.message.n === n && entry.message.again === again)) return;
    entry.message = { ...entry.message, n, again, sent: { at: Date.now(), hello } };
    entry.changes++;
    this.change(entry);
  }

  /** Sends when all before it were sent, and it is stored if it is to be. @param {Waiting} waiting */
  queue(waiting) {
    const { line } = this;
    const free = waiting.entry === undefined ? line.length === 0 || (waiting.plain && line.length >= LINE) : line.length === 0 && waiting.entry.isSaved;
    if (free) waiting.go();
    else line.push(waiting);
  }

  /** A connection is being left: what was reported as sent goes out, what is to be acknowledged goes with the next. @param {number} generation */
  leave(generation) {
    const left = this.line.filter((waiting) => waiting.generation === generation);
    this.line = this.line.filter((waiting) => waiting.generation !== generation);
    for (const { plain, go } of left) if (plain) go();
    this.proceed();
  }

  /**
   * A message has ended for this page.
   *
   * @param {number} receipt
   * @param {boolean} stays in the store, for a later page
   */
  end(receipt, stays) {
    const entry = this.entries.get(receipt);
    if (entry === undefined || !this.entries.delete(receipt)) return;
    this.bytes -= entry.message.bytes;
    // What was reported as sent goes out all the same.
    for (const waiting of this.line) if (waiting.plain && waiting.entry === entry) waiting.entry = undefined;
    this.line = this.line.filter((waiting) => waiting.entry !== entry);
    this.proceed();
    if (stays) return;
    this.changed.delete(entry);
    entry.stored?.end(new EverwireError('not_persisted', 'the message ended before it was stored'));
    if (entry.written) {
      this.gone.add(entry);
      this.plan();
    }
  }

  /** @param {Entry} entry */
  change(entry) {
    this.changed.add(entry);
    this.plan();
  }

  /** Writes the changes of a task at once. */
  plan() {
    this.planned ??= Promise.resolve().then(() => this.flush());
  }

  /** Writes what has changed. Never rejects. */
  flush() {
    this.planned = undefined;
    const [put, gone] = [[...this.changed], [...this.gone]];
    this.changed.clear();
    this.gone.clear();
    if (put.length + gone.length > 0) this.writing = Promise.all([this.writing, this.write(put, gone)]).then(() => {});
    return this.writing;
  }

  /** @param {Entry[]} put @param {Entry[]} gone */
  async write(put, gone) {
    const { store, page, known } = this;
    if (store === null) return;
    const counted = put.map((entry) => {
      entry.written = true;
      return /** @type {const} */ ([entry, entry.changes]);
    });
    /** @type {Error | null} */
    let fault = null;
    try {
      await within(PATIENCE_MS, store.write(page, known, put.map(({ message }) => message), gone.map(keyOf)));
      this.known ||= put.length > 0;
    } catch (cause) {
      if (put.length > 0) fault = this.warn(`messages could not be stored (${nameOf(cause)}); they are sent all the same`, cause);
      // What is there without its number would be sent twice by a later page. What has changed since is being written again.
      const dead = counted.flatMap(([entry, changes]) => (entry.changes === changes ? entry : []));
      await within(PATIENCE_MS, store.write(page, known, [], [...dead, ...gone].map(keyOf))).catch(() => {});
    }
    for (const [entry, changes] of counted) {
      entry.saved = Math.max(entry.saved, changes);
      if (fault === null || entry.changes === changes) entry.stored?.end(fault);
    }
    this.proceed();
  }

  proceed() {
    for (let next = this.line[0]; next !== undefined && (next.entry?.isSaved ?? true); next = this.line[0]) {
      this.line.shift();
      next.go();
    }
  }
}

/** @param {Entry} entry @returns {import('./outbox_store.js').Key} */
const keyOf = ({ message }) => [message.client, message.id];

/** @param {unknown} cause */
export const nameOf = (cause) => (cause instanceof Error ? `${cause.name}: ${cause.message}` : 'unknown');

/**
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
export function within(ms, promise) {
  let stop = () => {};
  const late = new Promise((_, failed) => {
    stop = lapse(ms, () => failed(new Error('the store has not answered in time')));
  });
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]).finally(stop);
}
