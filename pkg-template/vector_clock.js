// @ts-check
// Owns the form in which applications and the wire have a clock; must not know what is counted. How clocks are compared and
// joined is decided in `core/causal/clock.rs`.

import { loadCausal } from './causal_load.js';
import { isName, MOST_NAME } from './entry_options.js';
import { EverwireError } from './everwire_error.js';

/** @typedef {ReadonlyMap<string, number>} Counts */

const ORDERS = /** @type {const} */ (['before', 'after', 'equal', 'concurrent']);

/** @param {string} message */
export const invalidClock = (message) => new EverwireError('invalid_clock', message);

/**
 * The counts of a clock's compact form.
 *
 * @param {any} compact
 * @returns {Counts}
 */
export function countsOf(compact) {
  if (compact instanceof VectorClock) return compact.counts();
  if (!Array.isArray(compact) || compact.length % 2 !== 0) throw invalidClock('a clock is a list of actors and counts by turns');
  const { areCounts, mostActors } = loadCausal();
  if (compact.length > 2 * mostActors()) throw invalidClock(`a clock has at most ${mostActors()} actors`);
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (let place = 0; place < compact.length; place += 2) {
    const [actor, count] = [compact[place], compact[place + 1]];
    if (!isName(actor)) throw invalidClock(`an actor is a string of 1 to ${MOST_NAME} bytes`);
    counts.set(actor, typeof count === 'number' ? count : NaN);
  }
  if (2 * counts.size !== compact.length) throw invalidClock('a clock names no actor twice');
  if (!areCounts(Float64Array.from(counts.values()))) throw invalidClock('a count is a whole number from 1 to 2^53 - 1');
  return counts;
}

/** How much each actor did. Never changes: what changes it returns another. */
export class VectorClock {
  /** @type {Counts} */
  #counts;

  /** @param {any} [compact] */
  constructor(compact = []) {
    this.#counts = countsOf(compact);
  }

  /** Read only. */
  counts() {
    return this.#counts;
  }

  get size() {
    return this.#counts.size;
  }

  /** @param {string} actor */
  get(actor) {
    return this.#counts.get(actor) ?? 0;
  }

  /** @param {string} actor */
  increment(actor) {
    return of(new Map(this.#counts).set(actor, this.get(actor) + 1));
  }

  /** @param {any} other */
  merge(other) {
    const { names, one, two } = beside(this.#counts, countsOf(other));
    const joined = loadCausal().merge(one, two);
    return of(names.map((name, place) => [name, joined[place] ?? 0]));
  }

  /** @param {any} other */
  compare(other) {
    const { one, two } = beside(this.#counts, countsOf(other));
    return ORDERS[loadCausal().compare(one, two)];
  }

  /** @param {string | Iterable<string>} actors */
  prune(actors) {
    const counts = new Map(this.#counts);
    for (const actor of typeof actors === 'string' ? [actors] : actors) counts.delete(actor);
    return of(counts);
  }

  /** The compact form. */
  toJSON() {
    return [...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)).flat();
  }
}

/** @param {Iterable<[string, number]>} counts */
const of = (counts) => new VectorClock([...counts].flat());

/** The counts of all actors of both. @param {Counts} one @param {Counts} two */
function beside(one, two) {
  const names = [...new Set([...one.keys(), ...two.keys()])];
  const counts = (/** @type {Counts} */ of) => Float64Array.from(names, (name) => of.get(name) ?? 0);
  return { names, one: counts(one), two: counts(two) };
}
