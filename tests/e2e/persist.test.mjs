// @ts-check
// Messages that outlive their page: a browser that is killed, and the page of the next one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { WebSocketServer } from 'ws';
import { FLAGS } from './support/browser.mjs';
import { bundled } from './support/bundle.mjs';
import { remove } from './support/folder.mjs';
import { serveLab } from './support/lab.mjs';
import { until } from './support/until.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** What a browser keeps, and the ends of those that were given it. @typedef {{ folder: string, kills: (() => Promise<void>)[] }} Profile */

const MESSAGES = 150;
const IN_FLIGHT = 50;
const range = (/** @type {number} */ from, /** @type {number} */ to) => Array.from({ length: to - from }, (_, place) => from + place);

const application = `
  import { connect } from 'everwire';
  import { outbox } from 'everwire/persist';
  window.lab = {
    ends: [],
    connect(url) {
      const onSettled = ({ event, outcome }) => lab.ends.push([event.n, outcome.fate]);
      lab.client = connect(url, { backoff: { base: 50, cap: 50 }, persist: outbox({ user: 'u1', onSettled }) });
    },
    send: (numbers) => Promise.all(numbers.map((n) => lab.client.send({ type: 'order', n }, { persist: true }).stored)),
  };
`;

/** @param {TestContext} t */
async function serveApplication(t) {
  return serveLab(t, { script: await bundled(application) });
}

/** A server of rooms, by the path, that applies each number of a client once. @param {TestContext} t */
async function serveRooms(t) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const rooms = {
    url: '',
    answers: true,
    /** Whether a connection is served at all. */
    open: true,
    /** What was applied, and where. @type {[room: string, n: number][]} */
    applied: [],
    /** Every `$id` that came. @type {string[]} */
    ids: [],
    cut: () => server.clients.forEach((socket) => socket.terminate()),
  };
  const known = new Set();
  server.on('connection', (socket, { url = '' }) => {
    if (!rooms.open) return socket.terminate();
    socket.on('error', () => {});
    socket.send(JSON.stringify({ type: 'hello', v: 1, features: ['ack', 'batch', 'seq'], epoch: 'e', seq: 0, keep: 600_000 }));
    socket.on('message', (data) => {
      for (const { type, $id, n } of [JSON.parse(String(data))].flat()) {
        if (type !== 'order') continue;
        rooms.ids.push($id);
        if (!known.has($id)) rooms.applied.push([url, n]);
        known.add($id);
        if (rooms.answers) socket.send(JSON.stringify({ type: 'ack', id: $id }));
      }
    });
  });
  await new Promise((listening) => server.once('listening', () => listening(null)));
  rooms.url = `ws://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
  return rooms;
}

/** A browser that can be killed, with a profile that outlives it. @param {Profile} profile */
async function launch({ folder, kills }) {
  const child = spawn(
    process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    [...FLAGS, `--user-data-dir=${folder}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((done) => child.once('exit', done));
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  kills.push(kill);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  await until('the browser listens', () => /ws:\/\/\S+/.test(said), { within: 120_000 });
  const browser = await chromium.connectOverCDP(/ws:\/\/\S+/.exec(said)?.[0] ?? '');
  const context = browser.contexts()[0];
  assert.ok(context);
  return { kill, context };
}

/** @param {import('playwright-core').BrowserContext} context @param {string} origin @param {string} url */
async function open(context, origin, url) {
  const page = await context.newPage();
  await page.goto(origin);
  await page.waitForFunction(() => 'lab' in window);
  await page.evaluate((to) => Reflect.get(window, 'lab').connect(to), url);
  return page;
}

/** @param {import('playwright-core').Page} page @param {number[]} numbers */
const send = (page, numbers) => page.evaluate((all) => Reflect.get(window, 'lab').send(all), numbers);
/** @param {import('playwright-core').Page} page @returns {Promise<[number, string][]>} */
const ends = (page) => page.evaluate(() => Reflect.get(window, 'lab').ends);
/** @param {import('playwright-core').Page} page @returns {Promise<import('everwire').Snapshot>} */
const snapshot = (page) => page.evaluate(() => Reflect.get(window, 'lab').client.snapshot());

