// @ts-check
// Messages that outlive their page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Page, Server, tellPages } from './support/origin.mjs';

globalThis.reportError = (error) => console.error(error);
const { connect } = await import('everwire');
const { outbox } = await import('everwire/persist');

const URL_A = 'wss://a.example/room';
let origins = 0;

/** @param {() => unknown} so */
async function until(so) {
  for (let turn = 0; turn < 500; turn++) {
    if (so()) return;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error(`never: ${so}`);
}

/** An origin with a server and its pages, all of which are closed at the end. @param {import('node:test').TestContext} t */
function origin(t) {
  const database = `db${++origins}`;
  const server = new Server();
  /** @type {import('everwire').Client[]} */
  const clients = [];
  t.after(() => clients.forEach((client) => client.close({ drain: 0 })));
  /**
   * @param {any} [options] @param {any} [choices] @param {any} [url]
   * @param {(client: import('everwire').Client) => void} [early] what the page does at once
   */
  const open = async (options = {}, choices = {}, url = URL_A, early = undefined) => {
    const page = new Page(server);
    /** @type {any[]} */
    const warnings = [];
    /** @type {any[]} */
    const ends = [];
    const onSettled = (/** @type {any} */ end) => ends.push(end);
    /** @type {import('everwire').Client<any, any>} */
    const client = page.run(() =>
      connect(url, {
        // What was dropped stays so: a page that comes back has another network.
        backoff: { base: 3_600_000, cap: 3_600_000 },
        onWarning: (warning) => warnings.push(warning),
        persist: outbox({ database, onSettled, ...choices }),
        ...options,
      }),
    );
    clients.push(client);
    // Its outbox is claimed, and the next page's globals do not concern it.
    if (early) early(client);
    await until(() => page.sockets.length > 0);
    return { page, client, warnings, ends };
  };
  return { server, open };
}

/** @param {import('everwire').Client} client @param {number} n @param {object} [options] */
const send = (client, n, options) => client.send({ type: 'order', n }, { persist: true, ...options });
/** @param {Server} server */
const numbers = (server) => server.applied.map(({ n }) => n);
/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from }, (_, place) => from + place);

test('a message is stored, then sent, then settled', async (t) => {
  const { server, open } = origin(t);
  /** @type {any} */
  let receipt;
  const { client, warnings } = await open({}, {}, URL_A, (client) => (receipt = send(client, 1)));
  await receipt.stored;
  assert.deepEqual(await receipt.settled, { fate: 'acked', confirmed: true, code: null, message: null });
  assert.deepEqual([numbers(server), warnings], [[1], []]);
  assert.equal(client.send({ type: 'plain' }).stored, undefined);
});

test('nothing is sent before it is stored under its number, and what follows waits its turn', async (t) => {
  const { server, open } = origin(t);
  const { page, client } = await open();
  await until(() => client.snapshot().peer === 'everwire');
  send(client, 1);
  client.send({ type: 'order', n: 2 });
  client.send({ type: 'order', n: 3 }, { ack: true });
  await Promise.resolve();
  assert.deepEqual(numbers(server), []);
  await until(() => server.applied.length === 3);
  assert.deepEqual(numbers(server), [1, 2, 3]);
  assert.ok(page.alive);
});

test('a page that was killed: the next one settles what was sent and what was not, each once and in order', async (t) => {
  const { server, open } = origin(t);
  const first = await open();
  await until(() => first.client.snapshot().peer === 'everwire');
  server.answers = false;
  const sent = range(0, 50).map((n) => send(first.client, n));
  await until(() => server.heard.length === 50);
  first.page.sockets.at(-1)?.drop();
  first.page.alive = false;
  const waiting = range(50, 150).map((n) => send(first.client, n));
  await Promise.all([...sent, ...waiting].map((receipt) => receipt.stored));
  first.page.kill();
  server.answers = true;

  const second = await open();
  await until(() => server.applied.length === 150 && second.client.snapshot().inFlight === 0);
  assert.deepEqual(numbers(server), range(0, 150));
  assert.equal(second.ends.length, 150);
  assert.ok(second.ends.every(({ event, outcome }) => event.type === 'order' && outcome.fate === 'acked'));
  const ids = server.heard.map(({ $id }) => $id.split('.')[0]);
  assert.equal(new Set(ids).size, 1, 'under the identity of the first page');
  assert.ok(server.heard.every(({ $again }) => $again === undefined), 'none was in doubt');

  const third = await open();
  await until(() => third.client.snapshot().peer === 'everwire');
  assert.equal(third.client.snapshot().inFlight, 0);
  assert.equal(server.applied.length, 150);
});

