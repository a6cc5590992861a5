// @ts-check
// Owns waiting for what must become true; must not know what it is.

/** Whether the long versions of the tests were asked for. */
export const LONG = process.env['EVERWIRE_LONG'] === '1';

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Asks until the answer is truthy, and returns it.
 *
 * @template T
 * @param {string} what is waited for, for the error
 * @param {() => T | Promise<T>} ask
 * @param {{ within?: number, every?: number }} [options] in milliseconds
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, ask, { within = 10_000, every = 25 } = {}) {
  const end = performance.now() + within;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`after ${within} ms still not: ${what}`);
    await pause(every);
  }
}

/** A stopwatch, in milliseconds. */
export function stopwatch() {
  const from = performance.now();
  return () => performance.now() - from;
}
