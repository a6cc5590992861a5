// @ts-check
// Owns one stream in the browser: its core, the loop around it, and everything that the core moves; must not know why the
// core orders anything. `host.js` is the same for a socket, and says why the loop is as it is.

import { count, destination } from './address.js';
import { seed } from './chance.js';
import { report } from './everwire_error.js';
import * as fact from './facts.js';
import { tellHowThingsStand, Watch } from './page.js';
import { StreamGiven } from './stream_choices.js';
import { retryAfter } from './retry_after.js';
import * as streamFact from './stream_facts.js';
import { parsed, StreamPlane } from './stream_plane.js';
import { StreamRequest } from './stream_request.js';
import { StreamSource } from './stream_source.js';
import { ask } from './stream_target.js';
import { Alarm } from './timer.js';
import { serve } from './work.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {[kind: number, one: number, two: number, three: number, value: unknown]} Fact */
/** @typedef {import('./stream_target.js').Target} Target */
/** @typedef {import('./stream_target.js').StreamEvent} StreamEvent */
/**
 * The core of a stream, a class that the wasm module exports.
 * @typedef {{
 *   handle(
 *     kind: number, one: number, two: number, three: number, value: unknown, mono: number, wall: number,
 *     heard: number, credit: number, waiting: number, leftOut: number, busy: number,
 *   ): number,
 *   snapshot(): void,
 *   free(): void,
 * }} Core
 */
/** @typedef {(given: StreamGiven, seed: number, mono: number, wall: number) => Core} MakeCore */
/** @typedef {new (handlers: import('./event_stream.js').Handlers) => { id: string, push(bytes: Uint8Array): void, end(): void }} EventStream */

/** What `handle` returns instead of a deadline when nothing will happen until the application asks. */
const FINAL = -1;

/** @param {any} warning */
const warnOnConsole = ({ message }) => console.warn('everwire:', message);

export class StreamHost {
  /**
   * @param {MakeCore} makeCore
   * @param {() => EventStream} eventStream
   * @param {any} url
   * @param {any} options
   */
  constructor(makeCore, eventStream, url, options) {
    this.makeCore = makeCore;
    this.eventStream = eventStream;
    this.url = url;
    this.options = options;
    this.plane = new StreamPlane();
    // It is a type like any other here.
    this.plane.table.set('resync', this.plane.resync);
    /** The connections that are not given up. @type {Map<number, StreamRequest | StreamSource>} */
    this.connections = new Map();
    this.alarm = new Alarm(() => (this.due <= performance.now() ? this.tell(fact.TICK) : this.alarm.set(this.due)));
    /** @type {Watch | undefined} */
    this.watch = undefined;
    /** @type {Target | undefined} */
    this.target = undefined;
    this.call = 0;
    /** What the last call asks for by itself. */
    this.asking = new AbortController();
    this.place = '';
    /** @type {Fact[]} */
    this.facts = [];
    /** @type {(() => unknown)[]} */
    this.orders = [];
    this.busy = false;
    this.due = Infinity;
    /** @type {any} */
    this.shown = undefined;
    /** @type {Core | undefined} */
    this.core = undefined;
    this.given = this.begin();
    this.lastEventId = this.given.lastEventId;
    this.stop = () => this.close();

    this.attach();
    if (this.given.signal?.aborted) this.close();
    this.tell(fact.START);
  }

  /** Makes a core out of the application's choices. */
  begin() {
    const given = new StreamGiven(this.url, this.options);
    /** @type {((end: { status: number | null }) => unknown) | undefined} */
    this.shouldReconnect = given.callback('shouldReconnect');
    /** @type {((warning: object) => void) | undefined} */
    this.onWarning = given.callback('onWarning');
    const flow = given.callback('flow');
    const core = this.makeCore(given, seed(), performance.now(), Date.now());
    const refusal = given.refuse();
    if (refusal !== undefined) {
      core.free();
      throw refusal;
    }
    this.core = core;
    this.plane.serve((kind, value, generation, bytes) => this.tell(kind, generation, bytes, 0, value), /** @type {any} */ (flow));
    return given;
  }

  /**
   * Tells the core a fact, or lets it wait for those before it.
   *
   * @param {number} kind @param {number} [one] @param {number} [two] @param {number} [three] @param {unknown} [value]
   */
  tell(kind, one = 0, two = 0, three = 0, value = undefined) {
    if (this.core === undefined) return;
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
    this.serve(true);
    this.due = core.handle(
      kind, one, two, three, value, performance.now(), Date.now(),
      plane.takeHeard(), plane.credit, backlog.events.size, backlog.dropped + backlog.conflated, backlog.busy,
    );
    this.serve(false);
  }

  /** @param {boolean} works */
  serve(works) {
    serve(works ? /** @type {Host} */ (/** @type {unknown} */ (this)) : undefined);
  }

  /** One order that fails must not take the others with it. @param {() => unknown} act */
  carryOut(act) {
    try {
      act();
    } catch (error) {
      report(error);
    }
  }

  attach() {
    if (this.watch !== undefined) return;
    this.given.signal?.addEventListener('abort', this.stop);
    this.watch = new Watch((event) => this.tell(fact.PAGE, event));
    tellHowThingsStand((event) => this.facts.push([fact.PAGE, event, 0, 0, undefined]));
  }

  /** Nothing will happen until the application asks: lets go of everything but the handlers. */
  rest() {
    this.alarm.set(Infinity);
    this.watch?.release();
    this.watch = undefined;
    this.asking.abort();
    for (const connection of this.connections.values()) connection.leave();
    this.connections.clear();
    this.given.signal?.removeEventListener('abort', this.stop);
    this.move('');
    if (this.snapshot().reason?.code === 'closed_by_application') {
      this.core?.free();
      this.core = undefined;
      const { backlog, lastEventId } = this.plane;
      // What nobody will see comes again after `retry()`.
      if (backlog.events.size > 0) this.lastEventId = lastEventId;
      backlog.clear();
    }
  }

