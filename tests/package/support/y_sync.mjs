// @ts-check
// Owns the other end of a shared document: frames of the y-sync protocol by hand, and the stock server of y-websocket on a
// port; must not know what is tested.

import { setupWSConnection, docs } from '@y/websocket-server/utils';
import { WebSocketServer } from 'ws';

/** @param {number[]} head @param {Uint8Array} body */
function frame(head, body) {
  const length = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Uint8Array.of(...head, ...length, ...body).buffer;
}

/** @param {Uint8Array} vector */
export const ask = (vector) => frame([0, 0], vector);
/** @param {Uint8Array} update */
export const answer = (update) => frame([0, 1], update);
/** @param {Uint8Array} update */
export const update = (update) => frame([0, 2], update);
/** @param {Uint8Array} entries */
export const awareness = (entries) => frame([1], entries);

/** What a frame says, and with what. @param {Uint8Array} bytes */
export function read(bytes) {
  const sync = bytes[0] === 0;
  const what = sync ? (['ask', 'answer', 'update'][bytes[1] ?? 9] ?? 'nothing') : bytes[0] === 1 ? 'awareness' : 'nothing';
  let at = sync ? 2 : 1;
  while ((bytes[at++] ?? 0) > 0x7f);
  return { what, body: bytes.subarray(at) };
}

/** The stock server. Its documents are forgotten with it. */
export class StockServer {
  port = 0;
  /** @type {WebSocketServer | undefined} */
  #server;
  /** The documents that were asked for here; others of this process have theirs. @type {Set<string>} */
  #names = new Set();

  get url() {
    return `ws://127.0.0.1:${this.port}`;
  }

  async start() {
    const server = new WebSocketServer({ port: this.port, host: '127.0.0.1' });
    server.on('connection', (socket, request) => {
      this.#names.add((request.url ?? '').slice(1).split('?')[0] ?? '');
      setupWSConnection(/** @type {any} */ (socket), request, {});
    });
    await new Promise((done, failed) => server.once('listening', () => done(null)).once('error', failed));
    this.#server = server;
    this.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    return this;
  }

  /** Breaks every connection. */
  cut() {
    for (const socket of this.#server?.clients ?? []) socket.terminate();
  }

  /** Ends, and forgets what it was told. */
  async stop() {
    this.cut();
    await new Promise((done) => this.#server?.close(done));
    for (const name of this.#names) {
      docs.get(name)?.destroy();
      docs.delete(name);
    }
  }
}
