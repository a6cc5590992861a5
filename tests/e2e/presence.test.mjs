// @ts-check
// Rooms of the reference server, seen by clients in this process: what a cut, a return, a kill and a crowd look like.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from './support/server.mjs';
import { LONG, pause, until } from './support/until.mjs';

const GRACE = 5_000;
/** What is told may take so long. */
const LATE = 1_000;
const CLIENTS = 20;
const SECONDS = LONG ? 180 : 20;


/** A socket whose cable can be pulled. */
class Cable extends WebSocket {
  /** @param {string} url @param {string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    this.on('error', () => {});
    const page = pages.get(new URL(url).searchParams.get('page') ?? '');
    page?.sockets.add(this);
    this.on('close', () => page?.sockets.delete(this));
    if (page?.unplugged) setTimeout(() => this.terminate());
  }
}

Object.assign(globalThis, { WebSocket: Cable });
const { connect } = await import('everwire');
const { pointer, presence } = await import('everwire/presence');

/** @type {Map<string, Page>} */
const pages = new Map();

/** A client in a room, and all that it was told. */
class Page {
  /** @param {import('node:test').TestContext} t @param {import('./support/server.mjs').Server} server @param {string} name @param {object} [options] */
  constructor(t, server, name, options = {}) {
    this.name = name;
    /** @type {Set<Cable>} */
    this.sockets = new Set();
    this.unplugged = false;
    /** @type {{ from: number, to: number }[]} */
    this.absences = [];
    /** @type {{ change: string, userId: string, status: string, at: number }[]} */
    this.told = [];
    pages.set(name, this);
    this.client = connect(`${server.stream('quick')}?page=${name}`, { backoff: { base: 200, cap: 1_000, jitter: 'full' }, onWarning() {} });
    this.room = presence(this.client, { userId: name, state: { n: 0 }, ...options });
    for (const change of /** @type {const} */ (['join', 'update', 'leave'])) {
      this.room.on(change, ({ userId, status }) => this.told.push({ change, userId, status, at: performance.now() }));
    }
    t.after(() => {
      this.room.leave();
      this.client.close({ drain: 0 });
    });
  }

  unplug() {
    this.unplugged = true;
    this.absences.push({ from: performance.now(), to: Infinity });
    for (const socket of this.sockets) socket.terminate();
  }

  async plug() {
    this.unplugged = false;
    this.client.retry();
    await until(`${this.name} is back`, () => this.room.synced, { within: 60_000 });
    Object.assign(this.absences.at(-1) ?? {}, { to: performance.now() });
  }

  /** How long it was away when it was last. */
  get absence() {
    const { from = 0, to = 0 } = this.absences.at(-1) ?? {};
    return to - from;
  }

  /** Everybody, as this page shows them. */
  list() {
    return this.room.members().map(({ userId, status, state }) => `${userId} ${status} ${state.n}`).sort().join();
  }

