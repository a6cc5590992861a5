// @ts-check
// What a room of 2,000 costs a page, in Node: words a microsecond, and the longest task.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });

const { connect } = await import('everwire');
const { presence } = await import('everwire/presence');

const ROUNDS = 7;
const WALL = 1_700_000_000_000;
const id = (/** @type {number} */ n) => n.toString(16).padStart(32, '0');
const word = (/** @type {number} */ n, /** @type {number} */ clock) => ({ userId: id(n), clock: WALL + clock, state: { name: `Somebody ${n}`, color: '#88aaff', at: { node: `node-${n % 50}`, x: clock % 800, y: n % 600 } }, lastSeen: WALL + clock });

/** How long it takes, with the microtasks that follow. @param {() => void} what */
async function time(what) {
  const from = performance.now();
  what();
  await Promise.resolve();
  return performance.now() - from;
}

test('a list of 1,999 and 10,000 updates are no long tasks', async (t) => {
  const client = connect('wss://a.example/live', { heartbeat: false });
  t.after(() => client.close({ drain: 0 }));
  const room = presence(client, { userId: id(0), idle: false });
  newest().accept();
  await new Promise((done) => setTimeout(done, 5));
  const members = Array.from({ length: 1_999 }, (_, n) => word(n + 1, 1));
  const list = (/** @type {number} */ size) =>
    Array.from({ length: Math.ceil(members.length / size) }, (_, part) =>
      JSON.stringify({ type: 'presence_list', you: id(0), members: members.slice(part * size, (part + 1) * size), more: (part + 1) * size < members.length || undefined }),
    );
  let told = 0;
  room.subscribe(() => (told += room.others().length));
  const first = await time(() => newest().receive(/** @type {string} */ (list(2_000)[0])));
  assert.equal(room.others().length, 1_999);
  const parts = [];
  for (const part of list(200)) parts.push(await time(() => newest().receive(part)));

  const frames = Array.from({ length: 10_000 }, (_, n) => JSON.stringify({ type: 'presence_update', ...word(1 + (n % 1_999), 2 + n) }));
  const single = [];
  for (let round = 0; round < ROUNDS; round++) {
    // In tasks of 50: a second of a busy room at once.
    const tasks = [];
    for (let from = 0; from < frames.length; from += 50) {
      tasks.push(await time(() => frames.slice(from, from + 50).forEach((frame) => newest().receive(frame.replaceAll(`${WALL}`, `${WALL + round}`)))));
    }
    single.push(tasks.reduce((sum, task) => sum + task, 0) / frames.length);
    for (const [n, frame] of frames.entries()) frames[n] = frame.replace(/"clock":(\d+)/, (_, clock) => `"clock":${+clock + 20_000}`);
  }
  const best = Math.min(...single) * 1_000;
  const bytes = frames.reduce((sum, { length }) => sum + length, 0) / frames.length;
  const lost = await time(() => newest().drop());
  t.diagnostic(`list of 1,999 in one frame: ${first.toFixed(1)} ms; in parts of 200: ${Math.max(...parts).toFixed(1)} ms at most`);
  t.diagnostic(`${best.toFixed(2)} µs an update of ${bytes.toFixed(0)} bytes, JSON and a listener's copy of the list once in 50 included; the loss of the connection: ${lost.toFixed(1)} ms`);
  assert.ok(room.others().every(({ status }) => status === 'stale') && told > 0);
  // Far above what is measured, and below what a person notices.
  assert.ok(first < 50 && Math.max(...parts) < 50 && lost < 50, `${first} ${Math.max(...parts)} ${lost}`);
  assert.ok(best < 200, `${best} µs`);
});
