// @ts-check
// Owns what happens to a frame between the socket and the application's handlers, and the registers by which the core
// programs it; must not know why a register has its value. `core/data_plane_model.rs` is this in Rust.

import { Backlog } from './backlog.js';
import { EverwireError, report } from './everwire_error.js';
import { EVENT, MALFORMED, PONG, RESERVED, SEND_FAILED, WANT_STATE } from './facts.js';
import { sizeOf } from './outlet.js';

/** @typedef {(value: any) => unknown} Handler */
/** @typedef {{ run: Handler }} Registration */
/**
 * The handlers of a type. The array is replaced and never changed, so that a delivery under way may go on in the old one.
 * @typedef {{ handlers: readonly Registration[], kind: number }} Entry
 */
/** @typedef {(kind: number, value: any, generation: number, bytes: number) => void} Sink */

const BATCH_ELEMENTS = 1_000;
/** In milliseconds, three years: an event's time beyond it counts from 1970 and not from the start of the page. */
const LONGEST_LIFE = 1e11;

const nothing = () => {};
/** @param {number} kind @returns {Entry} */
const entry = (kind) => ({ handlers: [], kind });
/** @param {number} number */
const known = (number) => (number < 0 ? null : number);
/** @param {any} value */
const isTyped = (value) => typeof value === 'object' && value !== null && typeof value.type === 'string';

export class DataPlane {
  /** @param {Sink} [sink] */
  constructor(sink = nothing) {
    this.sink = sink;
    /** @type {Map<string, Entry>} */
    this.table = new Map();
    this.any = entry(EVENT);
    this.resync = entry(EVENT);
    this.changes = entry(EVENT);
    /** @type {string[]} the reserved types' on the wire, in the order of the wire's list */
    this.names = [];
    this.backlog = new Backlog((value) => this.deliver(value));
    /** What a validator makes of an event: undefined if it does not pass. @type {Handler | undefined} */
    this.check = undefined;
    /** Where nothing of the protocol is spoken. @type {import('./raw.js').Raw | undefined} */
    this.raw = undefined;

    // Registers that the core writes …
    this.pass = false;
    this.generation = 0;
    this.envelope = false;
    this.batch = false;
    this.frameBytes = 0;
    this.trackTs = false;
    this.pressed = false;
    // … that both write …
    this.nextSeq = 0;
    this.credit = 0;
    // … and that the core reads.
    /** @type {MessageEvent | null} */
    this.heard = null;
    this.greatestTs = -1;
    this.invalid = 0;
  }

  /**
   * A core begins, or another one that knows nothing of the one before.
   *
   * @param {Sink} sink @param {Backlog['flow']} flow
   */
  serve(sink, flow) {
    this.sink = sink;
    this.backlog.flow = flow;
    this.backlog.dropped = this.backlog.conflated = this.backlog.busy = 0;
    this.program(false, 0, 0, 0, false, false, 0, false, false, 0);
    this.invalid = 0;
    /** @type {MessageEvent | null} */
    this.heard = null;
    this.greatestTs = -1;
  }

  wantsState() {
    return this.resync.handlers.length > 0;
  }

  /**
   * @param {boolean} pass @param {number} generation @param {number} nextSeq @param {number} credit
   * @param {boolean} envelope @param {boolean} batch @param {number} frameBytes @param {boolean} trackTs
   * @param {boolean} pressed @param {number} slice
   */
  program(pass, generation, nextSeq, credit, envelope, batch, frameBytes, trackTs, pressed, slice) {
    this.pass = pass;
    this.generation = generation;
    this.nextSeq = nextSeq;
    this.credit = credit;
    this.envelope = envelope;
    this.batch = batch;
    this.frameBytes = frameBytes;
    this.trackTs = trackTs;
    this.pressed = pressed;
    this.backlog.program(slice);
  }

  /**
   * When the last frame came, if one came since this was last asked; else 0. Its event is kept until then, because
   * asking each for its time would cost more than all else that is done for a frame.
   */
  takeHeard() {
    const { heard } = this;
    if (heard === null) return 0;
    this.heard = null;
    const at = heard.timeStamp;
    return at > 0 && at < LONGEST_LIFE ? at : performance.now();
  }

