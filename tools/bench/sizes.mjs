// @ts-check
// How many bytes a page loads for everwire, and which functions of the module they are.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { functionSizes } from './wasm-functions.mjs';

/** @typedef {{ what: string, raw: number, gzip: number, brotli: number }} Size */

/** Bytes at most: what the released package is to keep to. */
export const limits = {
  'core.wasm': { raw: 65_536 },
  everwire: { gzip: 30_720 },
  'everwire/stream': { gzip: 26_624 },
  'everwire/fallback': { gzip: 13_824 },
  'everwire/causal': { gzip: 13_312 },
  'everwire/mutate': { gzip: 2_048 },
  'everwire/presence': { gzip: 14_336 },
  'everwire/yjs': { gzip: 3_584 },
};

const modules = ['core', 'stream', 'fallback', 'causal', 'presence'];
const entries = ['', '/slim', '/react', '/stream', '/stream/react', '/fallback', '/causal', '/mutate', '/presence', '/presence/react'];

/** @returns {Promise<Size[]>} */
export async function sizes() {
  const bundles = entries.map((entry) => `everwire${entry}`).map(async (entry) => sizeOf(entry, await bundle(entry)));
  return [...modules.map((name) => sizeOf(`${name}.wasm`, readFileSync(`pkg/${name}.wasm`))), ...(await Promise.all(bundles))];
}

/** What is over its limit, in words; nothing if all is well. @param {Size[]} all */
export function overLimit(all) {
  return all.flatMap((size) =>
    Object.entries(limits[/** @type {keyof typeof limits} */ (size.what)] ?? {})
      .filter(([way, most]) => size[/** @type {'raw' | 'gzip'} */ (way)] > most)
      .map(([way, most]) => `${size.what}: ${size[/** @type {'raw' | 'gzip'} */ (way)]} bytes ${way}, at most ${most} allowed`),
  );
}

/** @param {string} what @param {Uint8Array} bytes @returns {Size} */
function sizeOf(what, bytes) {
  return {
    what,
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  };
}

/** As a page's bundler would, React left to the page. @param {string} entry */
async function bundle(entry) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${entry}'`, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['react'],
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

/**
 * The module once more, optimised like the released one but with its names kept.
 * @returns {{ group: string, bytes: number, functions: number, largest: string }[]}
 */
export function composition() {
  const target = process.env['CARGO_TARGET_DIR'] ?? 'target';
  const folder = mkdtempSync(join(tmpdir(), 'everwire-bench-'));
  try {
    const compiled = join(target, 'wasm32-unknown-unknown/release/everwire.wasm');
    execFileSync('wasm-bindgen', ['--target', 'web', '--no-typescript', '--out-dir', folder, compiled]);
    const optimised = join(folder, 'named.wasm');
    execFileSync('wasm-opt', ['--flatten', '--rereloop', '-Oz', '-Oz', '--debuginfo', join(folder, 'everwire_bg.wasm'), '-o', optimised]);
    return grouped(functionSizes(readFileSync(optimised)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {{ name: string, bytes: number }[]} functions */
function grouped(functions) {
  /** @type {Map<string, { group: string, bytes: number, functions: number, largest: string, most: number }>} */
  const groups = new Map();
  for (const { name: mangled, bytes } of functions) {
    // Without the hashes that tell two versions of a crate apart.
    const name = mangled.replace(/::h[0-9a-f]{16}$|\[[0-9a-f]{16}\]/g, '');
    const group = groupOf(name);
    const sum = groups.get(group) ?? { group, bytes: 0, functions: 0, largest: '', most: 0 };
    sum.bytes += bytes;
    sum.functions += 1;
    if (bytes > sum.most) Object.assign(sum, { most: bytes, largest: `${name} (${bytes})` });
    groups.set(group, sum);
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes).map(({ most, ...group }) => group);
}

/** Our own code by module, that of others by crate. @param {string} name */
function groupOf(name) {
  const path = name.replace(/^[<&*(\[]+(?:mut |dyn )?/, '').split(/ as |[<{ ]/)[0] ?? '';
  const parts = path.split('::');
  if (parts.length < 2) return 'exports and glue';
  return parts[0] === 'everwire' ? parts.slice(0, 3).join('::') : (parts[0] ?? '');
}
