// @ts-check
// Owns the life of a Redis that keeps nothing on disk; must not know what is tested.

import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { until } from './until.mjs';

/**
 * A Redis of its own for one test; its address.
 *
 * @param {import('node:test').TestContext} t
 */
export async function startRedis(t) {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const redis = spawn('redis-server', options, { stdio: 'ignore' });
  const ended = new Promise((done) => redis.once('close', done));
  t.after(() => (redis.kill('SIGKILL'), ended));
  await until('Redis is ready', () => {
    if (redis.exitCode !== null) throw new Error(`redis-server ended with ${redis.exitCode}`);
    return answers(port);
  });
  return `redis://127.0.0.1:${port}`;
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });
}

/** A port that nobody has at the moment. @returns {Promise<number>} */
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
