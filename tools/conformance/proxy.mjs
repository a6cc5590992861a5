// @ts-check
// Owns a way to the server that can be cut; must not know what passes.

import { connect, createServer } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** @param {string} url where connections go */
export async function openProxy(url) {
  const { hostname, port, protocol } = new URL(url);
  const isSecure = protocol === 'wss:';
  const host = hostname.replace(/^\[|\]$/g, '');
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let isOpen = true;
  const server = createServer((near) => {
    if (!isOpen) return near.destroy();
    const to = { host, port: Number(port || (isSecure ? 443 : 80)) };
    const far = isSecure ? connectSecurely({ ...to, servername: host }) : connect(to);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const breakAll = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: address.port,
    /** Breaks what there is, and lets nothing new through. */
    cut: () => {
      isOpen = false;
      breakAll();
    },
    restore: () => void (isOpen = true),
    close: () => {
      breakAll();
      server.close();
    },
  };
}
