// @ts-check
// WebSockets blocked in each way that middleboxes know: the same protocol goes on over HTTP, and back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNoErrors, openPage } from './support/browser.mjs';
import { BlockingProxy } from './support/blocking-proxy.mjs';
import { bundled } from './support/bundle.mjs';
import { startServer } from './support/server.mjs';
import { pause, stopwatch, until } from './support/until.mjs';

const page = `
  import { connect } from 'everwire';
  import { fallback } from 'everwire/fallback';
  const lab = { transports: [], log: [], numbers: [], states: 0 };
  window.lab = lab;
  lab.open = (options = {}) => {
    const transport = fallback({ onTransport: (way) => lab.transports.push(way), ...options });
    lab.client = connect('/api/dags/quick/stream', { transport, onWarning() {} });
    lab.client.on('*', (event) => {
      lab.log.push(event.type);
      if (event.$seq !== undefined) lab.numbers.push(event.$seq);
    });
    lab.client.on('resync', () => lab.states++);
  };
  lab.send = async (event, options) => {
    const { fate, code } = await lab.client.send(event, options).settled;
    return [fate, code];
  };
`;

/** @param {import('node:test').TestContext} t */
async function open(t) {
  const server = await startServer(t);
  const proxy = await new BlockingProxy(() => server.port, await bundled(page)).start();
  t.after(() => proxy.stop());
  const opened = await openPage(t);
  await opened.page.goto(proxy.origin);
  await opened.page.waitForFunction(() => 'lab' in window);
  /** @param {string} code @returns {Promise<any>} */
  const lab = (code) => opened.page.evaluate(`(async () => { const lab = window.lab; return ${code}; })()`);
  return { ...opened, server, proxy, lab };
}

/** An unknown command: the server has to answer it. */
const COMMAND = `{ type: 'nothing' }, { ack: true }`;

for (const block of /** @type {const} */ (['reset', '403', '400', 'html', 'hang', 'cut'])) {
  test(`blocked by ${block}: it talks over HTTP within 15 s, in order and acknowledged, also through a cut`, async (t) => {
    const { errors, server, proxy, lab } = await open(t);
    proxy.block = block;
    const time = stopwatch();
    await lab('lab.open()');
    // Nobody answers but the server.
    assert.deepEqual(await lab(`lab.send(${COMMAND})`), ['rejected', 'unknown_command']);
    const took = time();
    t.diagnostic(`${block}: an answer after ${Math.round(took)} ms, ${proxy.handshakes} handshakes`);
    assert.ok(took < 15_000, `${took} ms`);
    assert.equal((await lab('lab.transports')).at(-1), 'sse');
    const { handshakes } = proxy;
    assert.equal(handshakes, 2);

    await server.startRun('quick');
    await until('the first events', () => lab('lab.log.length > 2'));
    proxy.cut();
    const answer = lab(`lab.send(${COMMAND})`);
    assert.deepEqual(await answer, ['rejected', 'unknown_command']);
    await until('the end of the run', () => lab(`lab.log.includes('execution_complete')`), { within: 20_000 });
    const snapshot = await lab('lab.client.snapshot()');
    assert.deepEqual([snapshot.state, snapshot.peer, snapshot.continuity, snapshot.inFlight], ['open', 'everwire', 'kept', 0]);
    const ends = (await lab('lab.log')).filter((/** @type {string} */ type) => type === 'execution_complete');
    // One state is what a page begins with; the rest came as it happened or by resync, in order.
    assert.deepEqual([ends.length, await lab('lab.states')], [1, 1]);
    const numbers = await lab('lab.numbers');
    const first = numbers[0];
    assert.ok(numbers.length > 5, `${numbers.length} events`);
    assert.deepEqual(numbers, Array.from(numbers, (_, at) => first + at));
    assert.equal(proxy.handshakes, handshakes, 'it is decided');
    assertNoErrors(errors.filter((error) => !/WebSocket|Failed to load/.test(error)));
  });
}

test('what was found out holds for the next page, and is over when the memory is: back on a WebSocket, nothing lost', async (t) => {
  const { page: tab, server, proxy, lab } = await open(t);
  proxy.block = '403';
  await lab('lab.open({ memory: 12_000 })');
  await until('a stream', () => lab(`lab.transports.at(-1) === 'sse'`), { within: 15_000 });
  const { handshakes } = proxy;
  await tab.reload();
  await tab.waitForFunction(() => 'lab' in window);
  await lab('lab.open({ memory: 12_000 })');
  await until('a stream at once', () => lab(`lab.transports[0] === 'sse'`), { within: 5_000 });
  assert.equal(proxy.handshakes, handshakes, 'the place is remembered');

  proxy.block = 'pass';
  await server.startRun('quick');
  /** @type {any[]} */
  const outcomes = [];
  while ((await lab('lab.transports.at(-1)')) !== 'websocket') {
    outcomes.push(await lab(`lab.send(${COMMAND})`));
    assert.ok(outcomes.length < 400);
    await pause(50);
  }
  outcomes.push(await lab(`lab.send(${COMMAND})`));
  assert.ok(outcomes.every(([fate, code]) => fate === 'rejected' && code === 'unknown_command'), JSON.stringify(outcomes));
  await until('the end of the run', () => lab(`lab.log.includes('execution_complete')`), { within: 20_000 });
  const log = await lab('lab.log');
  assert.equal(log.filter((/** @type {string} */ type) => type === 'execution_complete').length, 1);
  const snapshot = await lab('lab.client.snapshot()');
  // One state is what a page begins with.
  assert.deepEqual([snapshot.state, snapshot.continuity, await lab('lab.states')], ['open', 'kept', 1]);
  assert.equal(await tab.evaluate(() => localStorage.getItem('everwire/fallback')), '{}');
});
