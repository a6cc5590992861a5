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

/** @type {(receipt: Receipt, outcome: Outcome, data: unknown) => void} */
let settle;
/** @type {(receipt: Receipt | undefined) => string | undefined} */
let textOf;
/** What a receipt promises to somebody who asked. @type {(receipt: Receipt) => Promise<any>} */
export let answerOf;

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
  /** What is to be sent, until its end is known; then what was answered, or whether the same may be tried again. @type {any} */
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  static {
    textOf = (receipt) => (receipt === undefined ? '' : receipt.#text);
    settle = (receipt, outcome, data) => {
      receipt.#text = data;
      receipt.fate = outcome.fate;
      receipt.#outcome = outcome;
      receipt.#resolve?.(outcome);
    };
    answerOf = (receipt) => {
      const answer = receipt.settled.then(({ confirmed, code, message }) => {
        if (confirmed) return receipt.#text;
        throw new EverwireError(code ?? '', message ?? '', receipt.#text);
      });
      // Nobody has to look at it.
      answer.catch(() => {});
      return answer;
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

/** @param {string} fate @param {boolean} confirmed @param {string | null} code @param {string | null} message @returns {Outcome} */
const outcomeOf = (fate, confirmed, code, message) => Object.freeze({ fate, confirmed, code: code || null, message });

/** What becomes of nearly every message. */
const SENT = outcomeOf('sent', false, null, null);
const ACKED = outcomeOf('acked', true, null, null);

export class Receipts {
  /** @param {DataPlane} plane */
  constructor(plane) {
    this.plane = plane;
    /** What a validator makes of an event; it throws if the event does not pass. @type {((event: any) => any) | undefined} */
    this.check = undefined;
    /** @type {Map<number, Receipt>} */
    this.open = new Map();
    /** The length in UTF-8 of the event accepted last. */
    this.bytes = 0;
    this.last = 0;
  }

  /** @param {any} event */
  accept(event) {
    // Taken before the event is read, which may send another.
    const id = ++this.last;
    const text = this.encode(event);
    this.bytes = sizeOf(text);
    return this.add(id, text);
  }

  /**
   * @param {number} [id]
   * @param {string} [text] empty for what is not sent
   * @returns {[id: number, receipt: Receipt]}
   */
  add(id = ++this.last, text = '') {
    const receipt = new Receipt(text);
    this.open.set(id, receipt);
    return [id, receipt];
  }

  /** The text of an event whose end is not known. @param {number} id */
  textOf(id) {
    return textOf(this.open.get(id));
  }

  /** @param {number} id @param {boolean} confirmed @param {unknown} [data] */
  ended(id, confirmed, data) {
    this.end(id, confirmed ? ACKED : SENT, data);
  }

  /**
   * @param {number} id @param {string} fate @param {boolean} retryable
   * @param {string} code @param {string} message
   */
  settle(id, fate, retryable, code, message) {
    this.end(id, outcomeOf(fate, false, code, message), retryable);
  }

  /**
   * @param {number} id
   * @param {any} answer the server's `reply` or `nack`
   * @param {boolean} applied
   */
  answered(id, { data, code, message }, applied) {
    if (applied) this.ended(id, true, data);
    else this.settle(id, 'rejected', false, code.slice(0, 64), (message ?? '').slice(0, MAX_TEXT));
  }

  /**
   * @param {number} id
   * @param {Outcome} outcome
   * @param {unknown} data
   */
  end(id, outcome, data) {
    const receipt = this.open.get(id);
    if (receipt === undefined) return;
    this.open.delete(id);
    settle(receipt, outcome, data);
  }

  /**
   * The event as text.
   *
   * @param {any} event
   */
  encode(event) {
    let text;
    try {
      if (this.plane.raw) return copy(event);
      // Asked for here and not by `stringify`, so that what is checked is what is sent.
      if (typeof event?.toJSON === 'function') event = event.toJSON();
      if (this.check) event = this.check(event);
      const refusal = this.refusal(event);
      if (refusal !== '') throw new EverwireError('invalid_event', refusal);
      text = wellFormed(JSON.stringify(event));
    } catch (error) {
      if (error instanceof EverwireError) throw error;
      throw new EverwireError('invalid_event', 'the event cannot be turned into what is sent', false, error);
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
 * JSON in which half a character (a name cut after sixteen units) is U+FFFD, as a `WebSocket` sends it: escaped it is no text to
 * many a parser, so nobody would ever take the event.
 *
 * @param {string | undefined} json
 */
const wellFormed = (json) =>
  json?.includes('\\ud') ? json.replace(/\\\\|\\ud.../g, (found) => (found[2] ? '\ufffd' : found)) : json;

const WEEK = 604_800_000;

/** @param {unknown} value */
const isFlag = (value) => typeof value === 'boolean';

/** @param {number} least @param {number} most @returns {Rule} */
const whole = (least, most) => [
  `a whole number from ${least} to ${most}`,
  (value) => Number.isInteger(value) && value >= least && value <= most,
];

/** @typedef {[allowed: string, isAllowed: (value: any) => boolean]} Rule */
/** @type {Record<string, Rule>} */
const RULES = {
  priority: ['one of "high", "normal"', (value) => value === 'high' || value === 'normal'],
  ack: ['false or true', isFlag],
  volatile: ['false or true', isFlag],
  ttl: whole(1, WEEK),
  timeout: whole(1, WEEK),
  within: whole(1, WEEK),
  drain: whole(0, 60_000),
  signal: ['an AbortSignal', (value) => typeof value?.addEventListener === 'function'],
};

/**
 * The options of a call, each checked.
 *
 * @param {string} call
 * @param {string[]} names of those it has
 * @param {any} [options]
 * @returns {any}
 */
export function optionsOf(call, names, options = {}) {
  if (typeof options !== 'object' || options === null) throw invalidOption(call, 'an object');
  /** @type {Record<string, unknown>} */
  const taken = {};
  for (const [name, value] of Object.entries(options)) {
    if (!names.includes(name)) throw invalidOption(name, `is not known; ${call}() has ${names.join(', ')}`);
    const [allowed, isAllowed] = /** @type {Rule} */ (RULES[name]);
    if (value !== undefined && !isAllowed(value)) throw invalidOption(name, allowed);
    taken[name] = value;
  }
  return taken;
}

/** @param {string} name @param {string} allowed */
export const invalidOption = (name, allowed) => new EverwireError('invalid_option', `option "${name}": ${allowed}`);
