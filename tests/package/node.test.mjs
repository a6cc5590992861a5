// @ts-check
// A client in Node with the library `ws`, whose errors end the process if nobody listens.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';

Object.assign(globalThis, { WebSocket });
const { connect } = await import('everwire');

/** Accepts connections and says nothing. @param {import('node:test').TestContext} t */
async function silent(t) {
  const server = createServer((socket) => void socket.on('error', () => {}));
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)));
  t.after(() => server.close());
  return { server, url: `ws://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/` };
}

/** @param {ReturnType<typeof connect>} client @param {() => boolean} holds */
const until = (client, holds) =>
  new Promise((done) => {
    const look = () => holds() && done(null);
    client.subscribe(look);
    look();
  });

test('a server that refuses is a failed attempt and nothing more', async (t) => {
  const { server, url } = await silent(t);
  await new Promise((closed) => server.close(closed));
  const client = connect(url, { onWarning() {} });
  t.after(() => client.close({ drain: 0 }));
  await until(client, () => client.snapshot().attempt > 0);
  assert.equal(client.snapshot().reason?.code, 'closed');
});

test('a connection that is left while it opens says nothing any more', async (t) => {
  const { server, url } = await silent(t);
  const client = connect(url, { onWarning() {} });
  await new Promise((accepted) => server.once('connection', accepted));
  client.close({ drain: 0 });
  assert.equal(client.snapshot().final, true);
  // The library tells it a moment later.
  await new Promise((later) => setTimeout(later, 50));
});
