// @ts-check
// Owns finding a port that is free, and seeing whether one is listened on; must not know for what.

import { connect, createServer } from 'node:net';

let next = process.pid * 61;

/**
 * A port that nobody has at the moment. It is below those that the system gives to connections: any of them would take one
 * that is not listened on yet, or for a while.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (let tries = 0; tries < 1_000; tries += 1) {
    // Browsers refuse some ports below 11,000.
    const port = 11_000 + (next++ % 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

/** Whether nobody has it. @param {number} port @returns {Promise<boolean>} */
export function isFree(port) {
  return new Promise((done) => {
    const server = createServer().once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Whether somebody listens there. @param {number} port @returns {Promise<boolean>} */
export function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });
}
