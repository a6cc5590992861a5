// @ts-check
// What happens when the package is imported: nothing.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
// It marks the globals, to find out whether it is there twice.
import 'yjs';

const folder = dirname(fileURLToPath(import.meta.resolve('everwire/package.json')));
/** @type {{ exports: Record<string, unknown> }} */
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
/** All but the first and what is no script. */
const entries = Object.keys(manifest.exports).flatMap((path) => /^\.\/(\w+)$/.exec(path)?.[1] ?? []);
const scripts = readdirSync(folder).filter((file) => file.endsWith('.js'));

test('importing everything in Node touches neither the globals nor wasm nor a socket', async (t) => {
  const before = Reflect.ownKeys(globalThis);
  const touched = /** @type {string[]} */ ([]);
  const { Module, Instance } = WebAssembly;
  const count = (/** @type {string} */ name) => class { constructor() { touched.push(name); } };
  Object.assign(WebAssembly, { Module: count('Module'), Instance: count('Instance') });
  const timers = { setTimeout, setInterval, queueMicrotask };
  for (const name of Object.keys(timers)) Object.assign(globalThis, { [name]: () => touched.push(name) });
  t.after(() => Object.assign(WebAssembly, { Module, Instance }) && Object.assign(globalThis, timers));

  const modules = [];
  for (const entry of ['', ...entries.map((name) => `/${name}`)]) modules.push(await import(`everwire${entry}`));

  assert.deepEqual(touched, []);
  assert.deepEqual(Reflect.ownKeys(globalThis), before);
  for (const module of modules) assert.ok(Object.keys(module).length > 0);
});

test('the entries export what their types say', async () => {
  for (const entry of ['index', ...entries]) {
    const names = Object.keys(await import(entry === 'index' ? 'everwire' : `everwire/${entry}`));
    assert.deepEqual(names.sort(), [...declaredValues(`${entry}.d.ts`)].sort(), entry);
  }
});

/** @param {string} file @returns {Set<string | undefined>} */
function declaredValues(file) {
  const text = readFileSync(join(folder, file), 'utf8');
  const own = [...text.matchAll(/^export declare (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
  const shared = [...text.matchAll(/^export \{ (\w+) \} from/gm)].map(([, name]) => name);
  const others = [...text.matchAll(/^export \* from '\.\/(\w+)\.js'/gm)].flatMap(([, other]) => [...declaredValues(`${other}.d.ts`)]);
  return new Set([...own, ...shared, ...others]);
}

test('no file needs a bundler to be configured', () => {
  for (const file of scripts) {
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const text = lines.filter((line) => !/^\s*(?:\*|\/[*/])/.test(line)).join('\n');
    for (const word of ['import.meta', 'import(', 'require(', 'eval(', 'new Function', 'process.env']) {
      assert.ok(!text.includes(word), `${file} contains ${word}`);
    }
    assert.doesNotMatch(text, /^(?:const .* = )?await /m, `${file} waits at its top level`);
  }
});

/** What is not in it, of files that need anything but React. @type {Record<string, string[]>} */
const packages = { 'outbox_store.js': ['idb'], 'yjs.js': ['yjs', 'y-protocols/awareness'] };

test('every file that is imported is in the package', () => {
  const files = readdirSync(folder);
  for (const file of scripts) {
    for (const [, path] of readFileSync(join(folder, file), 'utf8').matchAll(/from '(.+)'/g)) {
      if (path?.startsWith('.')) assert.ok(files.includes(path.slice(2)), `${file} imports ${path}`);
      else assert.ok((packages[file] ?? ['react']).includes(path ?? ''), `${file} imports ${path}`);
    }
  }
});

test('no path of the machine that built it is in the package', () => {
  for (const file of [...scripts, 'core.wasm']) {
    const text = readFileSync(join(folder, file), 'latin1');
    const found = /\/(?:home|root|Users|work|tmp)\/[\w./-]*|\.cargo\/registry/.exec(text);
    assert.equal(found, null, `${file} contains ${found?.[0]}`);
  }
});
