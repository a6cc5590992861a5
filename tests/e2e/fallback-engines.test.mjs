// @ts-check
// The three engines in a network that blocks WebSockets: over HTTP, through a cut, and back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { BlockingProxy } from './support/blocking-proxy.mjs';
import { bundled } from './support/bundle.mjs';
import { startServer } from './support/server.mjs';

const page = `
  import { connect } from 'everwire';
  import { fallback } from 'everwire/fallback';
  const result = { transports: [], numbers: [], codes: [] };
  const client = connect('/api/dags/quick/stream', { transport: fallback({ memory: 6_000, onTransport: (way) => result.transports.push(way) }), onWarning() {} });
  client.on('*', ({ $seq }) => $seq === undefined || result.numbers.push($seq));
  const ask = async () => result.codes.push((await client.send({ type: 'nothing' }, { ack: true }).settled).code);
  const over = new Promise((done) => client.on('execution_complete', done));
  await ask();
  await fetch('/api/dags/quick/start', { method: 'POST' });
  await fetch('/cut');
  await ask();
  await over;
  await fetch('/pass');
  while (result.transports.at(-1) !== 'websocket') {
    await ask();
    await new Promise((done) => setTimeout(done, 100));
  }
  await ask();
  result.state = client.state;
  window.result = result;
`;

for (const engine of engines) {
  test(`${engine}: WebSockets are blocked, and later they are not`, async (t) => {
    const server = await startServer(t);
    const proxy = await new BlockingProxy(() => server.port, await bundled(page)).start();
    t.after(() => proxy.stop());
    proxy.block = 'reset';
    const { transports, numbers, codes, state } = await resultOfPage(engine, proxy.origin, 60);
    t.diagnostic(`${codes.length} commands, ${numbers.length} events, ${transports.join(', ')}`);
    assert.equal(state, 'open');
    assert.ok(codes.every((/** @type {string} */ code) => code === 'unknown_command'), codes.join());
    assert.ok(numbers.length > 5, `${numbers.length} events`);
    assert.deepEqual(numbers, Array.from(numbers, (_, at) => numbers[0] + at));
    assert.deepEqual([transports[0], transports.at(-1)], ['sse', 'websocket']);
  });
}
