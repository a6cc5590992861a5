// @ts-check
// The servers of this repository have all of the protocol and do nothing wrong; smaller ones have what they have.

import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { conformance } from '../../tools/conformance/conformance.mjs';
import { report } from '../../tools/conformance/report.mjs';
import { echo, silent, smallest, startPeer } from '../e2e/support/peers.mjs';
import { startRedis } from '../e2e/support/redis.mjs';
import { startServer } from '../e2e/support/server.mjs';
import { until } from '../e2e/support/until.mjs';
import { complete, completeServer, nodeServer, pythonServer, startBroken, start, withoutPython } from './support/servers.mjs';

/** Some checks go by the time of two processes. Where all stood still for longer than this, in ms, a run proves nothing against a server. */
const STILL = 250;

/**
 * @param {() => Promise<import('../../tools/conformance/run.mjs').Options>} begin starts a server
 * @param {string[]} lacking names of checks that are not made or not offered
 */
async function hasAllBut(begin, lacking) {
  const delay = monitorEventLoopDelay();
  delay.enable();
  for (const isLast of [false, true]) {
    delay.reset();
    const options = await begin();
    const results = await conformance(options);
    const others = results.filter(({ ending }) => ending !== 'passed').map(({ name }) => name);
    // One that is wrong fails again.
    if (!isLast && delay.max > STILL * 1e6 && !isDeepStrictEqual(others, lacking)) continue;
    return assert.deepEqual(others, lacking, report(options.url, results));
  }
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} Server */

/** The room of a run that waits, by way of `other`. @param {Server} owner @param {Server} other */
async function atGate(owner, other) {
  await owner.startRun('gate');
  await until('the run waits', async () => JSON.stringify(await other.state('gate')).includes('waiting'));
  const event = '[{"type":"pause_execution"},{"type":"resume_execution"}]';
  const asked = '{"type":"node_output","node_id":"ask"}';
  return { url: other.stream('gate'), event, request: asked, stop: async () => void owner.child?.kill('SIGTERM') };
}

const request = '{"type":"count"}';
const auth = ['auth-silent', 'auth-refused'];
/** What a server of a hundred lines leaves out. */
const presence = ['list', 'told', 'away', 'grace', 'return', 'leave', 'tabs', 'refused', 'rooms', 'cursor'].map((name) => `presence-${name}`);
const critical = ['critical-retried', 'critical-acknowledged', 'critical-repeated', 'critical-own', 'critical-window'];

describe('servers', { concurrency: true }, () => {
  test('the Node server passes every check of what it has', async (t) => {
    await hasAllBut(async () => ({ ...(await start(t, process.execPath, [nodeServer])), request, log: 500 }), ['ping-by-server', ...auth, 'resync-parts', ...critical, ...presence]);
  });

  test('the Python server passes every check of what it has', { skip: withoutPython }, async (t) => {
    await hasAllBut(async () => ({ ...(await start(t, 'python3', [pythonServer])), request, log: 500 }), ['ping-by-server', ...auth, 'resync-parts', ...critical, ...presence]);
  });

  test('the reference server passes every check of what it has', async (t) => {
    const begin = async () => {
      const server = await startServer(t, ['--memory']);
      return atGate(server, server);
    };
    await hasAllBut(begin, ['ping-by-server', ...auth, 'resync-trimmed', 'resync-parts']);
  });

  test('two servers on one Redis pass, by way of the one that does not have the room', async (t) => {
    const begin = async () => {
      const env = { REDIS_URL: await startRedis(t) };
      const [owner, other] = await Promise.all([startServer(t, [], env), startServer(t, [], env)]);
      return atGate(owner, other);
    };
    await hasAllBut(begin, ['ping-by-server', ...auth, 'resync-trimmed', 'resync-parts']);
  });

  test('a server that has everything passes every check', async (t) => {
    await hasAllBut(async () => ({ ...(await startBroken(t, [], completeServer)), ...complete }), []);
  });

  test('a server that wants a token is not judged without one', async (t) => {
    const { url } = await startBroken(t, [], completeServer);
    await assert.rejects(conformance({ url }), /give a TOKEN/);
  });

  for (const [what, behaviour] of /** @type {const} */ ([['answers pings', smallest], ['hears and says nothing', silent], ['says back what it hears', echo]])) {
    test(`a server that ${what} does nothing wrong`, async (t) => {
      const peer = await startPeer(t, (socket, itself) => {
        // The smallest server reads JSON only; what is none is not its matter here.
        const listen = socket.on.bind(socket);
        socket.on = /** @type {any} */ ((/** @type {any} */ name, /** @type {any} */ act) => listen(name, (...args) => { try { act(...args); } catch { /* not JSON */ } }));
        behaviour(socket, itself);
      });
      const results = await conformance({ url: peer.url, patience: 500 });
      assert.deepEqual(results.filter(({ ending }) => ending === 'failed'), []);
      const offered = results.filter(({ ending }) => ending === 'passed').map(({ name }) => name);
      assert.equal(offered.includes('pong-same-ts'), behaviour === smallest);
      assert.ok(!offered.includes('hello-first'));
    });
  }
});
