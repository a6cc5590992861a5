// @ts-check
// Owns one measurement: a crowd in one roster, and one more who counts what it is told; must not know what is too much.

import { setTimeout as sleep } from 'node:timers/promises';
import { UPGRADE, firstFrame, message, open } from './clients.mjs';
import { crowd } from './crowd.mjs';
import { startServer } from './server.mjs';

const PATH = '/api/dags/quick/stream';
/** How long the list, and the last of the changes, may take, in milliseconds. */
const LATE = 30_000;
const TEXT = 1;

/** @param {{ members: number, rate: number, seconds: number }} load */
export async function run({ members, rate, seconds }) {
  const server = await startServer(members + 10);
  try {
    const bare = server.memory();
    /** When each change left, by number. @type {number[]} */
    const left = [];
    const began = performance.now();
    const many = await crowd(server.port, { count: members, rate, path: PATH, said: (n) => (left[n] = performance.now()) });
    const witness = await look(server.port, left);
    await until(() => witness.listed() >= members + 1);
    const list = { ms: witness.listedIn(), bytes: witness.bytes(), members: witness.listed() };
    const entered = performance.now() - began;
    const perMember = (server.memory() - bare) / members;
    await settled(() => witness.bytes() + many.bytes());
    const before = { told: witness.bytes(), all: many.bytes(), cpu: server.cpu(), at: performance.now(), frames: witness.frames() };
    many.begin();
    await sleep(seconds * 1_000);
    const changes = many.pause();
    const took = (performance.now() - before.at) / 1_000;
    const cpu = (server.cpu() - before.cpu) / took;
    // Of two changes of one member only the second may be told.
    await until(() => witness.newest() >= changes);
    await settled(() => witness.bytes() + many.bytes());
    const broken = many.broken();
    if (broken !== null) throw new Error(broken);
    const latencies = witness.latencies().sort((a, b) => a - b);
    const at = (/** @type {number} */ part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
    const result = {
      entered,
      list,
      changes,
      told: latencies.length,
      frames: witness.frames() - before.frames,
      bytesAChange: (witness.bytes() - before.told) / latencies.length,
      megabytesASecond: (many.bytes() - before.all) / took / (1 << 20),
      cpu,
      memory: { bare, perMember, most: server.memory() },
      latency: { median: at(0.5), p99: at(0.99), most: at(1) },
    };
    many.close();
    witness.close();
    return result;
  } finally {
    await server.stop();
  }
}

/** One who joins and reads. @param {number} port @param {number[]} left when each change left */
async function look(port, left) {
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  let [bytes, frames, listed, newest, listedAt] = [0, 0, 0, 0, 0];
  /** @type {number[]} */
  const latencies = [];
  const begun = performance.now();
  const hear = (/** @type {any} */ said, /** @type {number} */ at) => {
    if (said.type === 'presence_list') {
      listed += said.members.length;
      if (!said.more) listedAt = at;
    }
    const n = said.state?.n ?? 0;
    if (said.type !== 'presence_update' || n === 0) return;
    newest = Math.max(newest, n);
    latencies.push(at - (left[n] ?? NaN));
  };
  const socket = await open(port, PATH, UPGRADE, (piece) => {
    const at = performance.now();
    bytes += piece.length;
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let found; (found = firstFrame(rest)); rest = rest.subarray(found.end)) {
      if (found.opcode !== TEXT) continue;
      frames += 1;
      for (const said of [JSON.parse(found.payload.toString())].flat()) hear(said, at);
    }
  });
  socket.write(message({ type: 'hello', v: 1, features: ['batch'], client: `witness-${process.pid}` }));
  socket.write(message({ type: 'presence_join', userId: 'witness' }));
  const renewals = setInterval(() => socket.write(message({ type: 'presence_update' })), 15_000);
  return {
    bytes: () => bytes,
    frames: () => frames,
    listed: () => (listedAt === 0 ? 0 : listed),
    listedIn: () => listedAt - begun,
    newest: () => newest,
    latencies: () => latencies,
    close: () => (clearInterval(renewals), socket.destroy()),
  };
}

/** @param {() => boolean} ask */
async function until(ask) {
  for (const end = performance.now() + LATE; !ask(); await sleep(10)) if (performance.now() > end) throw new Error('it takes too long');
}

/** Waits until a second went by in which nothing came. @param {() => number} count */
async function settled(count) {
  let last = -1;
  for (const end = performance.now() + LATE; performance.now() < end && last !== count(); await sleep(1_000)) last = count();
}