test('a number of an earlier page is never used again', async (t) => {
  const { server, open } = origin(t);
  const first = await open();
  await until(() => first.client.snapshot().peer === 'everwire');
  for (const n of [1, 2, 3]) await first.client.send({ type: 'order', n }, { ack: true }).settled;
  first.page.sockets.at(-1)?.drop();
  first.page.alive = false;
  await send(first.client, 4).stored;
  first.page.kill();
  await open({}, {}, URL_A, (client) => void send(client, 5));
  await until(() => server.applied.length === 5);
  assert.deepEqual(numbers(server), [1, 2, 3, 4, 5], 'and what was stored goes before what is sent meanwhile');
});

test('two pages with different rooms or users never send each other\'s', async (t) => {
  const { server, open } = origin(t);
  const lost = [await open(), await open({}, { user: 'u1' }), await open({}, { name: 'other' }), await open({}, {}, 'wss://a.example/other')];
  server.answers = false;
  for (const [n, { page, client }] of lost.entries()) {
    await until(() => client.snapshot().peer === 'everwire');
    page.sockets.at(-1)?.drop();
    page.alive = false;
    await send(client, n).stored;
    page.kill();
  }
  server.answers = true;
  const stranger = await open({}, { user: 'u2' });
  await until(() => stranger.client.snapshot().peer === 'everwire');
  assert.deepEqual([numbers(server), stranger.client.snapshot().inFlight], [[], 0]);
  const heir = await open({}, { user: 'u1' });
  await until(() => server.applied.length === 1 && heir.ends.length === 1);
  assert.deepEqual(numbers(server), [1]);
});

test('of two pages that live, each keeps its own', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const [one, two] = [await open(), await open()];
  await Promise.all([send(one.client, 1).stored, send(two.client, 2).stored]);
  await until(() => server.heard.length === 2);
  assert.equal(new Set(server.heard.map(({ $id }) => $id.split('.')[0])).size, 2);
  assert.deepEqual([one.client.snapshot().inFlight, two.client.snapshot().inFlight], [1, 1]);
});

test('what several pages left is settled under the identity of each', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const lost = [await open(), await open(), await open()];
  for (const [n, { client }] of lost.entries()) await send(client, n).stored;
  await until(() => server.heard.length === 3);
  for (const { page } of lost) page.kill();
  server.answers = true;
  const { ends } = await open();
  await until(() => ends.length === 3);
  assert.equal(server.applied.length, 3, 'each once');
  assert.equal(new Set(server.heard.map(({ $id }) => $id.split('.')[0])).size, 3);
});

test('what a server may have forgotten is in doubt for the next page too', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const first = await open();
  await send(first.client, 1).stored;
  await until(() => server.heard.length === 1);
  first.page.kill();
  server.restart('e2');
  server.answers = true;
  const second = await open();
  await until(() => second.ends.length === 1);
  assert.deepEqual(server.heard.map(({ $again }) => $again), [undefined, true]);

  server.answers = false;
  const third = await open({ onDoubt: 'fail' });
  await send(third.client, 2).stored;
  await until(() => server.heard.length === 3);
  third.page.kill();
  server.restart('e3');
  const fourth = await open({ onDoubt: 'fail' });
  await until(() => fourth.ends.length === 1);
  assert.deepEqual([fourth.ends[0].outcome.fate, fourth.ends[0].outcome.code], ['unknown', 'in_doubt']);
});

test('close() leaves what is stored to the next page', async (t) => {
  const { server, open } = origin(t);
  const first = await open();
  await until(() => first.client.snapshot().peer === 'everwire');
  server.answers = false;
  const receipt = send(first.client, 1);
  await receipt.stored;
  first.client.close({ drain: 0 });
  assert.equal((await receipt.settled).fate, 'unknown');
  const late = send(first.client, 2);
  assert.equal(late.fate, 'aborted');
  await assert.rejects(late.stored ?? Promise.resolve(), { code: 'not_persisted' });
  server.answers = true;
  const second = await open();
  await until(() => second.ends.length === 1);
  assert.deepEqual(numbers(server), [1]);
});

