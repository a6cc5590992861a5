// @ts-check
// Owns what goes wrong and when, out of a seed; must not know whom it hits.

/** @typedef {import('../support/proxy.mjs').Way} Way */
/** @typedef {import('../support/proxy.mjs').End} End */
/**
 * Something that goes wrong; `lasts` in milliseconds.
 *
 * - `cut`: every connection ends
 * - `tear`: so it does in the middle of the next bytes
 * - `stall`: nothing passes, and nobody is told; then the connection goes on, or ends and takes along what was held back
 * - `slow`: little passes at a time
 * - `away`: no connection, and none to be had
 * - `crash`: the server is killed and comes back
 * - `stop`: the server says goodbye, ends and comes back
 *
 * @typedef {{ kind: 'cut', by: End }
 *   | { kind: 'tear', way: Way }
 *   | { kind: 'stall', way: Way | 'both', lasts: number, then: End | 'go on' }
 *   | { kind: 'slow', lasts: number }
 *   | { kind: 'away', by: End, lasts: number }
 *   | { kind: 'crash', lasts: number }
 *   | { kind: 'stop', lasts: number }} Fault
 */

/** Between 0 and 1, always the same ones for a seed (mulberry32). @param {number} seed */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Faults without end, each with the time that goes well before it: first each kind once, in a random order, then at random.
 *
 * @param {number} seed
 * @returns {Generator<{ quiet: number, fault: Fault }, never>}
 */
export function* plan(seed) {
  const next = chance(seed);
  const among = (/** @type {number} */ from, /** @type {number} */ to) => Math.round(from + next() * (to - from));
  /** @template T @param {readonly T[]} all @returns {T} */
  const one = (all) => /** @type {T} */ (all[Math.floor(next() * all.length)]);
  /** @type {readonly End[]} */
  const ends = ['fin', 'rst'];
  /** @type {readonly Way[]} */
  const ways = ['up', 'down'];

  /** @type {Fault[]} */
  const each = [
    { kind: 'cut', by: 'fin' },
    { kind: 'cut', by: 'rst' },
    { kind: 'tear', way: 'up' },
    { kind: 'tear', way: 'down' },
    { kind: 'stall', way: 'up', lasts: 1_000, then: 'rst' },
    { kind: 'stall', way: 'down', lasts: 1_000, then: 'rst' },
    { kind: 'stall', way: 'both', lasts: 800, then: 'go on' },
    { kind: 'slow', lasts: 1_000 },
    { kind: 'away', by: 'rst', lasts: 600 },
    { kind: 'crash', lasts: 300 },
  ];
  while (each.length > 0) {
    const [fault] = each.splice(Math.floor(next() * each.length), 1);
    if (fault) yield { quiet: among(200, 700), fault };
  }
  /** @type {readonly (() => Fault)[]} those that come often stand there often */
  const random = [
    () => ({ kind: 'cut', by: one(ends) }),
    () => ({ kind: 'cut', by: one(ends) }),
    () => ({ kind: 'tear', way: one(ways) }),
    () => ({ kind: 'tear', way: one(ways) }),
    () => ({ kind: 'stall', way: one([...ways, 'both']), lasts: among(50, 4_000), then: one([...ends, 'go on']) }),
    () => ({ kind: 'stall', way: one([...ways, 'both']), lasts: among(50, 1_500), then: one([...ends, 'go on']) }),
    () => ({ kind: 'stall', way: one([...ways, 'both']), lasts: among(50, 1_500), then: one([...ends, 'go on']) }),
    () => ({ kind: 'slow', lasts: among(200, 2_000) }),
    () => ({ kind: 'away', by: one(ends), lasts: among(50, 3_000) }),
    () => ({ kind: 'crash', lasts: among(0, 1_000) }),
    () => (next() < 0.5 ? { kind: 'stop', lasts: among(0, 500) } : { kind: 'cut', by: 'rst' }),
  ];
  for (;;) yield { quiet: among(50, 1_500), fault: one(random)() };
}

/** @param {Fault} fault */
export const wordsOf = (fault) => Object.values(fault).join(' ');
