// @ts-check
// Streams and rooms of three server processes on one Redis behind nginx, while a process is killed and while Redis is away.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPage } from './support/browser.mjs';
import { bundled } from './support/bundle.mjs';
import { begin, commanding, member, viewer, whole } from './support/crowd.mjs';
import { startNodes } from './support/nodes.mjs';
import { ownRedis } from './support/redis.mjs';
import { LONG, pause, stopwatch, until } from './support/until.mjs';

/** Of each kind. */
const CLIENTS = 20;
/** What takes half a minute takes a few seconds; what is over is kept for less than the usual five minutes in either version. */
const TERMS = LONG ? 'keep=20000' : 'beat=200,stale=3000,look=300,keep=10000';
/** When the guardian must have ended what nobody makes any more, after a kill, in milliseconds. */
const GUARDED = LONG ? 60_000 : 20_000;
/** How long after its end a stream may leave something behind, in milliseconds. */
const CLEAN = 60_000;
/** How long Redis is away, in milliseconds. */
const AWAY = LONG ? 20_000 : 3_000;
/** Of the streams that outlive both kills, and the time between two of them, in milliseconds. */
const WORDS = 400;
const INTERVAL = 50;
/** The life of a key that has no end, as Redis says it. */
const FOR_EVER = -1;

/** @param {number[]} list @param {number} part */
const quantile = (list, part) => Math.round([...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))] ?? 0);

