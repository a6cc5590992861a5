// @ts-check
// Owns what a check is and the ways it can end; must not know the protocol.

/** @typedef {import('./run.mjs').Run} Run */
/**
 * What a run has learned of a server, and what a check may need to know: without it the check is not made.
 *
 * @typedef {'pong' | 'hello' | 'batch' | 'ack' | 'seq' | 'reply' | 'auth' | 'state' | 'event' | 'critical' | 'request' | 'presence'} Fact
 */
/**
 * @typedef {object} Check
 * @property {string} name stable: to be looked for in a report
 * @property {string} requires what is required, as a sentence
 * @property {string} section where PROTOCOL.md says so
 * @property {Fact[]} needs
 * @property {(run: Run) => Promise<void>} make returns where all is well; throws Wrong, NotOffered, NotSeen or NotChecked
 */
/** @typedef {{ feature: string, about: string, checks: Check[] }} Group */
/** @typedef {'passed' | 'failed' | 'not offered' | 'not seen' | 'not checked'} Ending */
/** @typedef {{ feature: string, name: string, requires: string, section: string, ending: Ending, detail: string[] }} Result */

/** The server does otherwise than it must. */
export class Wrong extends Error {
  /** @param {unknown} sent @param {unknown} came */
  constructor(sent, came) {
    super(`sent ${show(sent)}; came ${show(came)}`);
    this.sent = show(sent);
    this.came = show(came);
  }
}

/** The server does not have what the check is about, and need not. */
export class NotOffered extends Error {}

/** The server may have what the check is about, and nothing the run did brought it forth. */
export class NotSeen extends Error {}

/** The run could not look. */
export class NotChecked extends Error {}

/**
 * @param {boolean} holds
 * @param {unknown} sent what the run said or did
 * @param {unknown} came what the server did
 * @returns {asserts holds}
 */
export function must(holds, sent, came) {
  if (!holds) throw new Wrong(sent, came);
}

/** @param {unknown} value @returns {string} as a person reads it: words as they are, the rest as short JSON */
export function show(value) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** After a standstill timers go off before what came meanwhile is read: no turn counts for more than this, in ms. */
const TURN = 50;

/**
 * Asks until the answer is truthy or time is up, and returns the last answer.
 *
 * @template T
 * @param {() => T} ask
 * @param {number} within ms
 * @returns {Promise<T>}
 */
export async function until(ask, within) {
  for (let left = within; ; ) {
    const answer = ask();
    if (answer || left < 0) return answer;
    const from = performance.now();
    await pause(5);
    left -= Math.min(TURN, performance.now() - from);
  }
}
