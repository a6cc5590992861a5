// @ts-check
// Owns the life of a small server, as it is or with something broken in it; must not know what is checked.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/support/until.mjs';

const servers = fileURLToPath(new URL('../../../demo/servers/', import.meta.url));
export const nodeServer = join(servers, 'node/server.mjs');
export const pythonServer = join(servers, 'python/server.py');
/** Has what those leave out, too. */
export const completeServer = fileURLToPath(new URL('complete.mjs', import.meta.url));
/** What a run has to be told to see all of it. */
export const complete = { token: 'a token', critical: '{"type":"alarm"}', request: '{"type":"count"}', log: 20 };

/** Why the Python server cannot be run here, or false. */
export const withoutPython = spawnSync('python3', ['-c', 'from websockets import ServerConnection\nmatch 1:\n case _: pass']).status === 0 ? false : 'there is no python3 (3.10) with the package websockets (15)';

/**
 * Starts a program that prints its address.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} program @param {string[]} args
 */
export async function start(t, program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PORT: '0' } });
  const ended = new Promise((done) => child.once('exit', done));
  t.after(() => (child.kill('SIGKILL'), ended));
  let printed = '';
  let complained = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (complained += text));
  const ask = () => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${complained}`);
    return /^ws:\/\/\S+$/m.exec(printed)?.[0];
  };
  // All of them start at once.
  const address = await until('the server is ready', ask, { within: 30_000 });
  return { url: address, stop: async () => void child.kill('SIGTERM'), complaints: () => complained };
}

/**
 * A server in JavaScript with each of `changes` made to its text.
 *
 * @param {import('node:test').TestContext} t
 * @param {[string, string][]} changes
 * @param {string} [file]
 */
export async function startBroken(t, changes, file = nodeServer) {
  let text = readFileSync(file, 'utf8').replace("'ws'", JSON.stringify(import.meta.resolve('ws')));
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the server has no ${from}`);
    text = text.replace(from, () => to);
  }
  const folder = mkdtempSync(join(tmpdir(), 'everwire-conformance-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const broken = join(folder, 'server.mjs');
  writeFileSync(broken, text);
  return start(t, process.execPath, [broken]);
}