  /**
   * Keeps types for the protocol.
   *
   * @param {string[]} names on the wire, in the order of the wire's list
   */
  reserve(names) {
    this.names = names;
    names.forEach((name, position) => this.table.set(name, entry(RESERVED + position)));
  }

  /** @param {string} type */
  isReserved(type) {
    const found = this.table.get(type);
    return found !== undefined && found.kind !== EVENT;
  }

  /**
   * The `onmessage` of a socket.
   *
   * @param {number} generation
   */
  listener(generation) {
    return (/** @type {MessageEvent} */ event) => this.frame(generation, event);
  }

  /**
   * @param {number} generation
   * @param {MessageEvent} event
   */
  frame(generation, event) {
    if (generation === this.generation) this.heard = event;
    const { data } = event;
    if (this.raw !== undefined) return this.message(generation, data, this.raw);
    let value;
    try {
      // A frame that is not text is not JSON either, though its text form might be.
      value = typeof data === 'string' ? JSON.parse(data) : undefined;
    } catch {}
    if (value === undefined) return this.sink(MALFORMED, undefined, generation, 0);
    const { backlog } = this;
    const many = this.batch && Array.isArray(value) && isTyped(value[0]);
    const share = backlog.left > 0 ? backlog.begin(many ? value.length : 1) : 0;
    if (many) {
      const { length } = value;
      if (length > BATCH_ELEMENTS) return this.sink(MALFORMED, undefined, generation, 0);
      const bytes = Math.ceil(data.length / length);
      for (let index = 0; index < length; index++) this.element(generation, value[index], bytes, false);
    } else {
      this.element(generation, value, data.length, true);
    }
    if (share > 0) backlog.spend(share);
  }

  /**
   * A frame that is what it is. It answers a ping if the application says so; where it says nothing, anything does.
   *
   * @param {number} generation
   * @param {string | ArrayBuffer} data
   * @param {import('./raw.js').Raw} raw
   */
  message(generation, data, raw) {
    const { isPong } = raw;
    let answer = !isPong && raw.asked;
    raw.asked = false;
    if (isPong) run([{ run: () => (answer = isPong(data)) }], data);
    if (answer) this.sink(PONG, undefined, generation, 0);
    if (answer && isPong) return;
    if (this.pass && generation === this.generation && this.credit > 0) {
      this.credit--;
      this.accept(data, typeof data === 'string' ? data.length : data.byteLength);
    } else this.sink(EVENT, data, generation, sizeOf(data));
  }

  /**
   * @param {number} generation
   * @param {any} value
   * @param {number} bytes about the length of its text
   * @param {boolean} alone whether it is a frame by itself, which may then be anything
   */
  element(generation, value, bytes, alone) {
    const found = value === null ? undefined : this.table.get(value.type);
    // The registers are read anew for each element: a handler of the one before may have changed them all.
    const straight = this.pass && generation === this.generation && this.credit > 0;
    if (straight && (found !== undefined ? found.kind === EVENT : isTyped(value)) && this.isNext(value)) {
      this.credit--;
      this.accept(value, bytes, found);
      return;
    }
    const typed = found !== undefined || isTyped(value);
    const kind = found !== undefined ? found.kind : EVENT;
    this.sink(typed || (alone && this.any.handlers.length > 0) ? kind : MALFORMED, value, generation, bytes);
  }

  /**
   * Whether the envelope lets an event pass; its number is then taken.
   *
   * @param {any} value
   */
  isNext(value) {
    if (!this.envelope) return true;
    const seq = value.$seq;
    if (seq === this.nextSeq && seq !== 0) {
      if (value.$id !== undefined) return false;
      this.nextSeq++;
      return true;
    }
    return (seq === undefined || this.nextSeq === 0) && value.$id === undefined;
  }

  /** @param {any} value */
  entryOf(value) {
    return value === null ? undefined : this.table.get(value.type);
  }

  /**
   * An event is to be delivered: now, or with the next frame where this one has no time for it.
   *
   * @param {any} value
   * @param {number} bytes
   * @param {Entry | undefined} [found]
   */
  accept(value, bytes, found) {
    this.note(value);
    if (this.backlog.left > 0 && this.backlog.hasTime()) this.deliver(value, found);
    else this.backlog.add(value, bytes);
  }

