// @ts-check
// Clients that nobody holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { newest, Socket } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Collects, and lets the finalizers run, which are tasks of their own. */
async function collect() {
  for (let round = 0; round < 5; round++) {
    gc();
    await new Promise((done) => setTimeout(done, 5));
  }
}

test('a client that nobody holds goes on delivering, as a WebSocket does', async () => {
  let heard = 0;
  (() => connect('wss://a.example/').on('tick', () => heard++))();
  await collect();
  newest().accept();
  newest().deliver({ type: 'tick' });
  await collect();
  newest().deliver({ type: 'tick' });
  assert.equal(heard, 2);
  newest().drop(4000);
});

test('a closed client that nobody holds is collected, with its handlers', async () => {
  const remains = (() => {
    const payload = { big: new Array(1_000).fill(0) };
    const client = connect('wss://a.example/');
    client.on('tick', () => payload.big.length);
    client.subscribe(() => payload.big.length);
    newest().accept();
    client.close({ drain: 0 });
    newest().drop(1000);
    return [new WeakRef(client), new WeakRef(payload)];
  })();
  await collect();
  assert.deepEqual(remains.map((ref) => ref.deref()), [undefined, undefined]);
});

test('a closed client whose handlers mention it is collected all the same', async () => {
  const remains = (() => {
    /** @type {import('everwire').Client | undefined} */
    let known;
    const client = connect(() => (known ? 'wss://a.example/' : 'wss://b.example/'), { onWarning: () => known });
    known = client;
    client.on('tick', () => client.send({ type: 'tock' }));
    client.subscribe(() => client.state);
    newest().accept();
    client.close({ drain: 0 });
    return new WeakRef(client);
  })();
  await collect();
  assert.equal(remains.deref(), undefined);
});

test('a client that its server stopped is collected, though its handlers mention it', async () => {
  const remains = (() => {
    const client = connect('wss://a.example/');
    client.on('tick', () => client.send({ type: 'tock' }));
    client.subscribe(() => client.state);
    client.send({ type: 'late' });
    newest().accept();
    newest().drop(4403);
    assert.equal(client.snapshot().final, true);
    return new WeakRef(client);
  })();
  await collect();
  assert.equal(remains.deref(), undefined);
});

test('a client that was closed goes on by retry() with the handlers it had', async () => {
  const client = connect('wss://a.example/');
  const heard = /** @type {string[]} */ ([]);
  const off = client.on('tick', () => heard.push('tick'));
  client.on('*', ({ type }) => heard.push(`any ${type}`));
  newest().accept();
  client.close({ drain: 0 });
  await collect();
  assert.equal(client.state, 'closed');
  assert.equal(client.snapshot().reason?.code, 'closed_by_application');
  assert.equal(client.snapshot(), client.snapshot());
  assert.equal(client.send({ type: 'late' }).fate, 'aborted');
  assert.throws(() => client.send({ type: 'ping' }), { code: 'invalid_event' });
  client.on('tock', () => heard.push('tock'));
  await collect();
  client.retry();
  assert.equal(client.state, 'connecting');
  newest().accept();
  newest().deliver({ type: 'tick' });
  off();
  newest().deliver({ type: 'tick' });
  newest().deliver({ type: 'tock' });
  assert.deepEqual(heard, ['tick', 'any tick', 'any tick', 'tock', 'any tock']);
  client.close({ drain: 0 });
});

test('a client closed in a handler is released only when the handler is done', async () => {
  const client = connect('wss://a.example/');
  let state = '';
  client.on('tick', () => {
    client.close({ drain: 0 });
    client.retry();
    state = client.state;
  });
  newest().accept();
  newest().deliver({ type: 'tick' });
  await collect();
  assert.equal(state === 'closed', false);
  assert.equal(client.snapshot().final, false);
  client.close({ drain: 0 });
});
