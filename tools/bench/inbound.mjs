// @ts-check
// Runs page.js in the three engines, against a server that says hello and then keeps quiet.

import { createServer } from 'node:http';
import { build } from 'esbuild';
import { WebSocketServer } from 'ws';
import { resultOfPage } from '../webdriver.mjs';

/** @typedef {{ floor: number, everwire: number, ratio: number, low: number, high: number }} Price */

const hello = JSON.stringify({
  type: 'hello',
  v: 1,
  features: ['batch', 'ack', 'seq', 'reply'],
  epoch: 'bench',
  seq: 0,
  heartbeat: { by: 'client', every: 15_000 },
  limits: { frame: 1_048_576, inflight: 256 },
  keep: 300_000,
});

/** @param {import('../webdriver.mjs').Engine} engine @returns {Promise<Record<string, Price>>} */
export async function inbound(engine) {
  const script = await build({
    entryPoints: [new URL('page.js', import.meta.url).pathname],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  let hellos = 0;
  const http = createServer((request, response) => {
    // Isolation buys a finer clock.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    if (request.url === '/hellos') return response.end(String(hellos));
    if (request.url === '/page.js') {
      response.setHeader('Content-Type', 'text/javascript');
      return response.end(script.outputFiles[0]?.text);
    }
    response.setHeader('Content-Type', 'text/html');
    return response.end('<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    socket.send(hello);
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data));
      for (const message of Array.isArray(frame) ? frame : [frame]) {
        if (message.type === 'hello') hellos += 1;
        if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong', ts: message.ts }));
      }
    });
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    const result = await resultOfPage(engine, `http://127.0.0.1:${port}/`, 120);
    if (result.error) throw new Error(result.error);
    return result;
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    http.close();
  }
}
