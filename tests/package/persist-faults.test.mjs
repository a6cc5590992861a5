// @ts-check
// What becomes of messages that outlive their page when a server, a store, a record or a listener is not as it should be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Page, Server, tellPages } from './support/origin.mjs';

/** @type {any[]} */
const reported = [];
globalThis.reportError = (error) => reported.push(error);
/** @type {unknown[]} */
const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
const { connect } = await import('everwire');
const { outbox } = await import('everwire/persist');
const { OutboxStore } = await import(String(new URL('../../node_modules/everwire/outbox_store.js', import.meta.url)));
const { OutboxWriter, Stored } = await import(String(new URL('../../node_modules/everwire/outbox_writer.js', import.meta.url)));

const URL_A = 'wss://a.example/room';
const PLACE = 'a.example/room ';
let origins = 0;

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {() => unknown} so */
async function until(so) {
  for (let turn = 0; turn < 500; turn++) {
    if (so()) return;
    await pause(5);
  }
  throw new Error(`never: ${so}`);
}

/** An origin with a server and its pages, all of which are closed at the end. @param {import('node:test').TestContext} t */
function origin(t) {
  const database = `faults${++origins}`;
  const server = new Server();
  /** @type {import('everwire').Client[]} */
  const clients = [];
  t.after(() => clients.forEach((client) => client.close({ drain: 0 })));
  const page = () => new Page(server);
  /** @param {Page} page @param {any} [options] @param {any} [choices] */
  const open = (page, options = {}, choices = {}) => {
    /** @type {any[]} */
    const warnings = [];
    /** @type {any[]} */
    const ends = [];
    /** @type {import('everwire').Client<any, any>} */
    const client = page.run(() =>
      connect(URL_A, {
        backoff: { base: 3_600_000, cap: 3_600_000 },
        onWarning: (/** @type {any} */ warning) => warnings.push(warning),
        persist: outbox({ database, onSettled: (end) => ends.push(end), ...choices }),
        ...options,
      }),
    );
    clients.push(client);
    return { page, client, warnings, ends };
  };
  return { server, open, page, database };
}

/** @param {import('everwire').Client<any, any>} client @param {number} n @param {object} [options] */
const send = (client, n, options) => client.send({ type: 'order', n }, { persist: true, ...options });
/** @param {Server} server */
const numbers = (server) => server.applied.map(({ n }) => n);
/** @param {import('everwire').Client} client */
const greeted = (client) => until(() => client.snapshot().peer === 'everwire');

test('what is persisted goes out to a server that acknowledges nothing too', async (t) => {
  const { server, open, page } = origin(t);
  const plain = page();
  plain.greet = (socket) => {
    socket.accept();
    socket.deliver({ type: 'hello', v: 1, features: [], epoch: 'e1', seq: 0 });
  };
  const { client } = open(plain);
  await greeted(client);
  const receipt = send(client, 1);
  assert.equal((await receipt.settled).fate, 'sent');
  await pause(20);
  assert.deepEqual(numbers(server), [1]);
});

test('a listener of warnings that throws is reported and harms nobody', async (t) => {
  const { server, open, page } = origin(t);
  const bare = page();
  /** @type {any} */ (bare).locks = undefined;
  reported.length = 0;
  const { client } = open(bare, {
    onWarning() {
      throw new Error('mine');
    },
  });
  await greeted(client);
  assert.equal((await send(client, 1).settled).fate, 'acked');
  assert.deepEqual([reported.length > 0, numbers(server), unhandled], [true, [1], []]);
});

test('a listener of warnings that throws takes no message beyond the bounds with it', async (t) => {
  const { server, open, page } = origin(t);
  const { client } = open(page(), { onWarning() { throw new Error('mine'); } }, { messages: 1 });
  await greeted(client);
  server.answers = false;
  send(client, 1);
  const second = send(client, 2);
  await until(() => server.applied.length === 2);
  await assert.rejects(second.stored ?? Promise.resolve(), { code: 'not_persisted' });
});

test('what a subscriber sends or waits for meanwhile is not stored with it', async (t) => {
  const { open, page, database } = origin(t);
  const away = page();
  const { client } = open(away);
  await greeted(client);
  away.alive = false;
  away.sockets.at(-1)?.drop();
  let asked = false;
  client.subscribe(() => {
    if (asked || client.snapshot().queued === 0) return;
    asked = true;
    client.request({ type: 'price' });
    client.expect('tick');
  });
  await send(client, 1).stored;
  assert.ok(asked);
  await pause(20);
  const store = await OutboxStore.open(database);
  assert.deepEqual((await store.db.getAll('messages')).map((/** @type {any} */ { text }) => text), ['{"type":"order","n":1}']);
});

