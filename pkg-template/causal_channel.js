// @ts-check
// Owns one member's end of a channel in causal order: its events while they wait, its handlers, its timer; must not know
// what waits for what, or for how long. That is decided in `core/causal/channel.rs`.

import { loadCausal } from './causal_load.js';
import { CausalNames } from './causal_names.js';
import { choicesOf, isFunction, isName, isWhole } from './entry_options.js';
import { EverwireError, report } from './everwire_error.js';
import { Alarm } from './timer.js';
import { VectorClock, countsOf, invalidClock } from './vector_clock.js';

// What became of a message, as `causal.rs` numbers it.
const HELD = 0;
const SENSELESS = 2;
const CROWDED = 3;

const FIELDS = ['type', 'from', 'clock', 'void'];
/** Nobody saw a message that ended like this. */
const UNSEEN = ['rejected', 'dropped', 'expired', 'aborted'];
const WARNINGS = /** @type {Record<string, string>} */ ({
  senseless_message: 'A message has no "from" and "clock" that make sense, and was not delivered. Others are only counted.',
  too_many_actors: 'A message was not delivered, because a clock holds at most 1,000 actors: prune() those that left. Others are only counted.',
});

const nothing = () => {};

/** @type {import('./entry_options.js').Table} */
const OPTIONS = {
  actor: [undefined, isName, 'a string of 1 to 128 bytes'],
  clock: [undefined, (value) => countsOf(value) !== undefined, 'a clock'],
  messages: [1_000, (value) => isWhole(value, 1, 10_000), 'a whole number from 1 to 10000'],
  age: [30_000, (value) => isWhole(value, 100, 600_000), 'a whole number from 100 to 600000'],
  resync: [undefined, (value) => value === false || isFunction(value), 'a function, or false'],
  onWarning: [undefined, isFunction, 'a function'],
};

/**
 * A channel of a client in causal order.
 *
 * @param {any} client
 * @param {any} channel
 * @param {any} [options]
 */
export const causal = (client, channel, options) => new CausalChannel(client, channel, options);

class CausalChannel {
  /** @type {InstanceType<ReturnType<typeof loadCausal>['Causal']> | undefined} */
  #core;
  /** What waits, by ticket. @type {Map<number, any>} */
  #events = new Map();
  /** @type {readonly { run: (event: any) => unknown }[]} */
  #handlers = [];
  #ticket = 0;
  #busy = false;
  /** Numbers of messages that nobody saw, while others may wait for them. @type {Set<number>} */
  #nothing = new Set();
  /** The one of them that the others are being told of; 0 for none. */
  #telling = 0;
  /** @type {Set<string>} */
  #told = new Set();

