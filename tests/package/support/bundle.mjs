// @ts-check
// Owns bundling as an application does it: esbuild without configuration; must not know what is bundled.

import { build } from 'esbuild';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * The text of one minified bundle.
 *
 * @param {string} source the application
 * @param {import('esbuild').BuildOptions} [options]
 */
export async function bundle(source, options = {}) {
  const { outputFiles, warnings } = await build({
    stdin: { contents: source, resolveDir: here },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
    ...options,
  });
  const text = outputFiles?.find(({ path }) => !path.endsWith('.wasm'))?.text ?? '';
  return { text, warnings };
}
