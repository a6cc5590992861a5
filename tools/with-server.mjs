// @ts-check
// Runs `wasm-pack test` beside the server of the browser tests, and ends the server with it.
//
//     node tools/with-server.mjs COMMAND [ARG ...]
//
// The address is compiled into the tests, so the usual port is kept where it is free: another one costs a compilation.
//
// The HTTP server of wasm-bindgen's own runner (tiny_http 0.12) counts a waiting thread twice when two connections come
// at once, and leaves the second in its queue until some thread is done with a connection. Browsers open six and keep
// them, so a page may load for ever. Whoever connects and leaves again makes a thread look into the queue.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { freePort, isFree } from './ports.mjs';

const usualPort = 8975;
const port = (await isFree(usualPort)) ? usualPort : await freePort();
const address = `ws://127.0.0.1:${port}`;

const server = spawn(process.execPath, ['tests/browser/server.mjs', String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve, reject) => {
  server.stdout.once('data', resolve);
  server.once('exit', (code) => reject(new Error(`the server of the browser tests ended with ${code}`)));
});
server.stdout.resume();

const [command = '', ...args] = process.argv.slice(2);
const runnerPort = await freePort();
const env = {
  ...process.env,
  WASM_BINDGEN_TEST_ADDRESS: `127.0.0.1:${runnerPort}`,
  ...(port === usualPort ? {} : { EVERWIRE_TEST_WS: address }),
};
const nudging = setInterval(() => {
  const nudge = connect(runnerPort, '127.0.0.1', () => nudge.end());
  // Nobody listens before the tests are compiled.
  nudge.once('error', () => {});
}, 250);
const child = spawn(command, args, { stdio: 'inherit', env });
child.once('error', (error) => {
  console.error(`${command}: ${error.message}`);
  end(1);
});
child.once('exit', (code, signal) => end(signal === null ? (code ?? 1) : 1));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => child.kill(signal));

/** @param {number} code */
function end(code) {
  clearInterval(nudging);
  server.kill();
  process.exitCode = code;
}