  /** What it was told of one, without changes of the state. @param {string} name */
  of(name) {
    return this.told.filter(({ userId }) => userId === name).map(({ change, status }) => (change === 'update' ? status : change));
  }
}

/** @param {...Page} those */
const synced = (...those) => until('all see all', () => those.every(({ room }) => room.synced && room.members().length === those.length), { within: 20_000 });

describe('presence', () => {
  test('of a cut of 3 s nobody sees a leave; of one of 8 s, one leave and one join', async (t) => {
    const server = await startServer(t);
    const [ann, bob] = [new Page(t, server, 'ann'), new Page(t, server, 'bob')];
    await synced(ann, bob);
    const blip = async () => {
      ann.told.splice(0);
      bob.unplug();
      await until('bob is offline', () => ann.room.member('bob')?.status === 'offline');
      assert.equal(bob.room.member('ann')?.status, 'stale');
      await pause(3_000);
      await bob.plug();
      await until('bob is here', () => ann.room.member('bob')?.status === 'here');
      return bob.absence;
    };
    // One that a machine which stood still made longer than the grace is none.
    for (let tries = 0; (await blip()) > GRACE - LATE / 2 && tries < 2; tries++) bob.told.splice(0);
    assert.deepEqual(ann.of('bob'), ['offline', 'here']);
    assert.ok(!bob.told.some(({ change }) => change === 'leave'));
    ann.told.splice(0);
    bob.unplug();
    await pause(8_000);
    bob.room.set({ n: 1 });
    await bob.plug();
    await until('bob is here', () => ann.room.member('bob')?.status === 'here');
    assert.deepEqual(ann.of('bob'), ['offline', 'leave', 'join']);
    assert.equal(ann.room.member('bob')?.state.n, 1);
    ann.room.leave();
    await until('ann has left', () => bob.room.member('ann') === undefined);
  });

  test('states, away and pointers are seen; two pages of one user are one member', async (t) => {
    const server = await startServer(t);
    const [ann, bob] = [new Page(t, server, 'ann'), new Page(t, server, 'bob')];
    await synced(ann, bob);
    const second = new Page(t, server, 'second', { userId: 'bob', state: undefined });
    await until('the second page has the state of the first', () => second.room.synced && second.room.members().length === 2 && second.room.me().state.n === 0);
    second.room.set({ n: 7 });
    await until('all see it', () => [ann.room.member('bob'), bob.room.me()].every((member) => member?.state.n === 7));
    assert.equal(ann.room.members().length, 2);
    const [from, to] = [pointer(ann.room), pointer(bob.room, { smooth: false })];
    from.move(1.5, -2, 'node');
    await until('a pointer', () => to.cursors().length > 0);
    assert.deepEqual({ ...to.cursors()[0] }, { userId: 'ann', x: 1.5, y: -2, node: 'node' });
    second.room.leave();
    second.client.close();
    await pause(500);
    assert.equal(ann.room.member('bob')?.status, 'here', 'the other page is there');
    from.stop();
    to.stop();
  });

  test('a server that is killed and started anew makes nobody leave', async (t) => {
    const server = await startServer(t);
    const all = Array.from({ length: 5 }, (_, n) => new Page(t, server, `kill-${n}`));
    await synced(...all);
    for (const page of all) page.told.splice(0);
    await server.crash();
    await until('all are stale', () => all.every(({ room }) => !room.synced && room.others().every(({ status }) => status === 'stale')));
    await server.start();
    await until('all are back', () => all.every(({ room }) => room.synced && room.others().every(({ status }) => status === 'here')), { within: 30_000 });
    await pause(GRACE + LATE);
    for (const page of all) assert.deepEqual(page.told.filter(({ change }) => change !== 'update'), []);
  });

  test(`${CLIENTS} clients with random cuts for ${SECONDS} s: all lists are equal and right, and nobody left who was not away for the grace`, async (t) => {
    const server = await startServer(t);
    const all = Array.from({ length: CLIENTS }, (_, n) => new Page(t, server, `c${n}`));
    await synced(...all);
    const end = performance.now() + SECONDS * 1_000;
    let cuts = 0;
    await Promise.all(all.map(async (page) => {
      for (let n = 1; performance.now() < end; n++) {
        await pause(1_000 + Math.random() * 8_000);
        page.room.set({ n });
        if (Math.random() < 0.3) continue;
        cuts++;
        page.unplug();
        // Below the grace, and above it.
        await pause(Math.random() < 0.7 ? Math.random() * 3_500 : 6_000 + Math.random() * 4_000);
        await page.plug();
      }
    }));
    await pause(GRACE + 2 * LATE);
    const lists = new Set(all.map((page) => page.list()));
    const right = all.map(({ name, room }) => `${name} here ${room.me().state.n}`).sort().join();
    assert.deepEqual([...lists], [right]);
    const leaves = all.flatMap((page) => page.told.filter(({ change }) => change === 'leave'));
    const joins = all.flatMap((page) => page.told.filter(({ change }) => change === 'join'));
    const early = leaves.filter(({ userId, at }) => {
      const { absences } = /** @type {Page} */ (pages.get(userId));
      // As the server saw it, which hears of a loss a little later, and of a return a little earlier.
      return !absences.some(({ from, to }) => to - from > GRACE - LATE && at >= from + GRACE - LATE / 2 && at <= to + LATE);
    });
    t.diagnostic(`${cuts} cuts; ${leaves.length} leaves and ${joins.length} joins told, ${early.length} of them too early or of nobody who was away`);
    assert.deepEqual(early, []);
  });
});