  /** Counts this stream for another destination. @param {string} place empty for none */
  move(place) {
    if (place === this.place) return;
    if (this.place !== '') count(this.place, -1);
    this.place = place;
    if (place !== '') this.tell(fact.SIBLINGS, count(place, 1));
  }

  // ------------------------------------------------------------------------------- what the application asks for

  close() {
    this.tell(fact.CLOSE);
  }

  /** Tries now, whatever stands against it. */
  retry() {
    if (this.core === undefined) {
      // Another one, that knows that it was closed.
      this.begin();
      this.facts.push([fact.CLOSE, 0, 0, 0, undefined]);
    }
    this.attach();
    this.tell(fact.RETRY);
  }

  snapshot() {
    if (this.shown === undefined) {
      this.serve(true);
      this.core?.snapshot();
      this.serve(false);
    }
    return this.shown;
  }

  // ------------------------------------------------------------------------------------- what the core asks for

  /** @param {number} call */
  resolve(call) {
    this.call = call;
    const { core } = this;
    this.asking.abort();
    const asking = new AbortController();
    this.asking = asking;
    void ask(this.given, this.lastEventId, asking.signal).then((answer) => {
      asking.abort();
      // Another core counts its calls from 1 again.
      if (core === undefined || core !== this.core || call !== this.call) return;
      this.target = answer?.target;
      if (answer?.ending === undefined) this.tell(fact.ANSWERED, call, +(answer !== undefined));
      else this.end(streamFact.RECOVERED, call, answer.ending);
    });
  }

  /** @param {number} generation @param {boolean} shown whether by a request that shows its answer */
  connect(generation, shown) {
    const { given, target } = this;
    if (target === undefined) {
      this.tell(streamFact.IMPOSSIBLE, generation);
      return;
    }
    this.move(destination(target.url));
    const connection = given.bySource && !shown ? new StreamSource(this, generation, target) : new StreamRequest(this, generation, target);
    this.connections.set(generation, connection);
    connection.begin();
  }

  /** @param {number} generation */
  abandon(generation) {
    const connection = this.connections.get(generation);
    this.connections.delete(generation);
    connection?.leave();
  }

  /** An `EventSource` has to be told which types are wanted. @param {string} type */
  listen(type) {
    for (const connection of this.connections.values()) if (connection instanceof StreamSource) connection.listen(type);
  }

  // ----------------------------------------------------------------------------------- what the connections report

  /**
   * @param {number} generation @param {string} type @param {string} text @param {string} id
   */
  take(generation, type, text, id) {
    const { given, plane } = this;
    // Before handlers run, which may close the stream.
    this.lastEventId = id;
    if (text === given.done && text !== '') {
      this.orders.push(() => plane.backlog.drain(() => false));
      this.tell(streamFact.TERMINAL, generation, 0);
      return;
    }
    const event = { type, data: given.asText ? text : parsed(text), id };
    if (given.terminal.includes(type)) {
      this.end(streamFact.TERMINAL, generation, event);
    } else if (plane.pass && generation === plane.generation && plane.credit > 0) {
      plane.credit--;
      const { backlog } = plane;
      const share = backlog.left > 0 ? backlog.begin(1) : 0;
      plane.accept(event, text.length);
      if (share > 0) backlog.spend(share);
    } else {
      plane.sink(fact.EVENT, event, generation, text.length);
    }
  }

  /**
   * The event that ends the stream, after all that came before it.
   *
   * @param {number} kind @param {number} number @param {StreamEvent} event
   */
  end(kind, number, event) {
    const place = this.given.terminal.indexOf(event.type);
    this.orders.push(() => this.plane.acceptAtOnce(event));
    this.tell(kind, number, place < 0 ? 1 : place);
  }

  /** @param {number} generation @param {Response} response */
  responded(generation, response) {
    const { headers, status } = response;
    const type = (headers.get('content-type')?.split(';')[0] ?? '').trim().toLowerCase();
    const media = type === 'text/event-stream' ? streamFact.EVENT_STREAM : type === 'text/html' ? streamFact.HTML : 0;
    const [ms, isDate] = retryAfter(headers);
    const word = response.ok && media === streamFact.EVENT_STREAM ? 0 : this.askApplication(status);
    this.tell(streamFact.RESPONDED, generation, status, media | word | (isDate ? streamFact.DATE : 0), ms);
  }

  /** A connection is at its end. @param {number} generation @param {number} code 0 if it did not open, and nobody saw why */
  closed(generation, code) {
    const { core } = this;
    const connection = this.connections.get(generation);
    this.connections.delete(generation);
    connection?.leave();
    const word = this.askApplication(null);
    if (core === this.core) this.tell(code === 0 ? streamFact.UNSEEN : fact.CLOSED, generation, code, word);
  }

  /** What `shouldReconnect` says. @param {number | null} status */
  askApplication(status) {
    try {
      const word = this.shouldReconnect?.({ status });
      return word === true ? streamFact.YES : word === false ? streamFact.NO : 0;
    } catch (error) {
      report(error);
      return 0;
    }
  }

  outdate() {
    this.shown = undefined;
    this.orders.push(() => this.plane.notify());
  }

  /** @param {any} warning */
  warn(warning) {
    this.carryOut(() => (this.onWarning ?? warnOnConsole)(warning));
  }
}
