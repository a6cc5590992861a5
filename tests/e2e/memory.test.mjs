// @ts-check
// What a page costs after much has happened in it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openDashboard } from './support/dashboard.mjs';
import { openLab } from './support/lab.mjs';
import { smallest, speaking, startPeer } from './support/peers.mjs';
import { startServer } from './support/server.mjs';
import { LONG, until } from './support/until.mjs';

/** @typedef {import('playwright-core').Page} Page */

const MB = 1 << 20;
const EVENTS = 10_000;
const CYCLES = 1_000;

/** Counts every wasm memory and table of the page. */
function watchWasm() {
  const kept = Object.assign([], { made: 0 });
  Reflect.set(window, '__wasm', kept);
  const RealInstance = WebAssembly.Instance;
  // @ts-expect-error A class in the place of a constructor of the browser's.
  WebAssembly.Instance = class extends RealInstance {
    /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} imports */
    constructor(module, imports) {
      super(module, imports);
      kept.push(/** @type {never} */ (this));
    }
  };
}

/**
 * What a page holds, after a collection of garbage.
 *
 * @param {Page} page
 */
async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return async () => {
    // Finalizers run after a collection, and free what a second one finds.
    for (let round = 0; round < 2; round++) {
      await session.send('HeapProfiler.collectGarbage');
      await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
    }
    const usage = /** @type {any} */ (await session.send('Runtime.getHeapUsage'));
    const { metrics } = await session.send('Performance.getMetrics');
    const metric = (/** @type {string} */ name) => metrics.find((each) => each.name === name)?.value ?? NaN;
    const wasm = await page.evaluate(() => {
      const instances = /** @type {WebAssembly.Instance[]} */ (Reflect.get(window, '__wasm') ?? []);
      const exports = instances.flatMap(({ exports }) => Object.values(exports));
      return {
        pages: exports.filter((value) => value instanceof WebAssembly.Memory).reduce((sum, { buffer }) => sum + buffer.byteLength / 65_536, 0),
        slots: exports.filter((value) => value instanceof WebAssembly.Table).reduce((sum, { length }) => sum + length, 0),
        instances: instances.length,
      };
    });
    return {
      heap: usage.usedSize + (usage.embedderHeapUsedSize ?? 0) + (usage.backingStorageSize ?? 0),
      listeners: metric('JSEventListeners'),
      nodes: metric('Nodes'),
      ...wasm,
    };
  };
}

const mb = (/** @type {number} */ bytes) => (bytes / MB).toFixed(2);

