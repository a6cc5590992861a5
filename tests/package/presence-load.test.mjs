// @ts-check
// What a room of 2,000 costs a page, in Node: processor time for the list and for a word about a member.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });

const { connect } = await import('everwire');
const { presence } = await import('everwire/presence');

const MEMBERS = 1_999;
const ROOMS = 6;
const WORDS = 10_000;
const ROUNDS = 7;
const WALL = 1_700_000_000_000;
const id = (/** @type {number} */ n) => n.toString(16).padStart(32, '0');
/** @param {number} n @param {number} clock */
const word = (n, clock) => ({ userId: id(n), clock: WALL + clock, state: { name: `Somebody ${n}`, color: '#88aaff', at: { node: `node-${n % 50}`, x: clock % 800, y: n % 600 } }, lastSeen: WALL + clock });

/** Of this process, in milliseconds, with the microtasks that follow: what else the machine does is left out. @param {() => void} what */
async function time(what) {
  const from = process.cpuUsage();
  what();
  await Promise.resolve();
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
}

test(`a list of ${MEMBERS} is no long task, nor are ${WORDS} words about them`, async (t) => {
  const client = connect('wss://a.example/live', { heartbeat: false });
  t.after(() => client.close({ drain: 0 }));
  const rooms = Array.from({ length: ROOMS }, (_, n) => presence(client, `room ${n}`, { userId: id(0), idle: false }));
  newest().accept();
  await new Promise((done) => setTimeout(done, 5));
  const members = Array.from({ length: MEMBERS }, (_, n) => word(n + 1, 1));
  let told = 0;
  const lists = [];
  for (const room of rooms) {
    room.subscribe(() => (told += room.others().length));
    const text = JSON.stringify({ type: 'presence_list', room: room.room, you: id(0), members });
    lists.push(await time(() => newest().receive(text)));
    assert.equal(room.others().length, MEMBERS);
  }

  const words = [];
  let [clock, bytes] = [2, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const frames = Array.from({ length: WORDS }, () => JSON.stringify({ type: 'presence_update', room: 'room 0', ...word(1 + (++clock % MEMBERS), clock) }));
    bytes = frames.reduce((sum, { length }) => sum + length, 0) / WORDS;
    // In tasks of 50: a second of a busy room at once.
    let sum = 0;
    for (let from = 0; from < WORDS; from += 50) sum += await time(() => frames.slice(from, from + 50).forEach((frame) => newest().receive(frame)));
    words.push(sum / WORDS);
  }
  const lost = await time(() => newest().drop());
  const best = Math.min(...words) * 1_000;
  t.diagnostic(`a list of ${MEMBERS} in one frame: ${lists[0]?.toFixed(1)} ms at first, ${Math.min(...lists).toFixed(1)} ms at best; the loss of the connection, with ${ROOMS} such rooms: ${lost.toFixed(1)} ms`);
  t.diagnostic(`a word of ${bytes.toFixed(0)} bytes: ${best.toFixed(1)} µs, with its JSON, and for each 50 a listener that takes the list`);
  assert.ok(rooms.every((room) => room.others().every(({ status }) => status === 'stale')) && told > 0);
  assert.ok(Math.min(...lists) < 50, `${lists}`);
  // Far above what is measured: a machine may be slow, and an instrumented one is.
  assert.ok(best < 200, `${best} µs`);
});
