// @ts-check
// The provider on the stock server of y-websocket, beside its stock client, over real sockets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { StockServer } from './support/y_sync.mjs';

Object.assign(globalThis, { WebSocket });
const { YjsProvider } = await import('everwire/yjs');

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** @param {string} what @param {() => unknown} ask */
async function until(what, ask, within = 20_000) {
  for (const end = Date.now() + within; !ask(); await pause(20)) {
    if (Date.now() > end) throw new Error(`after ${within} ms still not: ${what}`);
  }
}

/** @typedef {{ doc: Y.Doc, text: Y.Text, awareness: import('y-protocols/awareness').Awareness, isSynced: () => boolean }} Person */

/** @param {import('node:test').TestContext} t @param {StockServer} server @param {'ours' | 'stock'} kind @returns {Person} */
function sit(t, server, kind) {
  const doc = new Y.Doc();
  if (kind === 'ours') {
    const provider = new YjsProvider(doc, `${server.url}/notes`, { backoff: { base: 50, cap: 200 } });
    t.after(() => provider.destroy());
    return { doc, text: doc.getText('t'), awareness: provider.awareness, isSynced: () => provider.synced && !provider.unsaved };
  }
  const provider = new WebsocketProvider(server.url, 'notes', doc, { WebSocketPolyfill: /** @type {any} */ (WebSocket), disableBc: true, maxBackoffTime: 200 });
  t.after(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return { doc, text: doc.getText('t'), awareness: provider.awareness, isSynced: () => provider.synced };
}

test('everybody types at random through cuts and a server that forgets, and no character is lost', async (t) => {
  const server = await new StockServer().start();
  t.after(() => server.stop());
  const people = /** @type {const} */ (['ours', 'ours', 'ours', 'stock', 'stock']).map((kind) => sit(t, server, kind));
  /** Every character that was typed, and not deleted by who typed it; none is typed twice. @type {Set<string>} */
  const typed = new Set();
  let next = 0x4e00;
  // More in a minute and a client that is careful waits for long.
  let cuts = 3;
  const random = (/** @type {number} */ below) => Math.floor(Math.random() * below);
  for (const end = Date.now() + 3_000; Date.now() < end; await pause(5)) {
    for (const { text } of people) {
      const letter = String.fromCodePoint(next++);
      text.insert(random(text.length + 1), letter);
      typed.add(letter);
    }
    if (cuts > 0 && random(100) === 0) {
      cuts--;
      server.cut();
    }
    if (cuts === 1 && random(100) === 0) {
      cuts--;
      await server.stop();
      await pause(100);
      await server.start();
    }
  }
  await until('all are in sync', () => people.every(({ isSynced }) => isSynced()));
  await until('all have the same', () => new Set(people.map(({ text }) => text.toString())).size === 1);
  const text = [...(people[0]?.text.toString() ?? '')];
  assert.deepEqual([text.length, new Set(text).size], [typed.size, typed.size]);
  assert.ok(text.every((letter) => typed.has(letter)));
  t.diagnostic(`${typed.size} characters`);
});

test('each sees the others, and who is gone is not seen', async (t) => {
  const server = await new StockServer().start();
  t.after(() => server.stop());
  const [ours, stock] = /** @type {[Person, Person]} */ ([sit(t, server, 'ours'), sit(t, server, 'stock')]);
  ours.awareness.setLocalStateField('name', 'ours');
  stock.awareness.setLocalStateField('name', 'stock');
  const sees = (/** @type {Person} */ one, /** @type {Person} */ other) => one.awareness.getStates().get(other.doc.clientID)?.['name'];
  await until('both', () => sees(ours, stock) === 'stock' && sees(stock, ours) === 'ours');
  server.cut();
  await until('nobody', () => sees(stock, ours) === undefined);
  await until('we are seen at once', () => sees(stock, ours) === 'ours', 5_000);
  ours.doc.destroy();
  await until('we are gone', () => sees(stock, ours) === undefined, 2_000);
});
