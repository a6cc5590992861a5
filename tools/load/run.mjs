// @ts-check
// Owns one measurement: clients of both kinds on one server for a while, and what it cost; must not know what is too much.

import { setTimeout as sleep } from 'node:timers/promises';
import { member, message, slow, viewer } from './clients.mjs';
import { startServer } from './server.mjs';

/** @typedef {{ sse: number, ws: number, slow: number, seconds: number, rate?: number }} Load */
/** Of the fast ones, in milliseconds. `lost`: events that somebody was not told in time, or not in order. @typedef {{ median: number, p99: number, most: number, events: number, lost: number }} Told */

/** So many connect at once. */
const AT_ONCE = 50;
/** How long after the last event all must have it, in milliseconds. */
const LATE = 20_000;
/** The text that slow viewers do not read: seven megabytes of events. A socket takes four unread. */
const UNREAD = { words: 30_000, interval: 0, format: 'openai' };

/**
 * `sse` clients look on one stream and `ws` are in one room, each with `rate` events a second for so many seconds; `slow`
 * more read next to nothing, half of them each. A latency is counted from when the event was due (streams: the server
 * makes them by the clock, and the earliest of all is in time) or asked for (rooms).
 *
 * @param {Load} load
 */
export async function run({ sse, ws, slow: slowOnes, seconds, rate = 5 }) {
  const server = await startServer(sse + ws + slowOnes + 100);
  /** @type {{ destroy(): void }[]} */
  const sockets = [];
  try {
    const interval = 1_000 / rate;
    const words = seconds * rate;
    const rooms = `/api/dags/gate/stream`;
    await start(server.origin, 'gate');
    if (slowOnes > 0) await start(server.origin, 'many');
    const bare = server.memory();

    /** When each run_state was asked for. @type {number[]} */
    const asked = [];
    const inRoom = ledger(words);
    await inParts(ws, async () => sockets.push(await member(server.port, rooms, inRoom.one())));
    const withMembers = server.memory();
    const commander = await member(server.port, rooms, () => {});
    sockets.push(commander);

    // Nobody may look before there is a stream, and it makes its first word at once: the time to connect is ahead of it.
    const ahead = Math.ceil((sse / AT_ONCE) * 0.1 * rate) + rate;
    const onStream = ledger(words, ahead);
    const begun = await begin(server.origin, { words: ahead + words, interval });
    const beginning = performance.now();
    await inParts(sse, async () => sockets.push(await viewer(server.port, begun.url, onStream.one())));
    const withViewers = server.memory();
    /** @type {{ close(): void }[]} */
    const slowly = [];
    if (slowOnes > 0) {
      const unread = await begin(server.origin, UNREAD);
      await inParts(slowOnes, async (at) => {
        const isRoom = at % 2 === 1;
        const path = isRoom ? '/api/dags/many/stream' : unread.url;
        slowly.push(await slow(server.port, { path, isRoom, drips: at % 4 < 2 }));
      });
    }
    await sleep(Math.max(0, beginning + ahead * interval - performance.now()));

    const cpu = server.cpu();
    const from = performance.now();
    let most = 0;
    let seats = 0;
    for (let n = 0; n < words; n += 1) {
      asked.push(performance.now());
      commander.write(message({ type: n % 2 === 0 ? 'pause_execution' : 'resume_execution' }));
      await sleep(Math.max(0, from + (n + 1) * interval - performance.now()));
      if (n % rate === 0) most = Math.max(most, server.memory());
      if (n === Math.floor(words / 2)) seats = await server.metric('stream_viewers');
    }
    const took = (performance.now() - from) / 1_000;
    const used = server.cpu() - cpu;
    for (const end = performance.now() + LATE; performance.now() < end && !(inRoom.isFull() && onStream.isFull()); ) await sleep(50);
    if (!server.isAlive()) throw new Error('the server ended');
    for (const each of slowly) each.close();
    // The first event that anybody had was the least late, and on time.
    return {
      sse: told(onStream, onStream.schedule(interval)),
      ws: told(inRoom, asked),
      cpu: used / took,
      memory: { bare, perMember: (withMembers - bare) / Math.max(ws, 1), perViewer: (withViewers - withMembers) / Math.max(sse, 1), most },
      /** Slow viewers that had not even been written all that they had asked for. */
      heldBack: seats - sse,
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  }
}

/**
 * When each client had each of the `count` events after the first `skipped`.
 *
 * @param {number} count @param {number} [skipped]
 */
function ledger(count, skipped = 0) {
  /** @type {Float64Array[]} */
  const rows = [];
  let filled = 0;
  let disordered = 0;
  return {
    rows,
    count,
    disordered: () => disordered,
    isFull: () => filled === rows.length * count,
    /** @returns {import('./clients.mjs').Heard} */
    one() {
      const row = new Float64Array(count);
      rows.push(row);
      let last = -1;
      return (number, at) => {
        // A stream begins with the position, which is no event.
        if (last !== -1 && number !== last + 1) disordered += 1;
        last = number;
        const index = number - 1 - skipped;
        if (index < 0 || index >= count || row[index] !== 0) return;
        row[index] = at;
        filled += 1;
      };
    },
    /** When each was due, where they follow each other by the clock. @param {number} interval */
    schedule(interval) {
      let begin = Infinity;
      for (const row of rows) row.forEach((at, index) => at !== 0 && (begin = Math.min(begin, at - index * interval)));
      return Array.from({ length: count }, (_, index) => begin + index * interval);
    },
  };
}

/** @param {ReturnType<typeof ledger>} ledger @param {number[]} due @returns {Told} */
function told({ rows, count, disordered }, due) {
  const latencies = new Float64Array(rows.length * count);
  let events = 0;
  for (const row of rows) {
    row.forEach((at, index) => {
      if (at !== 0) latencies[events++] = at - (due[index] ?? NaN);
    });
  }
  const sorted = latencies.subarray(0, events).sort();
  const at = (/** @type {number} */ part) => sorted[Math.min(events - 1, Math.floor(events * part))] ?? NaN;
  return { median: at(0.5), p99: at(0.99), most: at(1), events, lost: rows.length * count - events + disordered() };
}

/** @param {number} count @param {(at: number) => Promise<unknown>} make */
async function inParts(count, make) {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => make(from + at)));
  }
}

/** @param {string} origin @param {string} dag */
async function start(origin, dag) {
  const answer = await fetch(`${origin}/api/dags/${dag}/start`, { method: 'POST' });
  if (!answer.ok) throw new Error(`${dag}: ${answer.status} ${await answer.text()}`);
}

/** @param {string} origin @param {{ words: number, interval: number, format?: string }} text @returns {Promise<{ url: string }>} */
async function begin(origin, text) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ work: 'answer', ...text }) };
  const answer = await fetch(`${origin}/api/stream`, init);
  if (answer.status !== 201) throw new Error(`a stream: ${answer.status} ${await answer.text()}`);
  return /** @type {any} */ (await answer.json());
}
