// @ts-check
// A producer that is faster than its server reads.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openLab } from './support/lab.mjs';
import { startPeer } from './support/peers.mjs';
import { pause, until } from './support/until.mjs';

const MESSAGES = 100_000;
const MiB = 1 << 20;

/** What the page says of itself. @typedef {{ sent: number, buffered: number, queued: number, queuedBytes: number, fates: Record<string, number>, done: boolean }} Account */

/**
 * Runs in the page: sends every message as one of the two ways lets it, and notes the most that ever waited.
 *
 * @param {[url: string, count: number, way: string]} how
 */
function produce([url, count, way]) {
  const lab = Reflect.get(window, 'lab');
  /** @type {WebSocket[]} */
  const sockets = [];
  window.WebSocket = class extends WebSocket {
    /** @param {string | URL} to @param {string | string[]} [protocols] */
    constructor(to, protocols) {
      super(to, protocols);
      sockets.push(this);
    }
  };
  lab.connect(url, {}, false);
  const { client } = lab;
  const account = { sent: 0, buffered: 0, queued: 0, queuedBytes: 0, fates: /** @type {Record<string, number>} */ ({}), done: false };
  lab.account = account;
  const text = 'x'.repeat(260);
  const note = () => {
    const { queued, queuedBytes } = client.snapshot();
    account.buffered = Math.max(account.buffered, ...sockets.map(({ bufferedAmount }) => bufferedAmount));
    account.queued = Math.max(account.queued, queued);
    account.queuedBytes = Math.max(account.queuedBytes, queuedBytes);
  };
  const byReady = async () => {
    for (; account.sent < count; account.sent++) {
      await client.ready;
      const receipt = client.send({ type: 'row', n: account.sent, text });
      note();
      receipt.settled.then((/** @type {{ fate: string }} */ { fate }) => (account.fates[fate] = (account.fates[fate] ?? 0) + 1));
    }
  };
  const byStream = async () => {
    const writer = lab.writable(client).getWriter();
    for (; account.sent < count; account.sent++) {
      await writer.ready;
      writer.write({ type: 'row', n: account.sent, text });
      note();
    }
    await writer.close();
  };
  (way === 'ready' ? byReady() : byStream()).then(() => (account.done = true), console.error);
}

describe('pressure', { concurrency: false }, () => {
  for (const way of ['ready', 'stream']) {
    test(`a server that does not read holds a producer back by its ${way}, and gets everything in order`, async (t) => {
      /** @type {import('ws').WebSocket | undefined} */
      let reader;
      const peer = await startPeer(t, (socket) => {
        reader = socket;
        socket.pause();
      });
      const { page, lab } = await openLab(t);
      /** @returns {Promise<Account>} */
      const account = () => page.evaluate(() => ({ ...Reflect.get(window, 'lab').account }));
      await page.evaluate(produce, /** @type {[string, number, string]} */ ([peer.url, MESSAGES, way]));

      await until('the producer stands still', async () => {
        const { sent } = await account();
        await pause(500);
        return sent > 0 && (await account()).sent === sent;
      });
      const held = await account();
      t.diagnostic(`held back at ${JSON.stringify(held)}`);
      assert.ok(held.sent < MESSAGES && !held.done, 'it waits');

      reader?.resume();
      await until('everything arrived', () => peer.messages('row').length === MESSAGES, { within: 60_000, every: 250 });
      await until('the producer is done', async () => (await account()).done);
      const { buffered, queued, queuedBytes, fates } = await account();
      t.diagnostic(`at most ${buffered} bytes in the socket, ${queuedBytes} in the queue`);
      assert.ok(buffered < MiB + 64 * 1024, `${buffered} bytes in the socket`);
      assert.ok(queued <= 200 && queuedBytes < MiB / 8, `${queued} messages, ${queuedBytes} bytes in the queue`);
      if (way === 'ready') assert.deepEqual(fates, { sent: MESSAGES });
      assert.ok(peer.messages('row').every(({ n }, index) => n === index), 'in order');
      assert.equal((await lab.snapshot()).connects, 1);
    });
  }
});
