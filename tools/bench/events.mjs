// @ts-check
// Runs events_page.js in an engine: our reader of event streams and another's, by turns in one page.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { build } from 'esbuild';
import { files } from '../../tests/package/support/event_stream.mjs';
import { resultOfPage } from '../webdriver.mjs';

/** In ns an event; the ratio of the page in the middle, and of the lowest and the highest. @typedef {{ ours: number, theirs: number, ratio: number, low: number, high: number }} Price */
/** @typedef {{ what: string, price: Price, isLast: boolean }} Result */

/** What an engine makes of the same code is not the same in two pages: by a tenth in WebKit. */
const pages = 5;

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
      /** @type {Result[]} */
      const results = [];
      for (let page = 0; page < pages; page += 1) {
        const result = await resultOfPage(engine, `http://127.0.0.1:${port}/?${place}`, 120);
        if (result.error) throw new Error(result.error);
        results.push(result);
      }
      results.sort((one, other) => one.price.ratio - other.price.ratio);
      const [low, { what, price, isLast }, high] = /** @type {[Result, Result, Result]} */ ([results[0], results[pages >> 1], results[pages - 1]]);
      prices[what] = { ...price, low: low.price.ratio, high: high.price.ratio };
      if (isLast) return prices;
    }
  } finally {
    http.closeAllConnections();
    http.close();
  }
}
