// @ts-check
// What an application, a page that meddles with the browser, and a peer may do while a client is at work.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { newest, Socket, sockets } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');

const URL_A = 'wss://a.example/';
const HELLO = { type: 'hello', v: 1, features: ['ack'] };
/** Node has none: the package then throws in a task of its own, which would end the tests. */
globalThis.reportError = () => {};
const soon = () => new Promise((done) => setTimeout(done, 5));
const quick = { backoff: { base: 1, cap: 1 } };

/** A client with an open socket of a class of its own. @param {Record<string, any>} meddling its members @param {object} [options] */
function connectBy(meddling, options) {
  class Meddled extends Socket {}
  Object.assign(Meddled.prototype, meddling);
  Object.assign(globalThis, { WebSocket: Meddled });
  try {
    const client = connect(URL_A, options);
    newest().accept();
    return client;
  } finally {
    Object.assign(globalThis, { WebSocket: Socket });
  }
}

/** An acknowledged message, and the `$id` it went out with. @param {ReturnType<typeof connect>} client */
async function sendForAck(client) {
  const receipt = client.send({ type: 'order' }, { ack: true });
  await soon();
  return { receipt, id: JSON.parse(newest().sent.at(-1) ?? '').$id };
}

for (const [what, message, words] of /** @type {[string, any, string][]} */ ([
  ['says why', 'sold out', 'sold out'],
  ['says null', null, ''],
  ['says nothing', undefined, ''],
])) {
  test(`a refusal that ${what} ends its message and nothing else`, async () => {
    const client = connect(URL_A);
    newest().accept();
    newest().deliver(HELLO);
    const { receipt, id } = await sendForAck(client);
    newest().deliver({ type: 'nack', id, code: 'no', message });
    assert.deepEqual(await receipt.settled, { fate: 'rejected', confirmed: false, code: 'no', message: words });
    assert.equal(client.state, 'open');
    client.close({ drain: 0 });
  });
}

test('a critical event is acknowledged by the $id it came with, whatever its handlers do to it', async () => {
  const client = connect(URL_A);
  let handled = 0;
  client.on('alarm', (/** @type {any} */ event) => {
    handled++;
    event.$id = 'mine';
  });
  newest().accept();
  newest().deliver(HELLO);
  for (let time = 0; time < 3; time++) newest().deliver({ type: 'alarm', $id: 'a.1' });
  await soon();
  assert.equal(handled, 1);
  const said = newest().sent.flatMap((frame) => JSON.parse(frame)).filter(({ type }) => type === 'ack');
  assert.deepEqual(said, Array(3).fill({ type: 'ack', id: 'a.1' }));
  client.close({ drain: 0 });
});

test('a ping that cannot be answered is reported, and the client goes on', async () => {
  const errors = mock.fn();
  globalThis.reportError = errors;
  const client = connect(URL_A);
  newest().accept();
  newest().receive(`{"type":"ping","ts":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
  assert.equal(errors.mock.callCount(), 1);
  client.send({ type: 'x' });
  await soon();
  assert.equal(newest().sent.at(-1), '{"type":"x"}');
  client.close({ drain: 0 });
});

test('an event that sends another while it is read: both go out, each with its own receipt', async () => {
  const client = connect(URL_A);
  newest().accept();
  /** @type {import('everwire').Receipt | undefined} */
  let inner;
  const outer = client.send({
    type: 'outer',
    get n() {
      inner ??= client.send({ type: 'inner' });
      return 1;
    },
  });
  await soon();
  assert.deepEqual(newest().sent, ['{"type":"inner"}', '{"type":"outer","n":1}']);
  assert.deepEqual([inner?.fate, outer.fate], ['sent', 'sent']);
  client.close({ drain: 0 });
});

test('an answer to what was asked before close() is too late', async () => {
  const answers = /** @type {((url: string) => void)[]} */ ([]);
  const before = sockets.length;
  const client = connect(() => new Promise((resolve) => answers.push(resolve)));
  client.close({ drain: 0 });
  client.retry();
  answers[0]?.('wss://before.example/');
  await soon();
  assert.equal(sockets.length, before);
  answers[1]?.('wss://after.example/');
  await soon();
  assert.deepEqual(sockets.slice(before).map(({ url }) => url), ['wss://after.example/']);
  client.close({ drain: 0 });
});

test('a client closed and retried by shouldReconnect keeps its new socket', async () => {
  let asked = 0;
  const client = connect(URL_A, {
    shouldReconnect: () => {
      if (asked++ > 0) return undefined;
      client.close({ drain: 0 });
      client.retry();
      return undefined;
    },
  });
  newest().accept();
  newest().drop(1006);
  newest().accept();
  assert.equal(client.state, 'open');
  client.close({ drain: 0 });
});

test('a socket that answers from within send() finds the client at rest', () => {
  const states = /** @type {string[]} */ ([]);
  const client = connectBy({
    /** @this {Socket} */
    send() {
      this.deliver({ type: 'echo' });
    },
  });
  client.on('echo', () => states.push(client.state));
  client.send({ type: 'x' });
  assert.deepEqual(states, ['open']);
  client.close({ drain: 0 });
});

test('another client may be used from within send()', () => {
  const other = connect(URL_A);
  newest().accept();
  const client = connectBy({ send: () => other.send({ type: 'seen', state: other.state }) });
  assert.equal(client.send({ type: 'x' }).fate, 'sent');
  assert.equal(client.send({ type: 'y' }).fate, 'sent');
  for (const each of [client, other]) each.close({ drain: 0 });
});

test('a socket whose close() throws is left all the same', () => {
  const client = connectBy({
    close() {
      throw new Error('no');
    },
  });
  client.close({ drain: 0 });
  assert.equal(client.snapshot().final, true);
});

test('a socket whose send() throws is lost, and another one opened', async () => {
  const client = connectBy(
    {
      send() {
        throw new Error('no');
      },
    },
    quick,
  );
  client.send({ type: 'x' });
  assert.equal(client.state, 'closed');
  await soon();
  newest().accept();
  assert.equal(client.snapshot().connects, 2);
  client.close({ drain: 0 });
});

test('a console that throws does not stop the attempts', async () => {
  const errors = mock.fn();
  globalThis.reportError = errors;
  const complaints = mock.method(console, 'error', () => {
    throw new Error('no console.error here');
  });
  let asked = 0;
  const client = connect(
    () => {
      asked++;
      throw new Error('no url yet');
    },
    { ...quick, connectTimeout: 100 },
  );
  await new Promise((done) => setTimeout(done, 400));
  complaints.mock.restore();
  assert.ok(asked > 1, `asked ${asked} times`);
  client.close({ drain: 0 });
});

test('what comes after close() is nothing new to anybody', () => {
  const client = connect(URL_A);
  newest().accept();
  newest().deliver({ type: 'x' });
  client.close({ drain: 0 });
  const last = client.snapshot();
  let told = 0;
  client.subscribe(() => told++);
  client.close();
  assert.equal(client.send({ type: 'late' }).fate, 'aborted');
  assert.equal(client.snapshot(), last);
  assert.equal(told, 0);
  client.retry();
  assert.ok(told > 0);
  client.close({ drain: 0 });
});
