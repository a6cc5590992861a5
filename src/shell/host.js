// @ts-check
// Owns one client in the browser: its core, the loop around it, and everything that the core moves; must not know why
// the core orders anything.
//
// The core is told one fact at a time. What it orders is carried out when it has returned, and facts that come of that
// wait for their turn: so no function of the application ever runs inside the core. And the core holds nothing of the
// page's but payloads: a client that nobody holds, and that holds no socket and no timer, is collected like any object.

import { absolute, count, destination } from './address.js';
import { identity, seed } from './chance.js';
import { Given } from './choices.js';
import { DataPlane } from './data_plane.js';
import { report } from './everwire_error.js';
import * as fact from './facts.js';
import { Names } from './names.js';
import { tellHowThingsStand, Watch } from './page.js';
import { ask } from './providers.js';
import { optionsOf, Receipts } from './receipts.js';
import { Sender } from './sender.js';
import { Socket } from './socket.js';
import { Alarm } from './timer.js';
import { serve } from './work.js';

/** @typedef {import('./providers.js').Answers} Answers */
/** @typedef {import('./status.js').Snapshot} Snapshot */
/** @typedef {[kind: number, one: number, two: number, three: number, value: unknown]} Fact */
/**
 * The core, a class that the wasm module exports.
 * @typedef {{
 *   handle(
 *     kind: number, one: number, two: number, three: number, value: unknown, mono: number, wall: number,
 *     heard: number, nextSeq: number, credit: number, greatestTs: number,
 *     waiting: number, leftOut: number, busy: number,
 *   ): number,
 *   snapshot(): void,
 *   free(): void,
 * }} Core
 */
/** @typedef {(given: Given, seed: number, mono: number, wall: number) => Core} MakeCore */

/** What `handle` returns instead of a deadline when nothing will happen until the application asks. */
const FINAL = -1;

/** @param {any} warning */
const warnOnConsole = ({ message }) => console.warn('everwire:', message);

export class Host {
  /**
   * @param {MakeCore} makeCore
   * @param {any} url
   * @param {any} options
   */
  constructor(makeCore, url, options) {
    this.makeCore = makeCore;
    this.url = url;
    this.options = options;
    this.plane = new DataPlane();
    this.receipts = new Receipts(this.plane);
    this.sender = new Sender(this);
    /** @type {Map<number, Socket>} */
    this.sockets = new Map();
    this.alarm = new Alarm(() => (this.due <= performance.now() ? this.tell(fact.TICK) : this.alarm.set(this.due)));
    /** @type {Watch | undefined} */
    this.watch = undefined;
    /** The last answer of the providers. @type {Answers | undefined} */
    this.target = undefined;
    /** The number of the last call to the providers. */
    this.call = 0;
    /** The place for which this client counts. */
    this.place = '';
    /** @type {Fact[]} */
    this.facts = [];
    /** @type {(() => unknown)[]} */
    this.orders = [];
    this.busy = false;
    /** A core was made only to end what came after `close()`, which is nothing new to anybody. */
    this.quiet = false;
    this.due = Infinity;
    /** What was last shown, while it is true. @type {Snapshot | undefined} */
    this.shown = undefined;
    /** @type {Core | undefined} */
    this.core = undefined;
    // What a core is made with.
    this.client = '';
    this.names = new Names(0);
    /** @type {any[]} */
    this.providers = [];
    /** @type {((event: CloseEvent) => unknown) | undefined} */
    this.shouldReconnect = undefined;
    /** @type {((warning: object) => void) | undefined} */
    this.onWarning = undefined;

    this.begin();
    this.attach();
    this.tell(fact.START);
  }