test('a hello whose members are anything is not stored, and harms nobody', async (t) => {
  const { server, open, page, database } = origin(t);
  const odd = page();
  const greet = odd.greet.bind(odd);
  odd.greet = (socket) => {
    greet(socket);
    socket.deliver({ type: 'hello', v: 1, epoch: { toString: 1, valueOf: 1 }, keep: { much: 'x'.repeat(1_000) } });
  };
  const { client } = open(odd);
  await greeted(client);
  server.answers = false;
  await send(client, 1).stored;
  await until(() => server.heard.length === 1);
  const store = await OutboxStore.open(database);
  assert.deepEqual((await store.db.getAll('messages')).map((/** @type {any} */ { sent }) => sent.hello), [{ epoch: 'e1', keep: 60_000 }]);
});

test('what has a time of its own does not wait for a store that hangs', async (t) => {
  const { open, page } = origin(t);
  const slow = page();
  slow.locks.query = () => new Promise(() => {});
  const { client } = open(slow);
  const begun = Date.now();
  const ends = await Promise.all([
    assert.rejects(client.request({ type: 'price' }, { timeout: 50 }), { code: 'timeout' }),
    assert.rejects(client.expect('tick', { within: 50 }), { code: 'timeout' }),
    client.send({ type: 'x' }, { ttl: 50 }).settled,
    client.send({ type: 'x' }, { volatile: true }).settled,
    send(client, 1, { ttl: 50 }).settled,
  ]);
  assert.deepEqual(ends.slice(2).map((end) => /** @type {any} */ (end).code), ['expired', 'not_now', 'expired']);
  // The store is waited for three seconds.
  assert.ok(Date.now() - begun < 2_900, `${Date.now() - begun}`);
});

test('a machine that stands still while the outbox is claimed takes it from nobody', async (t) => {
  const { open, page, server } = origin(t);
  server.answers = false;
  const first = open(page());
  await greeted(first.client);
  await send(first.client, 1).stored;
  first.page.kill();
  server.answers = true;
  const slow = page();
  const { locks } = slow;
  locks.query = async () => {
    locks.query = Object.getPrototypeOf(locks).query;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_100);
    // After the timers that are overdue by now.
    await pause(1);
    return locks.query();
  };
  const second = open(slow);
  await send(second.client, 2).stored;
  await until(() => second.ends.length === 1);
  assert.deepEqual(second.warnings, []);
});

test('an outbox that comes too late holds what is sent from then on, and what earlier pages left is settled', async (t) => {
  const { server, open, page } = origin(t);
  server.answers = false;
  const first = open(page());
  await greeted(first.client);
  await send(first.client, 1).stored;
  await until(() => server.heard.length === 1);
  first.page.kill();
  const slow = page();
  const { locks } = slow;
  let come = () => {};
  const late = new Promise((done) => (come = () => done(undefined)));
  locks.query = () => late.then(() => Object.getPrototypeOf(locks).query.call(locks));
  const set = globalThis.setTimeout;
  Object.assign(globalThis, { setTimeout: (/** @type {any} */ run, /** @type {number} */ ms, /** @type {any[]} */ ...given) => set(run, ms > 500 && ms <= 3_000 ? 5 : ms, ...given) });
  const second = open(slow);
  await until(() => second.warnings.length === 1);
  Object.assign(globalThis, { setTimeout: set });
  await greeted(second.client);
  await assert.rejects(send(second.client, 2).stored ?? Promise.resolve(), { code: 'not_persisted' });
  await until(() => server.heard.length === 2);
  server.answers = true;
  come();
  await until(() => second.ends.length === 1);
  assert.equal(second.ends[0].outcome.fate, 'acked');
  server.answers = false;
  await send(second.client, 3).stored;
  await until(() => server.heard.length === 4);
  slow.kill();
  server.answers = true;
  const third = open(page());
  await until(() => third.ends.length === 1);
  assert.deepEqual(numbers(server), [1, 2, 3]);
  const [one, two, again, three, last] = server.heard.map(({ $id }) => $id.split('.'));
  assert.deepEqual([again, three[0], last], [one, two[0], three]);
  assert.notEqual(one[0], two[0]);
});

test('a refusal of the server is an end, whatever its code', async (t) => {
  const { server, open, page, database } = origin(t);
  server.answers = false;
  const { client, page: { sockets } } = open(page());
  await greeted(client);
  const receipts = [send(client, 1), send(client, 2)];
  await until(() => server.heard.length === 2);
  for (const [place, code] of ['closed', 'queue_full'].entries()) sockets.at(-1)?.deliver({ type: 'nack', id: server.heard[place].$id, code });
  assert.deepEqual((await Promise.all(receipts.map(({ settled }) => settled))).map(({ fate }) => fate), ['rejected', 'rejected']);
  await pause(20);
  const store = await OutboxStore.open(database);
  assert.equal(await store.db.count('messages'), 0);
});