/** A folder with a page that looks on a stream and is in a room. @param {import('node:test').TestContext} t */
async function pageFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const source = `
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
  writeFileSync(join(folder, 'page.js'), await bundled(source));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><link rel="icon" href="data:,"><script type="module" src="page.js"></script>');
  return folder;
}

test('clients of processes that are killed go on at others: nothing lost, nothing doubled, and nothing left behind', async (t) => {
  const redis = await ownRedis(t);
  const nodes = await startNodes(t, { redis: redis.url, args: ['--stream-terms', TERMS, '--web', await pageFolder(t)] });
  const room = `${nodes.origin.replace('http', 'ws')}/api/dags/gate/stream`;
  const members = Array.from({ length: CLIENTS }, () => member(t, room));
  await until('all are open', () => members.every(({ client }) => client.state === 'open'));

  const address = (await redis.get('room:{gate}:lease')).split(' ')[1] ?? '';
  const owner = [1, 2, 3].find((node) => address.endsWith(`:${nodes.portOf(node)}`));
  assert.ok(owner, address);
  const [other = 0, lasting = 0] = [1, 2, 3].filter((node) => node !== owner);

  const started = await fetch(`${nodes.origin}/api/dags/gate/start`, { method: 'POST' });
  assert.equal(started.status, 200);
  const whoLasts = await Promise.all(Array.from({ length: 4 }, () => begin(nodes.portOf(lasting), WORDS, INTERVAL)));
  const doomed = await Promise.all([owner, other].map((node) => begin(nodes.portOf(node), 4_000, INTERVAL)));
  const streams = [...whoLasts, ...doomed];
  const viewers = Array.from({ length: CLIENTS }, (_, at) => ({ of: streams[at % streams.length], ...viewer(t, nodes.origin + streams[at % streams.length]?.url) }));
  const { page } = await openPage(t);
  await page.goto(`${nodes.origin}/?url=${whoLasts[0]?.url}`);
  const commands = commanding(t, /** @type {any} */ (members[0]?.client));
  await until('all are told something', async () => {
    const seen = await page.evaluate(() => Reflect.get(window, 'seen'));
    return seen.numbers.length > 0 && [...viewers.map(({ told }) => told.numbers), ...members.map(({ told }) => told)].every(({ length }) => length > 0);
  });

  const orphans = viewers.filter(({ of = doomed[0] }) => of && doomed.includes(of));
  const others = viewers.filter((each) => !orphans.includes(each));
  /** When it was killed. @param {string} what @param {number} node */
  const kill = async (what, node) => {
    // A loss soon after another is waited for longer.
    await until('all are stable', () => [...viewers, ...members].every(({ client, told }) => client.snapshot().attempt === 0 || 'end' in told && told.end), { within: 30_000 });
    const before = new Map([...viewers, ...members].map(({ absences }) => [absences, absences.length]));
    /** @param {{ absences: import('./support/crowd.mjs').Absence[] }[]} clients */
    const since = (clients) => clients.flatMap(({ absences }) => absences.slice(before.get(absences)));
    const at = performance.now();
    process.kill(nodes.pid(node), 'SIGKILL');
    await until(`clients lost ${what}`, () => [viewers, members].every((clients) => since(clients).length > 0), { within: 30_000 });
    await until('all are back', () => members.every(({ client }) => client.state === 'open') && viewers.every(({ client, told }) => client.state === 'open' || told.end), { within: 30_000 });
    for (const [kind, clients] of Object.entries({ streams: viewers, sockets: members })) {
      const times = since(clients).map(({ ms }) => ms);
      t.diagnostic(`${what} was killed: ${times.length} of ${CLIENTS} ${kind} lost it, away for ${quantile(times, 0.5)} ms (median), ${quantile(times, 1)} ms at most`);
      // Each was on another process with its first attempt: after one step of its backoff.
      assert.deepEqual(since(clients).filter(({ failed }) => failed > 0), [], kind);
    }
    return at;
  };
  const first = await kill('a process without the room', other);
  // The worst for everybody in the room: its lease has to end first.
  const killed = [await kill('the process that had the room', owner), first];
  await until('the guardian ends what nobody makes', () => orphans.every(({ told }) => told.end !== null), { within: GUARDED });
  await until('the other streams are over', () => others.every(({ told }) => told.end !== null), { within: 60_000 });
  const ended = stopwatch();
  const registered = await redis.keys('sse:*');
  await commands.stop();
  const expected = commands.expected();
  await until('all are told everything', () => members.every(({ told }) => told.length >= expected.length), { within: 15_000 });

  /** @type {number[]} */
  const afters = [];
  for (const { told, client } of others) {
    assert.deepEqual([told.numbers, told.end?.type], [whole(WORDS + 1), 'completed']);
    assert.equal(client.snapshot().reason?.code, 'completed');
  }
  for (const { told, of } of orphans) {
    const after = told.end.at - (killed[doomed.findIndex((stream) => stream === of)] ?? NaN);
    assert.ok(after < GUARDED, `ended ${after} ms after the kill`);
    afters.push(after);
    assert.deepEqual([told.numbers, told.end?.type, told.end?.data.code], [whole(told.numbers.length), 'failed', 'producer_lost']);
    for (const same of orphans.filter((each) => each.of === of)) assert.deepEqual(same.told.numbers, told.numbers);
  }
  assert.deepEqual(commands.fates.filter((fate) => fate !== 'acked'), []);
  for (const { told, states } of members) assert.deepEqual([told, states()], [expected, 1]);
  const seen = await until('the page was told everything', async () => {
    const { connects: _, ...its } = await page.evaluate(() => ({ ...Reflect.get(window, 'seen'), connects: null }));
    return its.told.length >= expected.length && its;
  });
  assert.deepEqual([seen.numbers, seen.end], [whole(WORDS + 1), 'completed']);
  // It came a little later than the rest: what it was told is the end of what they were.
  assert.deepEqual(seen.told.slice(-Math.min(20, expected.length)), expected.slice(-Math.min(20, expected.length)));

  t.diagnostic(`${expected.length} commands; orphans were ended ${quantile(afters, 1)} ms after the kill at most`);

  // A room stays, and what was told of its runs; of streams nothing does.
  assert.ok(registered.length > 0, 'endings are kept for a while');
  for (const key of registered) assert.notEqual(await redis.life(key), FOR_EVER, key);
  await until('no stream left anything in Redis', async () => (await redis.keys('sse:*')).length === 0, { within: CLEAN, every: 250 });
  t.diagnostic(`no key of a stream ${Math.round(ended())} ms after the last end`);
  const left = (await redis.keys('*')).filter((key) => !key.startsWith('notices:'));
  assert.deepEqual(left.sort(), ['room:{gate}:journal', 'room:{gate}:lease', 'room:{gate}:meta']);
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
  const commands = commanding(t, /** @type {any} */ (members[0]?.client));
  await until('all are told something', () => [...viewers.map(({ told }) => told.numbers), ...members.map(({ told }) => told)].every(({ length }) => length > 5));

  await redis.stop();
  await until('all are told', () => viewers.every(({ told }) => told.interrupted > 0) && members.every(({ reasons }) => reasons.has('goaway')), { within: 15_000 });
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
