// @ts-check
// What the package costs a page.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { limits } from '../../tools/bench/sizes.mjs';
import { bundle } from './support/bundle.mjs';

const folder = dirname(fileURLToPath(import.meta.resolve('everwire/package.json')));
const KB = 1024;

/** @param {string} text */
const gzip = (text) => gzipSync(text, { level: 9 }).length;

test('core.wasm keeps to its limit of 64 KB', (t) => {
  const { size } = statSync(join(folder, 'core.wasm'));
  t.diagnostic(`core.wasm: ${size} bytes`);
  assert.ok(size <= limits['core.wasm'].raw, `${size} bytes`);
});

test('the entry, bundled and minified with its wasm inlined, keeps to its limit of 30 KB gzip', async (t) => {
  const { text } = await bundle(`export { connect } from 'everwire';`);
  const brotli = brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  t.diagnostic(`entry: ${text.length} bytes, ${gzip(text)} gzip, ${brotli} brotli`);
  assert.ok(gzip(text) <= limits.everwire.gzip, `${gzip(text)} bytes`);
});

test('a page with streams and no socket pays for streams, and the other way round', async (t) => {
  const [socket, events] = [`export { connect } from 'everwire';`, `export { stream } from 'everwire/stream';`];
  const [sockets, streams, both] = /** @type {[string, string, string]} */ ((await Promise.all([socket, events, socket + events].map((source) => bundle(source)))).map(({ text }) => text));
  t.diagnostic(`gzip: sockets ${gzip(sockets)}, streams ${gzip(streams)}, both ${gzip(both)}`);
  assert.ok(!sockets.includes('last-event-id') && !streams.includes('WebSocket('));
  assert.ok(gzip(streams) <= limits['everwire/stream'].gzip, `${gzip(streams)} bytes`);
});

test('a page without a fallback pays nothing for it, and one with it keeps to its limit', async (t) => {
  const [plain, other] = /** @type {[string, string]} */ ((await Promise.all([`export { connect } from 'everwire';`, `export { connect } from 'everwire'; export { fallback } from 'everwire/fallback';`].map((source) => bundle(source)))).map(({ text }) => text));
  const added = gzip(other) - gzip(plain);
  t.diagnostic(`fallback: ${added} bytes gzip on top of the entry`);
  assert.ok(!plain.includes('everwire-connection') && !plain.includes('localStorage'));
  assert.ok(added <= limits['everwire/fallback'].gzip, `${added} bytes`);
});

test('causal order and optimistic updates cost only those who import them, and keep to their limits', async (t) => {
  const plain = await bundle(`export { connect } from 'everwire';`);
  assert.ok(!plain.text.includes('causal') && !plain.text.includes('idempotency'));
  for (const entry of /** @type {const} */ (['everwire/causal', 'everwire/mutate'])) {
    const { text } = await bundle(`export * from '${entry}';`);
    t.diagnostic(`${entry}: ${text.length} bytes, ${gzip(text)} gzip`);
    assert.ok(gzip(text) <= limits[entry].gzip, `${entry}: ${gzip(text)} bytes`);
    assert.ok(!text.includes('WebSocket('));
    assert.equal((await bundle(`import 'everwire'; import '${entry}';`)).text.trim(), '');
  }
});

test('a page without presence pays nothing for it, and one with it keeps to its limit; pointers are paid for by those who show them', async (t) => {
  const sources = [
    `export { connect } from 'everwire';`,
    `export { connect } from 'everwire'; export { presence } from 'everwire/presence';`,
    `export { connect } from 'everwire'; export { presence, pointer } from 'everwire/presence';`,
    `export { connect } from 'everwire'; export { presence, pointer } from 'everwire/presence'; export * from 'everwire/presence/react';`,
  ];
  const [plain, rooms, pointers, hooks] = /** @type {[string, string, string, string]} */ ((await Promise.all(sources.map((source) => bundle(source, { external: ['react'] })))).map(({ text }) => text));
  const added = gzip(pointers) - gzip(plain);
  t.diagnostic(`gzip on top of the entry: presence ${gzip(rooms) - gzip(plain)}, pointers ${gzip(pointers) - gzip(rooms)} more, hooks ${gzip(hooks) - gzip(pointers)} more`);
  assert.ok(!plain.includes('presence_join') && !rooms.includes('"cursor"'));
  assert.ok(added <= limits['everwire/presence'].gzip, `${added} bytes`);
});

test('a page without shared documents pays nothing for them, and one with Yjs keeps to its limit', async (t) => {
  const external = ['yjs', 'y-protocols/*'];
  const [plain, other] = /** @type {[string, string]} */ ((await Promise.all([`export { connect } from 'everwire';`, `export { connect } from 'everwire'; export { YjsProvider } from 'everwire/yjs';`].map((source) => bundle(source, { external })))).map(({ text }) => text));
  const added = gzip(other) - gzip(plain);
  t.diagnostic(`yjs: ${added} bytes gzip on top of the entry`);
  assert.ok(!plain.includes('yjs') && other.includes('"y-protocols/awareness"'));
  assert.ok(added <= limits['everwire/yjs'].gzip, `${added} bytes`);
});

test('the hooks add at most 2 KB gzip to the entry', async (t) => {
  const entry = await bundle(`export { connect } from 'everwire';`);
  const hooks = await bundle(`export { connect } from 'everwire'; export * from 'everwire/react';`, { external: ['react'] });
  const added = gzip(hooks.text) - gzip(entry.text);
  t.diagnostic(`hooks: ${added} bytes gzip`);
  assert.ok(added <= 2 * KB, `${added} bytes`);
});

test('an application that imports the package and uses nothing of it pays nothing', async () => {
  const { text } = await bundle(`import 'everwire'; import { connect } from 'everwire'; import 'everwire/react';`);
  assert.equal(text.trim(), '');
});

test('the slim entry carries no wasm', async (t) => {
  const { text } = await bundle(`export { connect, init } from 'everwire/slim';`);
  t.diagnostic(`slim: ${text.length} bytes, ${gzip(text)} gzip`);
  assert.ok(!text.includes('0061736d'));
});
