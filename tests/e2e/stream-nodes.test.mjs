// @ts-check
// Streams and rooms of three server processes on one Redis behind nginx, while a process is killed and while Redis is away.

import assert from 'node:assert/strict';
import { buildSync } from 'esbuild';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openPage } from './support/browser.mjs';
import { begin, commanding, member, viewer, whole } from './support/crowd.mjs';
import { startNodes } from './support/nodes.mjs';
import { ownRedis } from './support/redis.mjs';
import { LONG, pause, stopwatch, until } from './support/until.mjs';

/** Of each kind. */
const CLIENTS = 20;
/** What takes half a minute takes a few seconds; what is over is kept for less than the usual five minutes in either version. */
const TERMS = LONG ? 'keep=20000' : 'beat=200,stale=3000,look=300,keep=5000';
/** When the guardian must have ended what nobody makes any more, after a kill, in milliseconds. */
const GUARDED = LONG ? 60_000 : 20_000;
/** How long after its end a stream may leave something behind, in milliseconds. */
const CLEAN = 60_000;
/** How long Redis is away, in milliseconds. */
const AWAY = LONG ? 20_000 : 3_000;
/** In milliseconds. */
const INTERVAL = 50;

/** @param {number[]} list @param {number} part */
const quantile = (list, part) => Math.round([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))] ?? 0);

/** A folder with a page that looks on a stream and is in a room. @param {import('node:test').TestContext} t */
function pageFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const contents = `
    import { connect } from 'everwire';
    import { stream } from 'everwire/stream';
    const seen = (window.seen = { numbers: [], end: null, told: [], connects: () => [viewer.snapshot().connects, member.snapshot().connects] });
    const viewer = stream(new URLSearchParams(location.search).get('url'));
    viewer.on('*', ({ type, id, data }) => {
      if (type === 'connected') return;
      seen.numbers.push(Number(id.split(':')[1]));
      if (type === 'completed' || type === 'failed') seen.end = type;
    });
    const member = connect('/api/dags/gate/stream');
    member.on('run_state', ({ status }) => seen.told.push(status));
  `;
  const resolveDir = dirname(fileURLToPath(import.meta.url));
  buildSync({ stdin: { contents, resolveDir }, bundle: true, format: 'esm', outfile: join(folder, 'page.js'), logLevel: 'silent' });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>');
  return folder;
}

test('clients of a process that is killed go on at another one: nothing lost, nothing doubled, and nothing left behind', async (t) => {
  const redis = await ownRedis(t);
  const nodes = await startNodes(t, { redis: redis.url, args: ['--stream-terms', TERMS, '--web', pageFolder(t)] });
  const room = `${nodes.origin.replace('http', 'ws')}/api/dags/gate/stream`;
  const members = Array.from({ length: CLIENTS }, () => member(t, room));
  await until('all are open', () => members.every(({ client }) => client.state === 'open'));

  // The process that has the room is the one that dies: the worst for everybody in it.
  const address = (await redis.get('room:{gate}:lease')).split(' ')[1] ?? '';
  const dying = [1, 2, 3].find((node) => address.endsWith(`:${nodes.portOf(node)}`));
  assert.ok(dying, address);
  const living = [1, 2, 3].filter((node) => node !== dying);

  const started = await fetch(`${nodes.origin}/api/dags/gate/start`, { method: 'POST' });
  assert.equal(started.status, 200);
  const words = 200;
  const lasting = await Promise.all([...living, ...living].map((node) => begin(nodes.portOf(node), words, INTERVAL)));
  const doomed = await begin(nodes.portOf(dying), 4_000, INTERVAL);
  const streams = [...lasting, doomed];
  const viewers = Array.from({ length: CLIENTS }, (_, at) => ({ of: streams[at % streams.length], ...viewer(t, nodes.origin + streams[at % streams.length]?.url) }));
  const { page } = await openPage(t);
  await page.goto(`${nodes.origin}/?url=${lasting[0]?.url}`);
  const commands = commanding(/** @type {any} */ (members[0]?.client));
  await until('all are told something', async () => {
    const seen = await page.evaluate(() => Reflect.get(window, 'seen'));
    return seen.numbers.length > 0 && [...viewers.map(({ told }) => told.numbers), ...members.map(({ told }) => told)].every(({ length }) => length > 0);
  });

  const killed = stopwatch();
  process.kill(nodes.pid(dying), 'SIGKILL');
  const orphans = viewers.filter(({ of }) => of === doomed);
  const others = viewers.filter(({ of }) => of !== doomed);
  await until('the guardian ends what nobody makes', () => orphans.every(({ told }) => told.end !== null), { within: GUARDED });
  const guarded = killed();
  await until('the other streams are over', () => others.every(({ told }) => told.end !== null), { within: 60_000 });
  const ended = stopwatch();
  await commands.stop();
  const expected = commands.expected();
  await until('all are told everything', () => members.every(({ told }) => told.length >= expected.length), { within: 15_000 });

  for (const { told, client } of others) {
    assert.deepEqual([told.numbers, told.end?.type], [whole(words + 1), 'completed']);
    assert.equal(client.snapshot().reason?.code, 'completed');
  }
  for (const { told } of orphans) {
    assert.deepEqual([told.numbers, told.end?.type, told.end?.data.code], [whole(told.numbers.length), 'failed', 'producer_lost']);
    assert.equal(told.numbers.length, orphans[0]?.told.numbers.length);
  }
  assert.deepEqual(commands.fates.filter((fate) => fate !== 'acked'), []);
  for (const { told, states } of members) assert.deepEqual([told, states()], [expected, 1]);
  const seen = await until('the page was told everything', async () => {
    const { connects: _, ...its } = await page.evaluate(() => ({ ...Reflect.get(window, 'seen'), connects: null }));
    return its.told.length >= expected.length && its;
  });
  assert.deepEqual([seen.numbers, seen.end], [whole(words + 1), 'completed']);
  // It came a little later than the rest: what it was told is the end of what they were.
  assert.deepEqual(seen.told.slice(-Math.min(20, expected.length)), expected.slice(-Math.min(20, expected.length)));

  /** @param {{ absences: import('./support/crowd.mjs').Absence[] }[]} clients */
  const away = (clients) => clients.flatMap(({ absences }) => absences);
  /** @param {string} what @param {import('./support/crowd.mjs').Absence[]} absences */
  const say = (what, absences) => {
    const times = absences.map(({ ms }) => ms);
    const failed = Math.max(0, ...absences.map((absence) => absence.failed));
    t.diagnostic(`${what}: ${absences.length} of ${CLIENTS} lost their process; away ${quantile(times, 0.5)} ms (median), ${quantile(times, 1)} ms at most, ${failed} attempts in vain at most`);
    // Somebody was there, and each was on another process at the first attempt: within one step of its backoff.
    assert.ok(absences.length > 0);
    assert.equal(failed, 0, what);
  };
  say('streams', away(viewers));
  say('sockets', away(members));
  t.diagnostic(`${expected.length} commands; orphans were ended ${Math.round(guarded)} ms after the kill`);

  // A room stays; of streams nothing does.
  const registered = await redis.keys('sse:*');
  assert.ok(registered.length > 0, 'endings are kept for a while');
  for (const key of registered) assert.ok((await redis.life(key)) > 0, `${key} stays for ever`);
  await until('no stream left anything in Redis', async () => (await redis.keys('sse:*')).length === 0, { within: CLEAN, every: 250 });
  t.diagnostic(`no key of a stream ${Math.round(ended())} ms after the last end`);
  assert.deepEqual((await redis.keys('*')).sort(), ['room:{gate}:journal', 'room:{gate}:lease', 'room:{gate}:meta']);
});

