// @ts-check
// Owns the events of a client as an async iterable with a bounded buffer; must not know how a client works: it is given
// one, and uses what every application may use.

import { refusal } from './entry_options.js';
import { EverwireError } from './everwire_error.js';

const ENDS = ['closed_by_application', 'completed', 'failed'];
const POLICIES = ['drop-oldest', 'drop-newest', 'error'];

/** @type {IteratorReturnResult<undefined>} */
const END = Object.freeze({ done: true, value: undefined });

/**
 * @param {any} client
 * @param {any} type
 * @param {any} [options]
 */
export function iterate(client, type, options = {}) {
  const { buffer, overflow, signal } = read(options);
  /** Those that nobody asked for yet, from place `first` on. @type {any[]} */
  let events = [];
  let first = 0;
  /** Those who asked for more than there was. @type {((result: IteratorResult<any, undefined>) => void)[]} */
  const asking = [];
  /** @type {(() => void)[]} */
  const offs = [];
  let lost = 0;
  let over = false;
  /** @type {EverwireError | undefined} */
  let failure;

  /** What was received before can still be taken. */
  const end = () => {
    over = true;
    for (const off of offs.splice(0)) off();
    for (const answer of asking.splice(0)) answer(END);
  };
  /** The oldest. Each that stays is moved once: to shift all by one is dear where there are many. */
  const shift = () => {
    const event = events[first];
    events[first++] = undefined;
    if (2 * first > events.length) {
      events = events.slice(first);
      first = 0;
    }
    return event;
  };
  const leave = () => {
    events = [];
    first = 0;
    failure = undefined;
    end();
  };
  /** @param {any} event */
  const take = (event) => {
    const answer = asking.shift();
    if (answer !== undefined) return answer({ done: false, value: event });
    if (events.length - first < buffer) return void events.push(event);
    lost++;
    if (overflow === 'drop-oldest') {
      shift();
      events.push(event);
    } else if (overflow === 'error') {
      failure = new EverwireError('overflow', `${buffer} events of type "${type}" wait and nobody takes them; see the options buffer and overflow`);
      end();
    }
  };
  const look = () => {
    // A stream that told its end is as much at its end as a client that was closed.
    const { final, reason } = client.snapshot();
    if (final && ENDS.includes(reason?.code)) end();
  };

  if (!signal?.aborted) {
    offs.push(client.on(type, take), client.subscribe(look));
    signal?.addEventListener('abort', leave);
    offs.push(() => signal?.removeEventListener('abort', leave));
    look();
  } else {
    end();
  }

  return {
    get lost() {
      return lost;
    },
    /** @returns {Promise<IteratorResult<any, undefined>>} */
    next() {
      if (events.length > first) return Promise.resolve({ done: false, value: shift() });
      if (failure !== undefined) {
        const error = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      return over ? Promise.resolve(END) : new Promise((resolve) => asking.push(resolve));
    },
    /** @returns {Promise<IteratorResult<any, undefined>>} */
    return() {
      leave();
      return Promise.resolve(END);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** @param {any} options */
function read(options) {
  if (typeof options !== 'object' || options === null) throw refusal('iterate', 'an object');
  const { buffer = 1_000, overflow = 'drop-oldest', signal, ...others } = options;
  if (!Number.isInteger(buffer) || buffer < 1 || buffer > 100_000) throw refusal('buffer', 'a whole number from 1 to 100000');
  if (!POLICIES.includes(overflow)) throw refusal('overflow', `one of "${POLICIES.join('", "')}"`);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') throw refusal('signal', 'an AbortSignal');
  for (const name of Object.keys(others)) throw refusal(name, 'is not known; iterate() has buffer, overflow, signal');
  return { buffer, overflow, signal };
}