  /** An event is to be delivered now, after all that waits. @param {any} value */
  acceptAtOnce(value) {
    this.note(value);
    this.backlog.drain(() => false);
    this.deliver(value);
  }

  /** What is accepted counts, whether its handlers have run or not. @param {any} value */
  note(value) {
    if (this.trackTs && value?.ts > this.greatestTs && Number.isSafeInteger(value.ts)) this.greatestTs = value.ts;
  }

  /**
   * Runs the handlers of an event.
   *
   * @param {any} value
   * @param {Entry | undefined} [found]
   */
  deliver(value, found = this.entryOf(value)) {
    if (this.check !== undefined) {
      value = this.check(value);
      if (value === undefined) return;
    }
    if (found !== undefined) run(found.handlers, value);
    if (this.any.handlers.length > 0) run(this.any.handlers, value);
  }

  /**
   * @param {any} state @param {string} continuity
   * @param {number} from -1 for none @param {number} to -1 for none
   */
  deliverResync(state = null, continuity, from, to) {
    this.backlog.drain(() => false);
    run(this.resync.handlers, { type: 'resync', state, continuity, from: known(from), to: known(to) });
  }

  /**
   * @param {unknown} type
   * @param {unknown} handler
   * @returns {() => void} takes the handler off
   */
  on(type, handler) {
    if (typeof type !== 'string') throw invalid('the type of the events is a string, or "*" for all of them');
    if (this.raw !== undefined && type !== 'message') throw invalid('with protocol "raw" there is one type, "message"');
    if (type === '*' || this.raw !== undefined) return add(this.any, handler, nothing);
    if (type === 'resync') {
      const off = add(this.resync, handler, () => this.sink(WANT_STATE, undefined, 0, 0));
      if (this.resync.handlers.length === 1) this.sink(WANT_STATE, undefined, 1, 0);
      return off;
    }
    if (this.isReserved(type)) {
      throw invalid(`"${type}" belongs to the protocol; the option reserved.<type> gives that type another name`);
    }
    const found = this.table.get(type) ?? entry(EVENT);
    const off = add(found, handler, () => this.table.delete(type));
    this.table.set(type, found);
    return off;
  }

  /**
   * @param {any} handlers by type
   * @returns {() => void} takes all of them off
   */
  match(handlers) {
    if (typeof handlers !== 'object' || handlers === null) throw invalid('match() takes an object of functions');
    /** @type {(() => void)[]} */
    const offs = [];
    const off = () => offs.forEach((each) => each());
    try {
      for (const type of Object.keys(handlers)) offs.push(this.on(type, handlers[type]));
    } catch (error) {
      off();
      throw error;
    }
    return off;
  }

  /** @param {unknown} listener */
  subscribe(listener) {
    return add(this.changes, listener, nothing);
  }

  /** Tells the subscribers. */
  notify() {
    run(this.changes.handlers, undefined);
  }

  /** @param {number} generation of the socket whose `send` threw */
  sendFailed(generation) {
    this.sink(SEND_FAILED, undefined, generation, 0);
  }
}

/**
 * A handler that throws is reported and harms nobody.
 *
 * @param {readonly Registration[]} handlers
 * @param {any} value
 */
function run(handlers, value) {
  for (let index = 0; index < handlers.length; index++) {
    const handle = /** @type {Registration} */ (handlers[index]).run;
    try {
      handle(value);
    } catch (error) {
      report(error);
    }
  }
}

/**
 * @param {Entry} to
 * @param {unknown} handler
 * @param {() => unknown} emptied what to do when the last handler is taken off
 */
function add(to, handler, emptied) {
  if (typeof handler !== 'function') throw invalid('a handler is a function');
  /** @type {Registration} */
  const registration = { run: /** @type {Handler} */ (handler) };
  to.handlers = [...to.handlers, registration];
  return () => {
    if (registration.run === nothing) return;
    // It may stand in an array that is being gone through.
    registration.run = nothing;
    to.handlers = to.handlers.filter((other) => other !== registration);
    if (to.handlers.length === 0) emptied();
  };
}

/** @param {string} message */
const invalid = (message) => new EverwireError('invalid_handler', message);
