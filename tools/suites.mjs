// @ts-check
// Every test suite of the project, in the order in which `make test` runs them.
//
// needs    targets of the Makefile to make first; they install and build
// command  what to run, or
// files    a folder of `*.test.mjs` files for node's test runner
// minutes  when a suite is taken for hung, its needs not counted: well over what it takes

import { resolve } from 'node:path';

/** @typedef {{ name: string, title: string, needs: string[], command?: string[], files?: string,
 *   env?: Record<string, string>, minutes: number }} Suite */

/** @param {string[]} flags @param {string[]} prefix */
const wasmPackTest = (flags, prefix = []) => [
  'node', 'tools/with-server.mjs', ...prefix, 'wasm-pack', 'test', '--headless', ...flags, '--mode', 'no-install', '--', '--test', 'browser*',
];

/** In seconds, for a whole target of tests; wasm-bindgen allows 20 unless told otherwise. */
const wasmTestLimit = { WASM_BINDGEN_TEST_TIMEOUT: '180' };

/** Of the property tests: the same cases each time, so that what fails here fails for everybody. `cargo test` draws others. */
const seeded = { PROPTEST_RNG_SEED: '1' };

/** @type {Suite[]} */
export const suites = [
  {
    name: 'tools',
    title: 'the runner itself',
    needs: [],
    files: 'tools',
    minutes: 1,
  },
  {
    name: 'host',
    title: 'wire, core, architecture and server on the host',
    needs: ['wasm-tools', 'redis', 'pkg'],
    command: ['cargo', 'test', '--workspace', '--no-fail-fast'],
    // What it asks for is looked at too; it must be there.
    env: { ...seeded, EVERWIRE_WASM: resolve(process.env['CARGO_TARGET_DIR'] ?? 'target', 'wasm-bindgen/everwire_bg.wasm') },
    minutes: 15,
  },
  {
    name: 'redis',
    title: 'the server by itself, its rooms in a Redis',
    needs: ['server', 'redis'],
    // What is about several servers has a Redis of its own already.
    command: [
      'node', 'tools/with-redis.mjs', 'cargo', 'test', '--package', 'everwire-server', '--test', 'shell', '--no-fail-fast', '--',
      'docs::', 'http::', 'network::', 'runs::', 'security::', 'sockets::', 'survival::',
    ],
    env: seeded,
    minutes: 6,
  },
  {
    name: 'browser-chromium',
    title: 'shell and data plane in Chromium',
    needs: ['browser-tools'],
    command: wasmPackTest(['--chrome', '--chromedriver', 'chromedriver']),
    env: wasmTestLimit,
    minutes: 5,
  },
  {
    name: 'browser-firefox',
    title: 'shell and data plane in Firefox',
    needs: ['browser-tools'],
    command: wasmPackTest(['--firefox', '--geckodriver', 'geckodriver']),
    env: wasmTestLimit,
    minutes: 5,
  },
  {
    name: 'browser-webkit',
    title: 'shell and data plane in WebKit',
    needs: ['browser-tools'],
    command: wasmPackTest(['--safari', '--safaridriver', 'WebKitWebDriver'], ['xvfb-run', '-a']),
    env: wasmTestLimit,
    minutes: 5,
  },
  {
    name: 'package',
    title: 'the npm package and its hooks in Node',
    needs: ['installed-package', 'stream-wasm'],
    files: 'tests/package',
    minutes: 5,
  },
  {
    name: 'conformance',
    title: 'servers and PROTOCOL.md: ours, and broken ones that have to be caught',
    needs: ['server', 'installed-package', 'redis'],
    files: 'tests/conformance',
    minutes: 6,
  },
  {
    name: 'web',
    title: 'parts of the dashboard in Node',
    needs: ['build'],
    command: ['npm', 'test', '--prefix', 'demo/web'],
    minutes: 2,
  },
  {
    name: 'e2e',
    title: 'the dashboard and the server in Chromium; chaos in every engine',
    needs: ['build', 'installed-package', 'browser-tools', 'nodes'],
    files: 'tests/e2e',
    minutes: 20,
  },
  {
    name: 'check',
    title: 'format, lints, docs, types and package linters',
    needs: ['build', 'installed-package', 'wasm-tools'],
    command: ['node', 'tools/check.mjs'],
    minutes: 8,
  },
];