  /** Makes a core out of the application's choices. */
  begin() {
    const given = new Given(this.url, this.options);
    this.providers = [given.url, given.protocols(), given.token()];
    this.shouldReconnect = given.callback('shouldReconnect');
    this.onWarning = given.callback('onWarning');
    // Asked already, which class of hosts this is.
    given.callback('persist');
    given.callback('transport', 'fallback() of everwire/fallback');
    this.plane.raw = given.raw;
    const reserved = given.names();
    const flow = given.callback('flow');
    const validate = /** @type {((host: Host) => void) | undefined} */ (/** @type {unknown} */ (given.callback('validate')));
    this.client = identity();
    this.names = new Names(seed());
    const core = this.makeCore(given, seed(), performance.now(), Date.now());
    const refusal = given.refuse();
    if (refusal !== undefined) {
      core.free();
      throw refusal;
    }
    this.core = core;
    this.plane.serve((kind, value, generation, bytes) => this.hear(kind, value, generation, bytes), flow);
    validate?.(this);
    this.plane.reserve(reserved);
  }

  /** The core of a client that its application closed was let go of; this one knows that it is closed. */
  awake() {
    if (this.core !== undefined) return;
    this.begin();
    this.quiet = true;
    this.facts.push([fact.WANT_STATE, +this.plane.wantsState(), 0, 0, undefined], [fact.CLOSE, 0, 0, 0, undefined]);
  }

  /**
   * What the data plane does not do on its own.
   *
   * @param {number} kind @param {unknown} value @param {number} generation @param {number} bytes
   */
  hear(kind, value, generation, bytes) {
    if (this.core !== undefined) this.tell(kind, generation, bytes, +this.plane.envelope, value);
  }