test('Redis is away and comes back empty: everybody is told, no process ends, and streams and rooms are as if nothing had been', async (t) => {
  const redis = await ownRedis(t);
  const nodes = await startNodes(t, { redis: redis.url });
  const pids = [1, 2, 3].map(nodes.pid);
  const room = `${nodes.origin.replace('http', 'ws')}/api/dags/gate/stream`;
  const members = Array.from({ length: 6 }, () => member(t, room));
  await until('all are open', () => members.every(({ client }) => client.state === 'open'));
  const started = await fetch(`${nodes.origin}/api/dags/gate/start`, { method: 'POST' });
  assert.equal(started.status, 200);
  // They go on while Redis is away, and after.
  const words = Math.ceil((AWAY + 8_000) / INTERVAL);
  const streams = await Promise.all([1, 2, 3].map((node) => begin(nodes.portOf(node), words, INTERVAL)));
  const viewers = [...streams, ...streams].map(({ url }) => viewer(t, nodes.origin + url));
  const commands = commanding(/** @type {any} */ (members[0]?.client));
  await until('all are told something', () => [...viewers.map(({ told }) => told.numbers), ...members.map(({ told }) => told)].every(({ length }) => length > 5));

  await redis.stop();
  await until('all are told', () => viewers.every(({ told }) => told.interrupted > 0) && members.every(({ client }) => client.state !== 'open'), { within: 15_000 });
  for (const node of [1, 2, 3]) assert.equal((await fetch(`http://127.0.0.1:${nodes.portOf(node)}/healthz`)).status, 200);
  const during = commands.fates.length;
  await pause(AWAY);
  assert.ok(commands.fates.length <= during + 1, 'nothing is acknowledged that nobody keeps');
  await redis.start();
  const back = stopwatch();
  await until('all are back', () => members.every(({ client }) => client.state === 'open'), { within: 60_000 });
  const rooms = back();
  await until('commands are acknowledged', () => commands.fates.length > during + 4, { within: 30_000 });
  await until('all streams are whole', () => viewers.every(({ told }) => told.end !== null), { within: 90_000 });
  await commands.stop();
  const expected = commands.expected();
  await until('all are told everything', () => members.every(({ told }) => told.length >= expected.length), { within: 15_000 });

  for (const { told } of viewers) assert.deepEqual([told.numbers, told.end?.type], [whole(words + 1), 'completed']);
  assert.deepEqual(commands.fates.filter((fate) => fate !== 'acked'), []);
  for (const { told, states } of members) assert.deepEqual([told, states()], [expected, 1]);
  for (const { streamId, recover, token } of streams) {
    const answer = await fetch(nodes.origin + recover, { headers: { authorization: `Bearer ${token}` } });
    const { status, terminalEventData } = /** @type {any} */ (await answer.json());
    assert.deepEqual([status, terminalEventData.words], ['completed', words], streamId);
  }
  assert.deepEqual([1, 2, 3].map(nodes.pid), pids, 'no process ended');
  const reasons = [...new Set(members.flatMap(({ reasons: its }) => [...its]))];
  t.diagnostic(`Redis away for ${AWAY} ms: rooms back ${Math.round(rooms)} ms after it, ${expected.length} commands; members heard ${reasons.join(', ')}`);
});