describe('memory', { concurrency: true }, () => {
  test('the dashboard holds less than 50 MB after 10,000 events of nodes, and no more than at their half', async (t) => {
    const server = await startServer(t);
    const { page, dashboard } = await openDashboard(t, server, { dag: 'many' });
    const measure = await meter(page);
    const measured = [];
    let events = 0;
    for (let run = 1; events < EVENTS; run++) {
      await server.startRun('many');
      await until(`run ${run} is over`, async () => (await server.state('many')).status === 'succeeded', { within: 60_000, every: 100 });
      events = Number((await server.metrics())['log_head{dag="many"}']);
      await dashboard.runIs('succeeded');
      // What is being drawn or animated at one moment is gone at another.
      const several = [await measure(), await measure(), await measure()];
      measured.push({ events, ...several.reduce((least, each) => (each.heap < least.heap ? each : least)) });
    }
    t.diagnostic(measured.map(({ events: count, heap, nodes, listeners }) => `${count}: ${mb(heap)} MB, ${nodes} nodes, ${listeners} listeners`).join(' · '));
    const last = measured.at(-1);
    const half = measured.find(({ events: count }) => count >= events / 2);
    assert.ok(last && half);
    assert.ok(last.heap < 50 * MB, `${mb(last.heap)} MB`);
    assert.ok(last.heap - half.heap < 2 * MB, `grew by ${mb(last.heap - half.heap)} MB`);
    assert.ok(last.listeners <= half.listeners + 10);
  });

  test('a page that takes 10,000 numbered events holds nothing of them', async (t) => {
    const behaviour = speaking();
    const peer = await startPeer(t, behaviour);
    const { page, context } = await openLab(t);
    await context.addInitScript(watchWasm);
    await page.reload();
    await page.waitForFunction(() => 'lab' in window);
    const measure = await meter(page);
    await page.evaluate((url) => {
      const { everwire } = Reflect.get(window, 'lab');
      const counter = { events: 0 };
      const client = everwire.connect(url);
      client.on('node_state', () => counter.events++);
      Object.assign(window, { counter, client });
    }, peer.url);
    await until('greeted', () => behaviour.greeted === 1);
    const measured = [];
    const rounds = LONG ? 40 : 4;
    for (let round = 0; round < rounds; round++) {
      for (let frame = 0; frame < 100; frame++) {
        peer.say(Array.from({ length: 25 }, () => ({ type: 'node_state', node_id: `n${behaviour.seq % 100}`, status: 'running', $seq: ++behaviour.seq })));
      }
      await until('they arrived', async () => (await page.evaluate(() => Reflect.get(window, 'counter').events)) === behaviour.seq);
      measured.push(await measure());
    }
    t.diagnostic(measured.map(({ heap, pages }) => `${mb(heap)} MB, ${pages} pages`).join(' · '));
    const [first, last] = [measured[measured.length / 2 - 1], measured.at(-1)];
    assert.ok(first && last);
    assert.ok(last.pages > 0 && last.pages === first.pages, `${last.pages} pages`);
    assert.ok(last.heap - first.heap < MB / 4, `grew by ${last.heap - first.heap} bytes`);
  });

  test('a thousand clients that connect and close leak no listener, closure or page of wasm', async (t) => {
    const peer = await startPeer(t, smallest);
    const { page, context } = await openLab(t);
    await context.addInitScript(watchWasm);
    await page.reload();
    await page.waitForFunction(() => 'lab' in window);
    const measure = await meter(page);
    const cycles = (/** @type {number} */ count) =>
      page.evaluate(
        async ([url, times]) => {
          const { everwire } = Reflect.get(window, 'lab');
          for (let n = 0; n < times; n++) {
            const client = everwire.connect(url);
            const state = (/** @type {string} */ wanted) =>
              new Promise((done) => {
                const stop = client.subscribe(() => client.state === wanted && done(stop()));
              });
            client.on('event', () => client.close());
            client.on('*', () => {});
            await state('open');
            const receipt = client.send({ type: 'hello_there', n });
            const closed = client.state === 'closed' ? null : state('closed');
            client.close();
            await closed;
            await receipt.settled;
          }
        },
        /** @type {const} */ ([peer.url, count]),
      );
    await cycles(CYCLES / 10);
    const before = await measure();
    // Without a collection between them: what is closed is let go at once.
    await cycles(CYCLES);
    const after = await measure();
    t.diagnostic(`before ${JSON.stringify(before)} after ${JSON.stringify(after)}`);
    assert.ok(peer.visits.length >= CYCLES * 1.1);
    assert.equal(before.instances, 1);
    assert.equal(after.instances, 1, 'one instance for all clients');
    assert.equal(after.pages, before.pages);
    assert.equal(after.slots, before.slots, 'closures and references');
    assert.equal(after.listeners, before.listeners);
    assert.ok(after.heap - before.heap < MB / 2, `grew by ${after.heap - before.heap} bytes`);
    await until('nobody is left', () => peer.open === 0);
  });

  test('a thousand cuts of one client leak no listener, closure or page of wasm', async (t) => {
    const peer = await startPeer(t, (socket) => void setTimeout(() => socket.terminate(), 2));
    const { page, context } = await openLab(t);
    await context.addInitScript(watchWasm);
    await page.reload();
    await page.waitForFunction(() => 'lab' in window);
    const measure = await meter(page);
    await page.evaluate((url) => {
      const { everwire } = Reflect.get(window, 'lab');
      // Every connection counts as a success, so that nothing slows the client down.
      const client = everwire.connect(url, { stableAfter: 0, backoff: { base: 1, cap: 1 }, onWarning() {} });
      client.on('*', () => {});
      Object.assign(window, { client });
    }, peer.url);
    await until('a hundred', () => peer.visits.length >= CYCLES / 10, { within: 30_000 });
    const before = await measure();
    await until('a thousand', () => peer.visits.length >= CYCLES, { within: 60_000 });
    const after = await measure();
    t.diagnostic(`before ${JSON.stringify(before)} after ${JSON.stringify(after)}`);
    assert.equal(after.pages, before.pages);
    assert.equal(after.slots, before.slots);
    // A socket has three, and a few that have just closed may still stand at either moment, so it can be fewer at the end
    // too; a listener left behind by each cut would be 900.
    assert.ok(after.listeners - before.listeners <= 12, `${before.listeners} to ${after.listeners} listeners`);
    assert.ok(after.heap - before.heap < MB / 2, `grew by ${after.heap - before.heap} bytes`);
    assert.ok(peer.open <= 1);
  });
});
