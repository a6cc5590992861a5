// @ts-check
// Owns the turning of an event into text and the receipts whose end is not known yet; must not know what becomes of it.

import { EverwireError } from './everwire_error.js';
import { sizeOf } from './outlet.js';
import { copy } from './raw.js';

/** @typedef {import('./data_plane.js').DataPlane} DataPlane */
/** @typedef {{ fate: string, confirmed: boolean, code: string | null, message: string | null }} Outcome */

/** Of the server's words for a person, as many as a person reads. */
const MAX_TEXT = 1_024;
const ENVELOPE_FIELDS = ['$id', '$seq', '$again'];

/** @type {(receipt: Receipt, outcome: Outcome) => void} */
let settle;
/** @type {(receipt: Receipt | undefined) => string | undefined} */
let textOf;

/** What `send` returns. */
export class Receipt {
  /** How the message ended; `pending` until it is known. */
  fate = 'pending';
  /** @type {Outcome | null} */
  #outcome = null;
  /** @type {Promise<Outcome> | null} */
  #settled = null;
  /** @type {((outcome: Outcome) => void) | null} */
  #resolve = null;
  /** What is to be sent, until its end is known. @type {string | undefined} */
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  static {
    textOf = (receipt) => (receipt === undefined ? receipt : receipt.#text);
    settle = (receipt, outcome) => {
      receipt.#text = undefined;
      receipt.fate = outcome.fate;
      receipt.#outcome = outcome;
      receipt.#resolve?.(outcome);
    };
  }

  /** Fulfilled with the end; never rejected. Made when first looked at. */
  get settled() {
    return (this.#settled ??=
      this.#outcome === null
        ? new Promise((resolve) => {
            this.#resolve = resolve;
          })
        : Promise.resolve(this.#outcome));
  }
}

/** What becomes of nearly every message. */
const SENT = Object.freeze({ fate: 'sent', confirmed: false, code: null, message: null });

export class Receipts {
  /** @param {DataPlane} plane */
  constructor(plane) {
    this.plane = plane;
    /** @type {Map<number, Receipt>} */
    this.open = new Map();
    /** The length in UTF-8 of the event accepted last. */
    this.bytes = 0;
  }

  /**
   * @param {number} id
   * @param {any} event
   */
  accept(id, event) {
    const text = this.encode(event);
    this.bytes = sizeOf(text);
    const receipt = new Receipt(text);
    this.open.set(id, receipt);
    return receipt;
  }

  /** The text of an event whose end is not known. @param {number} id */
  textOf(id) {
    return textOf(this.open.get(id));
  }

  /** @param {number} id */
  sent(id) {
    this.end(id, SENT);
  }

  /**
   * @param {number} id @param {string} fate @param {boolean} confirmed
   * @param {string} code empty for none @param {string} message
   */
  settle(id, fate, confirmed, code, message) {
    this.end(id, Object.freeze({ fate, confirmed, code: code || null, message: code ? message : null }));
  }

  /**
   * @param {number} id
   * @param {{ code: string, message?: string | null }} nack
   */
  refused(id, { code, message }) {
    this.settle(id, 'rejected', false, code.slice(0, 64), (message ?? '').slice(0, MAX_TEXT));
  }

  /**
   * @param {number} id
   * @param {Outcome} outcome
   */
  end(id, outcome) {
    const receipt = this.open.get(id);
    if (receipt === undefined) return;
    this.open.delete(id);
    settle(receipt, outcome);
  }

  /**
   * The event as text.
   *
   * @param {any} event
   */
  encode(event) {
    if (this.plane.raw) return copy(event);
    let text;
    try {
      // Asked for here and not by `stringify`, so that what is checked is what is sent.
      if (typeof event?.toJSON === 'function') event = event.toJSON();
      const refusal = this.refusal(event);
      if (refusal !== '') throw new EverwireError('invalid_event', refusal);
      text = JSON.stringify(event);
    } catch (error) {
      if (error instanceof EverwireError) throw error;
      throw new EverwireError('invalid_event', 'the event cannot be turned into JSON', false, error);
    }
    if (typeof text !== 'string' || text[0] !== '{') {
      throw new EverwireError('invalid_event', 'the event must be an object in JSON too');
    }
    return text;
  }

  /**
   * Why an event cannot be sent; empty if it can.
   *
   * @param {any} event
   */
  refusal(event) {
    if (
      typeof event !== 'object' ||
      event === null ||
      typeof event.type !== 'string' ||
      // JSON takes no other members.
      !Object.prototype.propertyIsEnumerable.call(event, 'type')
    ) {
      return 'an event is an object with a string "type" of its own';
    }
    if (this.plane.isReserved(event.type)) {
      return `the type "${event.type}" belongs to the protocol; choose another, or rename that of the protocol by the option reserved.<type>`;
    }
    for (const field of ENVELOPE_FIELDS) {
      if (Object.hasOwn(event, field)) return `the field "${field}" belongs to the protocol`;
    }
    return '';
  }
}

/**
 * The options of `send` as bits: 1 for high priority, 2 for an acknowledgement.
 *
 * @param {any} options
 * @param {boolean} raw
 */
export function sendFlags(options, raw) {
  if (typeof options !== 'object' || options === null) throw invalidOption('send', 'an object');
  let flags = 0;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (name === 'priority') {
      if (value !== 'high' && value !== 'normal') throw invalidOption(name, 'one of "high", "normal"');
      if (value === 'high') flags |= 1;
    } else if (name === 'ack') {
      if (typeof value !== 'boolean') throw invalidOption(name, 'false or true');
      if (value && raw) throw invalidOption(name, 'false with protocol "raw"');
      if (value) flags |= 2;
    } else {
      throw invalidOption(name, 'is not known; send() has priority, ack');
    }
  }
  return flags;
}

/**
 * The `drain` of the options of `close`; -1 for none.
 *
 * @param {any} options
 */
export function drainOf(options) {
  if (options === undefined) return -1;
  if (typeof options !== 'object' || options === null) throw invalidOption('close', 'an object');
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'drain') throw invalidOption(name, 'is not known; close() has drain');
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < 0 || value > 60_000) {
      throw invalidOption(name, 'a whole number from 0 to 60000');
    }
    return value;
  }
  return -1;
}

/** @param {string} name @param {string} allowed */
const invalidOption = (name, allowed) => new EverwireError('invalid_option', `option "${name}": ${allowed}`);
