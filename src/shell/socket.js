// @ts-check
// Owns one browser `WebSocket`, its listeners and its way out; must not know when to open, send or close.

import * as fact from './facts.js';
import { Outlet } from './outlet.js';

/** @typedef {import('./host.js').Host} Host */

/** An error says nothing that the close does not say. One of `ws`, in Node, ends the process if nobody listens, also later. */
const pass = () => {};

/** A socket with its listeners. Once left, it can tell nothing any more. */
export class Socket {
  /**
   * Begins a connection; throws what the constructor of a `WebSocket` throws: the url or the protocols are wrong.
   *
   * @param {string} url
   * @param {string | string[] | undefined} protocols
   * @param {number} generation
   * @param {Host} host
   */
  constructor(url, protocols, generation, host) {
    this.socket = host.open(url, protocols, generation);
    // A `Blob` for each binary message would have to be read later, out of order.
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => host.tell(fact.OPENED, generation);
    this.socket.onclose = (event) => host.closed(generation, event);
    this.socket.onmessage = host.plane.listener(generation);
    this.socket.onerror = pass;
    this.outlet = new Outlet(this.socket, generation, host.plane, host.client);
  }

  /** Sends what is waiting, and closes without waiting for the peer: Safari may never tell. */
  abandon() {
    if (this.socket.readyState === WebSocket.OPEN) this.outlet.flush();
    this.leave();
  }

  leave() {
    const { socket } = this;
    socket.onopen = socket.onclose = socket.onmessage = null;
    try {
      socket.close(1000);
    } catch {
      // What a page has put in place of a socket may throw; it is left all the same.
    }
  }
}