  /** @param {any} client @param {any} channel @param {any} options */
  constructor(client, channel, options) {
    const { actor, clock, messages, age, resync, onWarning } = read(channel, options);
    const { Causal, mostNames } = loadCausal();
    this.client = client;
    this.channel = channel;
    this.actor = actor;
    this.age = age;
    this.resync = resync;
    this.onWarning = onWarning;
    this.names = new CausalNames(mostNames());
    this.names.add([actor], () => []);
    this.#core = new Causal(this.names.numberOf(actor), messages, age);
    this.alarm = new Alarm(() => this.#look());
    try {
      if (clock !== undefined) this.restore(clock);
      this.off = client.on(channel, (/** @type {any} */ event) => this.#take(event));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** @param {any} handler */
  on(handler) {
    if (!isFunction(handler)) throw new EverwireError('invalid_handler', 'a handler is a function');
    const registration = { run: handler };
    this.#handlers = [...this.#handlers, registration];
    return () => {
      // It may stand in an array that is being gone through.
      registration.run = nothing;
      this.#handlers = this.#handlers.filter((other) => other !== registration);
    };
  }

  /**
   * @param {any} [event]
   * @param {any} [options]
   */
  send(event = {}, options = {}) {
    const core = this.#open();
    if (isFunction(event?.toJSON)) event = event.toJSON();
    if (typeof event !== 'object' || event === null || Array.isArray(event)) throw invalidEvent('an event is an object');
    for (const field of FIELDS) {
      if (Object.hasOwn(event, field)) throw invalidEvent(`the field "${field}" belongs to the channel`);
    }
    const [number, ...stamp] = core.stamp();
    if (number === undefined) throw invalidClock('the counts of this actor are used up: take another actor');
    // Taken before the event is read, which may send another.
    core.sent(number);
    const clock = this.names.named(stamp);
    try {
      const message = { ...event, type: this.channel, from: this.actor, clock };
      const receipt = this.client.send(message, { ...options, ack: options?.ack ?? !options?.volatile });
      receipt.settled.then((/** @type {any} */ { fate }) => (UNSEEN.includes(fate) ? this.#unsent(number) : this.#tell()));
      return receipt;
    } catch (error) {
      this.#unsent(number);
      throw error;
    }
  }

  /** @param {any} clock */
  restore(clock) {
    const core = this.#open();
    const counts = countsOf(clock);
    if (!this.names.add(counts.keys(), () => core.used())) throw invalidClock('too many actors are waited for');
    const said = core.restore(performance.now(), this.names.numbered(counts));
    if (said > 1) throw invalidClock('a clock with this actor has at most 1,000 actors: prune() those that left');
    // Whoever calls this shows the state first: what waits builds on it.
    queueMicrotask(() => this.#drain());
    return said === 0;
  }

  /** @param {string | Iterable<string>} actors */
  prune(actors) {
    const core = this.#open();
    for (const actor of typeof actors === 'string' ? [actors] : actors) {
      const number = this.names.numbers.get(actor);
      if (number !== undefined) core.prune(number);
    }
  }

  clock() {
    return new VectorClock(this.names.named(this.#open().clock()));
  }

  stats() {
    const core = this.#open();
    const [delivered, duplicates, senseless, letGo, covered, gaps, lost, held, since = -1] = core.stats();
    const oldest = since < 0 ? null : Math.max(performance.now() - since, 0);
    const waitingFor = this.#missing();
    return Object.freeze({ delivered, duplicates, senseless, letGo, covered, gaps, lost, held, oldest, waitingFor });
  }

  close() {
    this.off?.();
    this.alarm.set(Infinity);
    this.#core?.free();
    this.#core = undefined;
    this.#events.clear();
    for (const registration of this.#handlers) registration.run = nothing;
    this.#handlers = [];
  }

  #open() {
    if (this.#core === undefined) throw new EverwireError('closed', 'the channel was closed');
    return this.#core;
  }

  /** @param {any} event */
  #take(event) {
    const core = this.#core;
    if (core === undefined) return;
    // Never 0, which means none.
    const ticket = (this.#ticket = (this.#ticket % 0xffff_ffff) + 1);
    const [from, clock] = this.#read(event, core);
    const said = core.receive(performance.now(), ticket, from, clock);
    if (said === HELD) this.#events.set(ticket, event);
    else if (said === SENSELESS) this.#warn(from < 0 ? 'too_many_actors' : 'senseless_message');
    else if (said === CROWDED) this.#warn('too_many_actors');
    this.#drain();
  }

  /**
   * Nobody's clock for what makes no sense.
   *
   * @param {any} event @param {{ used: () => ArrayLike<number> }} core
   * @returns {[from: number, clock: Float64Array]}
   */
  #read(event, core) {
    try {
      const counts = countsOf(event.clock);
      if (!counts.has(event.from)) throw invalidClock('the clock of a message counts its sender');
      if (!this.names.add(counts.keys(), () => core.used())) return [-1, new Float64Array()];
      return [this.names.numberOf(event.from), this.names.numbered(counts)];
    } catch {
      return [0, new Float64Array()];
    }
  }

  /** Hands over whatever may be; what a handler makes come is handed over after what is here. */
  #drain() {
    if (this.#busy) return;
    this.#busy = true;
    for (let ticket = this.#core?.poll(); ticket; ticket = this.#core?.poll()) {
      const event = this.#events.get(ticket);
      this.#events.delete(ticket);
      if (event.void !== true) this.#deliver(event);
    }
    this.#busy = false;
    this.#look();
  }

  /** @param {any} event */
  #deliver(event) {
    for (const { run } of this.#handlers) {
      try {
        run(event);
      } catch (error) {
        report(error);
      }
    }
  }

  #look() {
    const core = this.#core;
    if (core === undefined) return;
    const now = performance.now();
    const asks = core.deadline() <= now && core.onTime(now);
    for (let ticket = core.gone(); ticket; ticket = core.gone()) this.#events.delete(ticket);
    this.alarm.set(core.deadline());
    if (asks) this.#ask();
  }

  #ask() {
    const gap = Object.freeze({ missing: this.#missing(), clock: this.clock() });
    try {
      if (this.resync) this.resync(gap);
      else if (this.resync === undefined) {
        const missing = gap.missing.flatMap(({ from, after, until }) => [from, after, until]);
        // Without a connection it does not outlive the next one.
        this.client.send({ type: 'causal_resync', channel: this.channel, clock: gap.clock.toJSON(), missing }, { priority: 'high', ttl: this.age });
      }
    } catch (error) {
      report(error);
    }
  }

  #missing() {
    const flat = this.#open().missing();
    const missing = [];
    for (let place = 0; place < flat.length; place += 4) {
      const [actor, after = 0, until = 0, waiting = 0] = flat.slice(place, place + 4);
      missing.push(Object.freeze({ from: this.names.nameOf(actor), after, until, waiting }));
    }
    return Object.freeze(missing);
  }

  /** Nobody saw the message with that number. @param {number} number */
  #unsent(number) {
    const core = this.#core;
    if (core === undefined) return;
    if (!core.unsent(number)) this.#nothing.add(number);
    // With the last one go those before it that nobody saw either.
    else for (let before = number - 1; before !== this.#telling && this.#nothing.delete(before); before--) core.unsent(before);
    this.#tell();
  }

  /**
   * Tells those who wait for it that a number is nothing: one after the other, since many at once find no room. One that cannot
   * be told now is told after the next message.
   */
  #tell() {
    const [number] = this.#nothing;
    if (this.#core === undefined || number === undefined || this.#telling !== 0 || this.client.snapshot().final) return;
    this.#telling = number;
    try {
      const receipt = this.client.send({ type: this.channel, from: this.actor, clock: [this.actor, number], void: true }, { ack: true, priority: 'high' });
      receipt.settled.then((/** @type {any} */ { fate }) => {
        this.#telling = 0;
        if (UNSEEN.includes(fate)) return;
        this.#nothing.delete(number);
        this.#tell();
      });
    } catch (error) {
      this.#telling = 0;
      report(error);
    }
  }

  /** @param {string} code */
  #warn(code) {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    try {
      const warning = Object.freeze({ code, message: WARNINGS[code] ?? '' });
      if (this.onWarning) this.onWarning(warning);
      else console.warn(`everwire: ${warning.message}`);
    } catch (error) {
      report(error);
    }
  }
}

/** @param {any} channel @param {any} options */
function read(channel, options = {}) {
  if (typeof channel !== 'string' || channel === '*') throw new EverwireError('invalid_handler', 'a channel is the type of its messages');
  const { actor = anyone(), ...others } = choicesOf('causal', OPTIONS, options);
  return { actor, ...others };
}

/** 128 random bits: nobody else's. */
const anyone = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} message */
const invalidEvent = (message) => new EverwireError('invalid_event', message);
