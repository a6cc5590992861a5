// @ts-check
// Owns finding a port that is free, and seeing whether one is listened on; must not know for what.

import { connect, createServer } from 'node:net';

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

/** Whether somebody listens there. @param {number} port @returns {Promise<boolean>} */
export function answers(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });
}