test('records that this version cannot read are left alone and harm no others', async (t) => {
  const { server, open, page, database } = origin(t);
  const store = await page().run(() => OutboxStore.open(database));
  const good = {
    client: 'c1', id: 5, text: '{"type":"order","n":5}', bytes: 22, flags: 4, made: Date.now(), until: Date.now() + 60_000,
    n: 0, again: false, sent: null,
  };
  await store.db.put('pages', { client: 'c1', place: PLACE, user: '', life: 0, made: Date.now() });
  const wrong = [
    { text: undefined }, { text: '[]' }, { text: '{}' }, { bytes: NaN }, { bytes: -1 }, { flags: 'x' }, { until: 'soon' }, { n: 1e300 }, { n: -1 }, { again: 'no' },
    { n: 3, sent: undefined }, { n: 3, sent: { at: 'x', hello: {} } }, { n: 3, sent: { at: 1, hello: null } },
  ];
  for (const [id, change] of wrong.entries()) await store.db.put('messages', { ...good, id: id + 10, ...change });
  await store.db.put('messages', good);
  // And pages.
  await store.db.put('pages', { client: 'c0', place: PLACE, user: '', life: 'x', made: 0 });
  await store.db.put('messages', { ...good, client: 'c0' });
  const { client, ends } = open(page());
  await greeted(client);
  await until(() => ends.length === 1);
  const receipt = send(client, 6);
  await receipt.stored;
  await until(() => server.applied.length === 2);
  assert.deepEqual(numbers(server), [5, 6]);
  assert.deepEqual(server.heard.map(({ $id }) => $id.split('.')[0]), ['c1', 'c1']);
  await Promise.all([receipt.settled, pause(50)]);
  assert.equal(await store.db.count('messages'), wrong.length + 1);
});

test('a lock is given back if what it is for cannot be read', async (t) => {
  const { server, open, page, database } = origin(t);
  const first = open(page());
  await greeted(first.client);
  server.answers = false;
  await send(first.client, 1).stored;
  first.page.kill();
  const { adopt } = OutboxStore.prototype;
  OutboxStore.prototype.adopt = () => Promise.reject(new Error('not now'));
  const second = open(page());
  await greeted(second.client);
  OutboxStore.prototype.adopt = adopt;
  server.answers = true;
  const third = open(page());
  await until(() => third.ends.length === 1);
  assert.equal(second.warnings[0].code, 'not_persisted');
  void database;
});

test('a page that comes back does not go on with an errand that another page has taken', async (t) => {
  const { server, open, page } = origin(t);
  server.answers = false;
  const lost = [open(page()), open(page())];
  for (const [n, { client }] of lost.entries()) {
    await greeted(client);
    await send(client, n).stored;
  }
  await until(() => server.heard.length === 2);
  for (const { page, client } of lost) {
    page.kill();
    // It hears of no page any more.
    client.close({ drain: 0 });
  }
  const first = open(page());
  // One of the two it goes on with, for the other it has a helper.
  await until(() => server.heard.length === 4);
  tellPages('pagehide');
  await pause(20);
  server.answers = true;
  const heir = open(page());
  await until(() => heir.ends.length === 2);
  first.page.sockets.length = 0;
  first.page.run(() => tellPages('pageshow'));
  const living = () => first.page.sockets.filter((socket) => socket.readyState < 2).length;
  await until(() => living() > 0);
  await pause(100);
  assert.equal(living(), 1);
});

test('an identity is not held by a page that was hidden away before it had it', async (t) => {
  const { open, page } = origin(t);
  const hidden = page();
  open(hidden);
  tellPages('pagehide');
  await pause(50);
  assert.equal(hidden.locks.own.size, 0);
  tellPages('pageshow');
  await until(() => hidden.locks.own.size === 1);
});

test('a write that fails takes nothing away that a later one has stored', async () => {
  /** @type {{ put: any[], gone: any[], end: (error?: Error) => void }[]} */
  const writes = [];
  const store = {
    write: (/** @type {any} */ _page, /** @type {any} */ _known, /** @type {any[]} */ put, /** @type {any[]} */ gone) =>
      new Promise((/** @type {(value?: undefined) => void} */ done, failed) => {
        writes.push({ put, gone, end: (error) => (error ? failed(error) : done()) });
      }),
  };
  const bounds = { messages: 10, bytes: 1_000, age: 1_000 };
  const box = new OutboxWriter(store, { client: 'c', place: '', user: '', life: 0, made: 0 }, bounds, () => new Error('warned'));
  const stored = new Stored();
  box.accept(1, '{"type":"x"}', 12, 4, undefined, stored);
  await pause(1);
  box.number(box.entries.get(1), 1, false, {});
  let gone = false;
  box.queue({ generation: 1, entry: box.entries.get(1), plain: false, go: () => (gone = true) });
  await pause(1);
  assert.deepEqual(writes.map(({ put }) => put.map(({ n }) => n)), [[0], [1]]);
  writes[0]?.end(new Error('no room'));
  await pause(1);
  writes[1]?.end();
  await pause(1);
  writes.slice(2).forEach(({ end }) => end());
  await pause(1);
  assert.deepEqual([writes.slice(2).flatMap((write) => write.gone), gone], [[], true]);
  await stored.promise;
});

test('nothing was left unhandled', () => assert.deepEqual(unhandled, []));
