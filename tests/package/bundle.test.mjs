// @ts-check
// The package in the hands of a bundler and of a server.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { meaning } from '../../pkg-template/inline.mjs';
import { bundle } from './support/bundle.mjs';

/** A server that greets with one event and answers every message with what it heard. */
async function greeter() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'welcome' }));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.type === 'say') socket.send(JSON.stringify({ type: 'heard', text: message.text }));
    });
  });
  await new Promise((ready) => server.once('listening', ready));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { server, url: `ws://127.0.0.1:${port}/` };
}

/** The application: prints what it hears and ends by itself once everything is closed. */
const application = (/** @type {string} */ entry) => `
  import { WebSocket } from 'ws';
  globalThis.WebSocket = WebSocket;
  import { connect } from '${entry}';
  const client = connect(process.argv.at(-1));
  client.on('welcome', () => client.send({ type: 'say', text: 'hello' }));
  client.on('heard', (event) => { console.log(event.text); client.close(); });
`;

/** @param {string} code @param {string} url */
async function run(code, url) {
  const child = spawn(process.execPath, ['--input-type=module', '-', url], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    timeout: 10_000,
  });
  child.stdin.end(code);
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  child.stderr.on('data', (data) => (output += data));
  const [status, signal] = await new Promise((done) => child.on('close', (...end) => done(end)));
  return { output, status, signal };
}

for (const [what, make] of /** @type {const} */ ([
  ['as it is', async () => application('everwire')],
  ['bundled by esbuild without configuration', async () => {
    const { text, warnings } = await bundle(application('everwire'), { external: ['ws'] });
    assert.deepEqual(warnings, []);
    return text;
  }],
])) {
  test(`it talks to a server from Node ${what}, and lets the process end`, async (t) => {
    const { server, url } = await greeter();
    t.after(() => server.close());
    const { output, status } = await run(await make(), url);
    assert.equal(output, 'hello\n');
    assert.equal(status, 0);
  });
}

test('workerd gets an entry that compiles nothing from bytes', async () => {
  const { text } = await bundle(`export { connect } from 'everwire';`, {
    conditions: ['workerd'],
    loader: { '.wasm': 'copy' },
    outdir: 'out',
  });
  const inlined = readFileSync(fileURLToPath(new URL('wasm.js', import.meta.resolve('everwire'))), 'utf8');
  assert.ok(!text.includes(inlined.slice(-100, -10)));
  assert.match(text, /from"\.\/core-\w+\.wasm"/);
});

test('the slim entry runs on the module of everwire/core.wasm', async () => {
  const code = `
    import { readFileSync } from 'node:fs';
    import { connect, EverwireError, init } from 'everwire/slim';
    let before;
    try { connect('ws://127.0.0.1:1/'); } catch (error) { before = error; }
    console.log(before instanceof EverwireError, before.code, before.message.includes('init()'));
    const bytes = readFileSync(${JSON.stringify(fileURLToPath(import.meta.resolve('everwire/core.wasm')))});
    await init(Promise.resolve(new Response(bytes)));
    const sockets = [];
    globalThis.WebSocket = class extends EventTarget { constructor(url) { super(); sockets.push(url); } close() {} };
    const client = connect('ws://127.0.0.1:1/');
    await new Promise((done) => setTimeout(done, 5));
    console.log(sockets.join(), client.state);
    client.close();
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    encoding: 'utf8',
    timeout: 10_000,
  });
  assert.equal(stdout, 'true wasm_unavailable true\nws://127.0.0.1:1/ connecting\n', stderr);
});

test('the inlined module is core.wasm, but for what engines ignore', async (t) => {
  const wasm = readFileSync(fileURLToPath(import.meta.resolve('everwire/core.wasm')));
  /** @type {Uint8Array} */
  let compiled = new Uint8Array();
  t.mock.method(WebAssembly, 'Module', function (/** @type {Uint8Array} */ bytes) {
    compiled = bytes;
    throw new Error('seen');
  });
  const { connect } = await import('everwire');
  assert.throws(() => connect('ws://127.0.0.1:1/'));
  assert.deepEqual(meaning(compiled), meaning(wasm));
});
