// @ts-check
// Owns clients of the package in this process, streams and sockets, and what each was told; must not know what is done to
// their servers.

import { WebSocket } from 'ws';
import { stopwatch } from './until.mjs';

Object.assign(globalThis, { WebSocket });
const { connect } = await import('everwire');
const { stream } = await import('everwire/stream');

/** @typedef {import('node:test').TestContext} TestContext */
/** How long a client was without a connection, in milliseconds, and the attempts that failed meanwhile. @typedef {{ ms: number, failed: number }} Absence */

/**
 * Notes when a client is away and why.
 *
 * @param {{ readonly state: string, snapshot(): { attempt: number, final: boolean, reason: { code: string } | null }, subscribe(listener: () => unknown): () => void }} client
 */
function watch(client) {
  /** @type {Absence[]} */
  const absences = [];
  /** @type {Set<string>} */
  const reasons = new Set();
  /** @type {(() => number) | null} */
  let since = null;
  let failed = 0;
  let wasOpen = false;
  client.subscribe(() => {
    const { attempt, final, reason } = client.snapshot();
    if (reason !== null) reasons.add(reason.code);
    if (client.state === 'open') {
      if (since !== null) absences.push({ ms: since(), failed });
      since = null;
      wasOpen = true;
    } else if (final) {
      since = null;
    } else if (wasOpen) {
      if (since === null) [since, failed] = [stopwatch(), 0];
      // The loss itself is the first.
      failed = Math.max(failed, attempt - 1);
    }
  });
  return { absences, reasons };
}

/** One who looks on a stream. @param {TestContext} t @param {string} url @param {object} [options] */
export function viewer(t, url, options) {
  const client = stream(url, { onWarning() {}, ...options });
  t.after(() => client.close());
  /** @type {number[]} */
  const numbers = [];
  const told = { numbers, interrupted: 0, end: /** @type {any} */ (null) };
  client.on('*', ({ type, id, data }) => {
    if (type === 'interrupted') told.interrupted += 1;
    if (type === 'connected' || type === 'interrupted') return;
    numbers.push(Number(id.split(':')[1]));
    if (type === 'completed' || type === 'failed') told.end = { type, data, at: performance.now() };
  });
  return { client, told, ...watch(client) };
}

/** One in a room. @param {TestContext} t @param {string} url */
export function member(t, url) {
  const client = connect(url, { onWarning() {} });
  t.after(() => client.close());
  /** @type {string[]} */
  const told = [];
  let states = 0;
  client.on('run_state', (/** @type {any} */ { status }) => void told.push(status));
  // The first is what a page begins with; another would mean that events were lost.
  client.on('resync', () => void (states += 1));
  return { client, told, states: () => states, ...watch(client) };
}

/**
 * Pauses and resumes the run of a room until told to stop, and then once more, so that it runs.
 *
 * @param {TestContext} t @param {import('everwire').Client} client
 */
export function commanding(t, client) {
  /** @type {string[]} */
  const fates = [];
  let over = false;
  let failed = false;
  t.after(() => (failed = over = true));
  const done = (async () => {
    while (!over || (!failed && fates.length % 2 === 1)) {
      const type = fates.length % 2 === 0 ? 'pause_execution' : 'resume_execution';
      fates.push((await client.send({ type }, { ack: true }).settled).fate);
      await new Promise((next) => setTimeout(next, 10));
    }
  })();
  return {
    fates,
    /** What everybody has to be told. */
    expected: () => fates.map((_, index) => (index % 2 === 0 ? 'paused' : 'running')),
    async stop() {
      over = true;
      await done;
    },
  };
}

/**
 * Begins a stream at one process: a text of so many words.
 *
 * @param {number} port @param {number} words @param {number} interval in milliseconds
 * @returns {Promise<{ streamId: string, token: string, url: string, recover: string }>}
 */
export async function begin(port, words, interval) {
  const body = JSON.stringify({ work: 'answer', words, interval });
  const answer = await fetch(`http://127.0.0.1:${port}/api/stream`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  return /** @type {any} */ (await answer.json());
}

/** From 1 without a gap. @param {number} count */
export const whole = (count) => Array.from({ length: count }, (_, at) => at + 1);