  /**
   * Tells the core a fact, or lets it wait for those before it.
   *
   * @param {number} kind @param {number} [one] @param {number} [two] @param {number} [three] @param {unknown} [value]
   */
  tell(kind, one = 0, two = 0, three = 0, value = undefined) {
    this.facts.push([kind, one, two, three, value]);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.facts.shift(); next !== undefined; next = this.facts.shift()) {
        this.work(next);
        for (let act = this.orders.shift(); act !== undefined; act = this.orders.shift()) this.carryOut(act);
      }
    } finally {
      this.busy = false;
    }
    if (this.due === FINAL) this.rest();
    else this.alarm.set(this.due);
  }

  /** @param {Fact} fact */
  work([kind, one, two, three, value]) {
    const { core, plane } = this;
    if (core === undefined) return;
    const { backlog } = plane;
    serve(this);
    this.due = core.handle(
      kind, one, two, three, value, performance.now(), Date.now(),
      plane.takeHeard(), plane.nextSeq, plane.credit, plane.greatestTs,
      backlog.events.size, backlog.dropped + backlog.conflated, backlog.busy,
    );
    serve(undefined);
  }

  /** One order that fails, by a page that meddles with the browser, must not take the others with it. @param {() => unknown} act */
  carryOut(act) {
    try {
      act();
    } catch (error) {
      report(error);
    }
  }

  /** The browser's events reach the core from now on, until nothing is left to do. What is true now goes with the next fact. */
  attach() {
    if (this.watch !== undefined) return;
    this.watch = new Watch((event) => this.tell(fact.PAGE, event));
    tellHowThingsStand((event) => this.facts.push([fact.PAGE, event, 0, 0, undefined]));
  }

  /** Nothing will happen until the application asks: lets go of everything but the handlers. */
  rest() {
    this.alarm.set(Infinity);
    this.watch?.release();
    this.watch = undefined;
    for (const socket of this.sockets.values()) socket.leave();
    this.sockets.clear();
    this.move('');
    // Memory of the module is given back at once, and not when a collector comes to it.
    if (this.snapshot().reason?.code === 'closed_by_application') {
      this.core?.free();
      this.core = undefined;
      this.plane.backlog.clear();
    }
  }

  /**
   * Counts this client for another destination, of which the core hears how many there are.
   *
   * @param {string} place empty for none
   */
  move(place) {
    if (place === this.place) return;
    // The old place is left before the new one is counted.
    if (this.place !== '') count(this.place, -1);
    this.place = place;
    if (place !== '') this.tell(fact.SIBLINGS, count(place, 1));
  }

  // ------------------------------------------------------------------------------- what the application asks for

  /**
   * Closes for good, after what was accepted is sent or the time for it is over.
   *
   * @param {any} options
   */
  close(options) {
    const { drain = -1 } = optionsOf('close', ['drain'], options);
    // Without a core it is closed.
    if (this.core !== undefined) this.tell(fact.CLOSE, +(drain >= 0), drain);
  }

  /** Tries now, whatever stands against it. */
  retry() {
    this.awake();
    this.quiet = false;
    // What is true of the page may have changed while nobody listened.
    this.attach();
    this.tell(fact.RETRY);
  }

  /** What is known: the same object until something changes. @returns {Snapshot} */
  snapshot() {
    if (this.shown === undefined) {
      serve(this);
      this.core?.snapshot();
      serve(undefined);
    }
    return /** @type {Snapshot} */ (/** @type {unknown} */ (this.shown));
  }

  // ------------------------------------------------------------------------------------- what the core asks for

  /** @param {number} call of the url, protocols and token functions */
  resolve(call) {
    this.call = call;
    const { core } = this;
    // Another core counts its calls, and its sockets, from 1 again.
    const answers = ask(this.providers, (late) => core === this.core && this.answered(call, late));
    if (answers !== null) this.answered(call, answers);
  }

  /**
   * @param {number} call
   * @param {Answers | undefined} answers nothing for a failure
   */
  answered(call, answers) {
    // What an older call answers is too late.
    if (call !== this.call) return;
    this.target = answers;
    this.tell(fact.ANSWERED, call, +(answers !== undefined));
  }

  /** @param {number} generation */
  connect(generation) {
    try {
      const [url = '', protocols] = this.target ?? [];
      const href = absolute(url);
      this.move(destination(href));
      this.sockets.set(generation, new Socket(href, protocols, generation, this));
    } catch {
      this.tell(fact.CONSTRUCT_FAILED, generation);
    }
  }

  /** Throws what the constructor of a `WebSocket` throws. @param {string} url @param {any} protocols @param {number} _generation @returns {WebSocket} */
  open(url, protocols, _generation) {
    return new WebSocket(url, protocols);
  }

  /** @param {number} generation */
  abandon(generation) {
    const socket = this.sockets.get(generation);
    this.sockets.delete(generation);
    socket?.abandon();
  }

  /**
   * Sends a message that was accepted. What is to be sent on a socket that is gone is lost with it.
   *
   * @param {number} generation @param {string} text @param {number} id the n of its `$id`; 0 for none
   * @param {boolean} again @param {boolean} joined @param {number} _receipt
   */
  transmit(generation, text, id, again, joined, _receipt) {
    this.sockets.get(generation)?.outlet.transmit(text, id, again, joined);
  }

  /**
   * @param {number} generation
   * @param {CloseEvent} event
   */
  closed(generation, event) {
    const { core } = this;
    this.sockets.get(generation)?.leave();
    this.sockets.delete(generation);
    let overrule;
    try {
      overrule = this.shouldReconnect?.(event);
    } catch (error) {
      report(error);
    }
    if (core !== this.core) return;
    this.tell(fact.CLOSED, generation, event.code ?? 1006, overrule === true ? 1 : overrule === false ? 2 : 0);
  }

  /**
   * Runs the handlers of a critical event; then the core may acknowledge it, by the `$id` that it came with.
   *
   * @param {any} event
   * @param {number} id
   */
  handle(event, id) {
    const { $id } = event;
    this.plane.acceptAtOnce(event);
    this.tell(fact.HANDLED, 0, id, 0, { $id });
  }

  /** How much of what it was given has a socket not sent yet? @param {number} generation */
  measure(generation) {
    const socket = this.sockets.get(generation);
    if (socket === undefined) return;
    socket.outlet.flush();
    this.tell(fact.BUFFERED, generation, socket.socket.bufferedAmount);
  }

  /** What was shown is no longer true. */
  outdate() {
    if (this.quiet) return;
    this.shown = undefined;
    this.orders.push(() => this.plane.notify());
  }

  /** Also where no order is carried out: a warning must not stop what it is about. @param {any} warning */
  warn(warning) {
    this.carryOut(() => (this.onWarning ?? warnOnConsole)(warning));
  }
}