test('without a database or locks a message is sent unstored, and both the warning and the receipt say so', async (t) => {
  const { server, open } = origin(t);
  const page = new Page(server);
  /** @type {any} */ (page).locks = undefined;
  /** @type {any[]} */
  const warnings = [];
  const client = page.run(() => connect(URL_A, { persist: outbox(), onWarning: (warning) => warnings.push(warning) }));
  t.after(() => client.close({ drain: 0 }));
  const receipt = send(client, 1);
  assert.equal((await receipt.settled).fate, 'acked');
  await assert.rejects(receipt.stored ?? Promise.resolve(), { code: 'not_persisted' });
  assert.deepEqual(warnings.map(({ code }) => code), ['not_persisted']);
  assert.match(warnings[0].message, /Web Locks/);
  void open;
});

test('what is beyond the bounds is sent unstored', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const { client, warnings } = await open({}, { messages: 2 });
  const receipts = range(0, 3).map((n) => send(client, n));
  await receipts[1]?.stored;
  await assert.rejects(receipts[2]?.stored ?? Promise.resolve(), { code: 'not_persisted' });
  await until(() => server.heard.length === 3);
  assert.deepEqual(warnings.map(({ code }) => code), ['not_persisted']);
});

test('a message that is too old is not sent, and its end is told', async (t) => {
  const { server, open } = origin(t);
  const first = await open({}, { age: 1_000 });
  await until(() => first.client.snapshot().peer === 'everwire');
  first.page.sockets.at(-1)?.drop();
  first.page.alive = false;
  await send(first.client, 1).stored;
  first.page.kill();
  await new Promise((done) => setTimeout(done, 1_050));
  const { ends, client } = await open();
  await until(() => ends.length === 1 && client.snapshot().peer === 'everwire');
  assert.deepEqual([ends[0].outcome.fate, ends[0].outcome.code, numbers(server)], ['expired', 'expired', []]);
});

test('a page that comes back goes on with its own', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const { client } = await open();
  const receipt = send(client, 1);
  await until(() => server.heard.length === 1);
  tellPages('pagehide');
  const meanwhile = send(client, 2);
  server.answers = true;
  tellPages('pageshow');
  assert.deepEqual([(await receipt.settled).fate, (await meanwhile.settled).fate], ['acked', 'acked']);
  assert.deepEqual(numbers(server), [1, 2]);
  assert.equal(new Set(server.heard.map(({ $id }) => $id.split('.')[0])).size, 1);
});

test('a page that comes back begins anew if another one has gone on with what it left', async (t) => {
  const { server, open } = origin(t);
  server.answers = false;
  const { client } = await open();
  const receipt = send(client, 1);
  await until(() => server.heard.length === 1);
  tellPages('pagehide');
  const queued = send(client, 2);
  await queued.stored;
  server.answers = true;
  const heir = await open();
  await until(() => heir.ends.length === 2);
  tellPages('pageshow');
  assert.deepEqual((await receipt.settled).code, 'taken_over');
  assert.deepEqual((await queued.settled).code, 'taken_over');
  assert.equal((await send(client, 3).settled).fate, 'acked');
  assert.deepEqual(numbers(server), [1, 2, 3]);
});

test('options are checked', () => {
  assert.throws(() => outbox({ messages: 0 }), { code: 'invalid_option', message: /1 to 10000/ });
  assert.throws(() => outbox(/** @type {any} */ ({ age: 'long' })), { code: 'invalid_option' });
  assert.throws(() => outbox(/** @type {any} */ ({ users: 'u' })), { code: 'invalid_option', message: /user, name/ });
  assert.throws(() => connect('wss://a.example/?room=1', { persist: outbox() }), { code: 'invalid_option', message: /name/ });
  assert.throws(() => connect(() => URL_A, { persist: outbox() }), { code: 'invalid_option', message: /name/ });
  assert.throws(() => connect(URL_A, /** @type {any} */ ({ protocol: 'raw', persist: outbox() })), { code: 'invalid_option', message: /raw/ });
  assert.throws(() => connect(URL_A, { persist: /** @type {any} */ (true) }), { code: 'invalid_option', message: /persist/ });
});
