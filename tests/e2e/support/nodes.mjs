// @ts-check
// Owns several server processes behind nginx, as `make demo NODES=3` starts them; must not know what is tested.

import { spawn } from 'node:child_process';
import { freePort } from '../../../tools/ports.mjs';
import { root } from './server.mjs';
import { until } from './until.mjs';

/**
 * @param {import('node:test').TestContext} t
 * @param {{ redis?: string, args?: string[] }} [options] `args` of each server
 */
export async function startNodes(t, { redis = '', args = [] } = {}) {
  const port = await freePort();
  const child = spawn(process.execPath, ['tools/serve-nodes.mjs', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODES: '3', PORT: String(port), REDIS_URL: redis },
  });
  const ended = new Promise((done) => child.once('exit', done));
  const stop = async () => (child.kill('SIGTERM'), await ended);
  t.after(stop);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  await until('the nodes are ready', () => {
    if (child.exitCode !== null) throw new Error(said);
    return said.includes('The demo is at');
  }, { within: 30_000 });
  /** @param {number} node @param {string} what */
  const last = (node, what) => Number([...said.matchAll(new RegExp(`node ${node} on ${what}`, 'g'))].at(-1)?.[1]);
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    /** The process that is a node now. @param {number} node */
    pid: (node) => last(node, '.* kill -9 (\\d+)'),
    /** Past nginx. @param {number} node */
    portOf: (node) => last(node, '127\\.0\\.0\\.1:(\\d+)'),
    stop,
    said: () => said,
  };
}
