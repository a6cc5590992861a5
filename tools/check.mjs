// @ts-check
// `make check`: everything that is looked at without being run. Goes on after a failure, so that one
// run shows all there is to mend.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const denyWarnings = ['--', '--deny', 'warnings'];
const wasm = ['--target', 'wasm32-unknown-unknown', '--package', 'everwire'];
const docs = { RUSTDOCFLAGS: '--deny warnings' };
const tarball = `pkg/${readdirSync('pkg').find((file) => file.endsWith('.tgz'))}`;

/** @typedef {{ name: string, command?: string[], env?: Record<string, string>, test?: () => string }} Step */

/** @type {Step[]} */
const steps = [
  { name: 'rustfmt', command: ['cargo', 'fmt', '--all', '--check'] },
  { name: 'clippy, host', command: ['cargo', 'clippy', '--quiet', '--workspace', '--all-targets', ...denyWarnings] },
  { name: 'clippy, wasm', command: ['cargo', 'clippy', '--quiet', ...wasm, '--lib', '--tests', ...denyWarnings] },
  ...['socket', 'stream', 'fallback', 'causal', 'presence'].map((feature) => ({
    name: `clippy, the module for ${feature}`,
    command: ['cargo', 'clippy', '--quiet', ...wasm, '--lib', '--no-default-features', '--features', feature, ...denyWarnings],
  })),
  { name: 'rustdoc, host', command: ['cargo', 'doc', '--quiet', '--workspace', '--no-deps', '--document-private-items'], env: docs },
  { name: 'rustdoc, wasm', command: ['cargo', 'doc', '--quiet', ...wasm, '--no-deps', '--document-private-items'], env: docs },
  { name: 'types of the tools', command: ['tsc', '--project', 'tools'] },
  ...typescriptProjects(['pkg-template', 'tests/types', 'tests/package', 'tests/conformance', 'tests/e2e', 'demo/web']),
  { name: 'publint', command: ['publint', 'run', tarball, '--strict'] },
  { name: 'are the types wrong', command: ['attw', tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'] },
  { name: 'lock files name no host', test: lockFilesNameNoHost },
];

const failed = steps.filter((step) => !run(step));
for (const { name } of failed) console.log(`not ok: ${name}`);
console.log(`${steps.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** @param {string[]} folders @returns {Step[]} */
function typescriptProjects(folders) {
  return folders
    .filter((folder) => existsSync(`${folder}/tsconfig.json`))
    .map((folder) => ({ name: `types of ${folder}`, command: ['tsc', '--noEmit', '--project', folder] }));
}

/** @param {Step} step */
function run({ name, command, env, test }) {
  const from = Date.now();
  let complaint = '';
  if (test) complaint = test();
  if (command) {
    const [program = '', ...args] = command;
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
      maxBuffer: 64 * 1024 * 1024,
      timeout: 300_000,
    });
    if (status !== 0) complaint = `${command.join(' ')}\n${stdout ?? ''}${stderr ?? ''}${error ?? ''}`;
  }
  console.log(`${complaint ? 'not ok' : 'ok'}  ${name} (${((Date.now() - from) / 1000).toFixed(1)} s)`);
  if (complaint) console.log(complaint);
  return !complaint;
}

/** A lock file that says where its packages came from works only for those who can reach that place. */
function lockFilesNameNoHost() {
  return ['package-lock.json', 'demo/web/package-lock.json']
    .filter((file) => /"resolved": "https?:/.test(readFileSync(file, 'utf8')))
    .map((file) => `${file} names a host: npm config set omit-lockfile-registry-resolved true, and make it again`)
    .join('\n');
}