/** @param {TestContext} t */
async function setUp(t) {
  /** @type {Profile} */
  const profile = { folder: mkdtempSync(join(tmpdir(), 'everwire-profile-')), kills: [] };
  t.after(async () => {
    await Promise.all(profile.kills.map((kill) => kill()));
    await remove(profile.folder);
  });
  const rooms = await serveRooms(t);
  const { origin } = await serveApplication(t);
  return { profile, rooms, origin };
}

test('a browser killed with 150 stored messages, 50 of them sent: the next page settles all, each applied once', async (t) => {
  const { profile, rooms, origin } = await setUp(t);
  const first = await launch(profile);
  const page = await open(first.context, origin, `${rooms.url}/a`);
  rooms.answers = false;
  await send(page, range(0, IN_FLIGHT));
  await until('they came', () => rooms.ids.length === IN_FLIGHT);
  rooms.open = false;
  rooms.cut();
  await until('the cut', async () => (await snapshot(page)).state !== 'open');
  await send(page, range(IN_FLIGHT, MESSAGES));
  const before = await snapshot(page);
  assert.deepEqual([before.inFlight, before.queued], [IN_FLIGHT, MESSAGES - IN_FLIGHT]);
  await first.kill();
  rooms.open = rooms.answers = true;

  const second = await launch(profile);
  const next = await open(second.context, origin, `${rooms.url}/a`);
  await until('all are settled', async () => (await ends(next)).length === MESSAGES);
  assert.deepEqual(rooms.applied, range(0, MESSAGES).map((n) => ['/a', n]), 'each once, in order');
  assert.ok((await ends(next)).every(([, fate]) => fate === 'acked'));
  assert.deepEqual(rooms.ids.slice(IN_FLIGHT, 2 * IN_FLIGHT), rooms.ids.slice(0, IN_FLIGHT), 'under the ids they were sent with');
  assert.equal(new Set(rooms.ids.map((id) => id.split('.')[0])).size, 1);
  const { inFlight, queued } = await snapshot(next);
  assert.deepEqual([inFlight, queued], [0, 0]);
});

test('a tab that crashes: another one of its room goes on, one of another room does not', async (t) => {
  const { profile, rooms, origin } = await setUp(t);
  const { context } = await launch(profile);
  const [a, b] = [await open(context, origin, `${rooms.url}/a`), await open(context, origin, `${rooms.url}/b`)];
  rooms.answers = false;
  await Promise.all([send(a, [1, 2]), send(b, [3])]);
  await until('they came', () => rooms.ids.length === 3);
  await Promise.all([a, b].map((page) => Promise.all([page.waitForEvent('crash'), page.goto('chrome://crash').catch(() => {})])));
  rooms.answers = true;
  const other = await open(context, origin, `${rooms.url}/c`);
  await until('it is open', async () => (await snapshot(other)).peer === 'everwire');
  const heir = await open(context, origin, `${rooms.url}/a`);
  await until('its own are settled', async () => (await ends(heir)).length === 2);
  await until('nothing else is sent', async () => (await snapshot(other)).inFlight === 0);
  assert.deepEqual(rooms.ids.slice(3), rooms.ids.filter((_, place) => place < 3 && rooms.applied[place]?.[0] === '/a'));
  assert.equal(rooms.applied.length, 3);
  assert.deepEqual([await ends(other), (await ends(heir)).map(([n]) => n)], [[], [1, 2]]);
});

test('a tab that is reloaded keeps its identity; one beside it has its own', async (t) => {
  const { profile, rooms, origin } = await setUp(t);
  const { context } = await launch(profile);
  const one = await open(context, origin, `${rooms.url}/a`);
  const two = await open(context, origin, `${rooms.url}/a`);
  rooms.answers = false;
  await Promise.all([send(one, [1]), send(two, [2])]);
  await until('they came', () => rooms.ids.length === 2);
  const identity = (/** @type {number} */ n) => rooms.ids[rooms.applied.findIndex(([, applied]) => applied === n)];
  assert.notEqual(identity(1)?.split('.')[0], identity(2)?.split('.')[0]);
  rooms.answers = true;
  await one.reload();
  await one.waitForFunction(() => 'lab' in window);
  await one.evaluate((to) => Reflect.get(window, 'lab').connect(to), `${rooms.url}/a`);
  await until('its own is settled', async () => (await ends(one)).length === 1);
  assert.deepEqual((await ends(one)).map(([n]) => n), [1]);
  assert.equal(rooms.ids.filter((id) => id === identity(1)).length, 2);
  assert.equal(rooms.applied.length, 2);
});
