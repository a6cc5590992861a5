// @ts-check
// Runs events_page.js in an engine: our reader of event streams and another's, by turns in one page.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { files } from '../../tests/package/support/event_stream.mjs';
import { resultOfPage } from '../webdriver.mjs';

/** @typedef {{ ours: number, theirs: number, ratio: number, low: number, high: number }} Price in ns an event */

/** @param {import('../webdriver.mjs').Engine} engine @returns {Promise<Record<string, Price>>} */
export async function events(engine) {
  const script = await build({
    entryPoints: [new URL('events_page.js', import.meta.url).pathname],
    alias: { 'everwire-stream-core': files.core, 'everwire-event-stream': files.eventStream },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    // Of the generated table of imports.
    logOverride: { 'duplicate-object-key': 'silent' },
    write: false,
  });
  const http = createServer((request, response) => {
    // Isolation buys a finer clock.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    if (request.url === '/page.js') {
      response.setHeader('Content-Type', 'text/javascript');
      return response.end(script.outputFiles[0]?.text);
    }
    if (request.url === '/core.wasm') {
      response.setHeader('Content-Type', 'application/wasm');
      return response.end(readFileSync(files.wasm));
    }
    response.setHeader('Content-Type', 'text/html');
    return response.end('<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    /** @type {Record<string, Price>} */
    const prices = {};
    for (let place = 0; ; place += 1) {
      const { error, what, price, isLast } = await resultOfPage(engine, `http://127.0.0.1:${port}/?${place}`, 120);
      if (error) throw new Error(error);
      prices[what] = price;
      if (isLast) return prices;
    }
  } finally {
    http.closeAllConnections();
    http.close();
  }
}
