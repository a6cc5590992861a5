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
