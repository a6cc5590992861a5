// @ts-check
// What a page may and may not do: policies, and pages of other origins.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPage } from './support/browser.mjs';
import { openDashboard } from './support/dashboard.mjs';
import { Lab, serveLab } from './support/lab.mjs';
import { smallest, startPeer } from './support/peers.mjs';
import { startServer } from './support/server.mjs';

describe('security', { concurrency: true }, () => {
  test("the dashboard works under the server's policy, without a violation", async (t) => {
    const server = await startServer(t);
    const { headers } = await fetch(server.origin);
    const policy = headers.get('content-security-policy') ?? '';
    const scripts = policy.split(';').find((part) => part.trim().startsWith('script-src'));
    assert.equal(scripts?.trim(), "script-src 'self' 'wasm-unsafe-eval'");
    const { page } = await openPage(t);
    /** @type {string[]} */
    const said = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(`${server.origin}/?dag=gate`);
    await page.getByTestId('start').click();
    await page.getByTestId('gate-approve').click();
    await page.getByTestId('complete').waitFor();
    assert.deepEqual(said.filter((text) => /content security policy/i.test(text)), []);
  });

  test("a policy with 'wasm-unsafe-eval' and nothing more lets the package work", async (t) => {
    const peer = await startPeer(t, smallest);
    const { origin } = await serveLab(t, { csp: `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${peer.url}; img-src data:` });
    const { page, errors } = await openPage(t);
    await page.goto(origin);
    await page.waitForFunction(() => 'lab' in window);
    const lab = new Lab(page);
    await lab.connect(peer.url);
    await lab.becomes({ state: 'open' });
    assert.deepEqual(errors, []);
  });

  test("without 'wasm-unsafe-eval' there is one error, which says what to add", async (t) => {
    const { origin } = await serveLab(t, { csp: "default-src 'self'; img-src data:" });
    const { page } = await openPage(t);
    await page.goto(origin);
    await page.waitForFunction(() => 'lab' in window);
    const error = await page.evaluate(() => {
      const { everwire } = Reflect.get(window, 'lab');
      try {
        everwire.connect('ws://127.0.0.1:1/');
        return null;
      } catch (thrown) {
        const { name, code, message, retryable } = /** @type {any} */ (thrown);
        return { name, code, message, retryable, is: thrown instanceof everwire.EverwireError };
      }
    });
    assert.ok(error);
    assert.deepEqual({ ...error, message: '' }, { name: 'EverwireError', code: 'csp', message: '', retryable: false, is: true });
    assert.match(error.message, /'wasm-unsafe-eval'/);
    assert.match(error.message, /script-src/);
  });

  test('a page of another origin can neither start nor approve anything', async (t) => {
    const server = await startServer(t);
    const { dashboard } = await openDashboard(t, server, { dag: 'gate' });
    await dashboard.start();
    await dashboard.shows('gate');
    // The same machine, another port: another origin.
    const { origin } = await serveLab(t);
    const { page } = await openPage(t);
    await page.goto(origin);
    const outcome = await page.evaluate(
      async ({ api, streams }) => {
        const post = async (/** @type {string} */ path, /** @type {RequestInit} */ init) => {
          try {
            const response = await fetch(api + path, { method: 'POST', ...init });
            return `${response.type} ${response.status}`;
          } catch {
            return 'refused';
          }
        };
        const plain = { headers: { 'content-type': 'text/plain' } };
        const json = { headers: { 'content-type': 'application/json' }, body: '{}' };
        const posts = [
          await post('/api/dags/quick/start', json),
          await post('/api/dags/quick/start', { ...plain, body: '{}' }),
          await post('/api/dags/quick/start', { mode: 'no-cors', body: '{}' }),
          await post('/api/dags/quick/start', { mode: 'no-cors', credentials: 'include' }),
          await post('/api/network', { ...plain, body: '{"link":"x","action":"cut"}' }),
        ];
        const sockets = await Promise.all(
          streams.map(
            (url) =>
              new Promise((done) => {
                const socket = new WebSocket(url);
                socket.onopen = () => {
                  socket.send(JSON.stringify({ type: 'human_decision', node_id: 'ask', decision: 'approve' }));
                  done('open');
                };
                socket.onerror = () => done('refused');
              }),
          ),
        );
        const frame = document.createElement('iframe');
        frame.src = `${api}/`;
        const form = Object.assign(document.createElement('form'), { method: 'post', action: `${api}/api/dags/quick/start`, target: 'aside' });
        document.body.append(Object.assign(document.createElement('iframe'), { name: 'aside' }), frame, form);
        await new Promise((done) => {
          frame.onload = done;
          form.submit();
        });
        return { posts, sockets };
      },
      { api: server.origin, streams: [server.stream('gate'), server.breakableStream('gate', 'x'), server.stream('gate').replace('127.0.0.1', 'localhost')] },
    );
    assert.deepEqual(outcome.sockets, ['refused', 'refused', 'refused']);
    assert.ok(outcome.posts.every((answer) => answer === 'refused' || answer === 'opaque 0'), outcome.posts.join());
    await page.waitForTimeout(500);
    assert.equal((await server.state('quick')).status, 'idle');
    assert.equal((await server.state('gate')).status, 'running');
    const metrics = await server.metrics();
    assert.equal(metrics['commands_total'], 0);
    assert.equal(metrics['connected_total'], 1);
    assert.equal(page.frames().some((frame) => frame.url().startsWith(server.origin) && frame.url() !== 'chrome-error://chromewebdata/' && frame.name() !== 'aside'), false, 'it is not framed');
    await dashboard.part('gate-approve').click();
    await dashboard.shows('complete');
  });

  test('a name that was made to point here is refused', async (t) => {
    const server = await startServer(t);
    const { get } = await import('node:http');
    const status = await new Promise((done, failed) =>
      get({ port: server.port, host: '127.0.0.1', path: '/api/dags/gate', headers: { host: 'rebound.example' } }, (response) => {
        response.resume();
        done(response.statusCode);
      }).on('error', failed),
    );
    assert.ok(Number(status) >= 400, String(status));
  });
});
