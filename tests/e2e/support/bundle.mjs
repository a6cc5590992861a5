// @ts-check
// Owns how the script of a test's page is made: with the package in it, as an application has it. Must not know what is in it.

import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

/** Where what a script imports is looked for. */
const resolveDir = fileURLToPath(new URL('..', import.meta.url));

/** Everything that `source` imports and itself, in one module. JSX is React's. @param {string} source */
export async function bundled(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir, loader: 'jsx' },
    bundle: true,
    minify: true,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
