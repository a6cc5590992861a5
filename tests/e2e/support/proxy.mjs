// @ts-check
// Owns a TCP proxy that fails on purpose, one direction at a time, at any byte; must not know what the bytes say.
//
// What a stalled direction holds back is lost when the connection is cut, as it is in a network.

import { connect, createServer } from 'node:net';
import { pause } from './until.mjs';
import { Server } from './server.mjs';

/** @typedef {import('node:net').Socket} Socket */
/** `up` from the page to the server. @typedef {'up' | 'down'} Way */
/** `fin` ends a connection in order, beneath the WebSocket; `rst` breaks it. @typedef {'fin' | 'rst'} End */
/** @typedef {{ page: Socket, server: Socket }} Pair */

/** What a slow direction passes at a time, and how long it rests after it. */
const SLOW = { bytes: 1_024, rest: 60 };

class Direction {
  slow = false;
  /** The next bytes are passed in part, and then the connection breaks. */
  torn = false;
  /** @type {Promise<void> | null} */
  stalled = null;
  release = () => {};

  stall() {
    this.stalled ??= new Promise((release) => (this.release = release));
  }

  heal() {
    this.slow = false;
    this.torn = false;
    this.stalled = null;
    this.release();
  }
}

export class Proxy {
  /** Resets what wants to connect. */
  refusing = false;
  port = 0;
  /** @type {Record<Way, Direction>} */
  ways = { up: new Direction(), down: new Direction() };
  /** @type {Set<Pair>} */
  pairs = new Set();
  /** Connections that were broken on purpose. */
  broken = 0;

  /** @param {() => number} target the server's port, as it is now */
  constructor(target) {
    this.target = target;
    this.listener = createServer({ allowHalfOpen: true, noDelay: true }, (page) => this.#accept(page));
  }

  /** The address of a DAG's stream through it. @param {string} dag */
  stream(dag) {
    return `ws://127.0.0.1:${this.port}/api/dags/${dag}/stream`;
  }

  async start() {
    await new Promise((done, failed) => this.listener.once('error', failed).listen(0, '127.0.0.1', () => done(null)));
    this.port = /** @type {import('node:net').AddressInfo} */ (this.listener.address()).port;
    return this;
  }

  stop() {
    this.heal();
    this.refusing = true;
    this.listener.close();
    for (const pair of [...this.pairs]) this.#break(pair, 'rst');
  }

  /** @param {Way | 'both'} way */
  stall(way) {
    for (const direction of this.#of(way)) direction.stall();
  }

  /** What was held back goes on. @param {Way} way */
  release(way) {
    this.ways[way].heal();
  }

  slow() {
    for (const direction of this.#of('both')) direction.slow = true;
  }

  /** The next bytes that way arrive in part. @param {Way} way */
  tear(way) {
    this.ways[way].torn = true;
  }

  /** Breaks every connection; new ones find the way free. @param {End} by */
  cut(by) {
    for (const pair of [...this.pairs]) this.#break(pair, by);
    this.heal();
  }

  heal() {
    this.refusing = false;
    for (const direction of this.#of('both')) direction.heal();
  }

  /** @param {Way | 'both'} way */
  #of(way) {
    return way === 'both' ? Object.values(this.ways) : [this.ways[way]];
  }

  /** @param {Socket} page */
  #accept(page) {
    page.on('error', () => {});
    if (this.refusing) return void reset(page);
    const port = this.target();
    const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    server.on('error', () => {});
    const pair = { page, server };
    this.pairs.add(pair);
    // The server answers to its own name only.
    const renamed = (/** @type {Buffer} */ head) => Buffer.from(head.toString('latin1').replace(/^Host: .*$/im, `Host: 127.0.0.1:${port}`), 'latin1');
    this.#carry(pair, page, server, this.ways.up, renamed);
    this.#carry(pair, server, page, this.ways.down, (bytes) => bytes);
  }

  /** @param {Pair} pair @param {Socket} from @param {Socket} to @param {Direction} direction @param {(first: Buffer) => Buffer} edit */
  #carry(pair, from, to, direction, edit) {
    let first = true;
    from.on('data', async (read) => {
      const bytes = first ? edit(/** @type {Buffer} */ (read)) : /** @type {Buffer} */ (read);
      first = false;
      // A stalled direction does not even read.
      from.pause();
      await this.#pass(pair, to, direction, bytes);
      from.resume();
    });
    from.on('end', () => to.end());
    from.on('close', async () => {
      // Through a stall, nobody hears of an end either.
      while (direction.stalled) await direction.stalled;
      if (this.pairs.delete(pair)) reset(to);
    });
  }

  /** @param {Pair} pair @param {Socket} to @param {Direction} direction @param {Buffer} bytes */
  async #pass(pair, to, direction, bytes) {
    for (let at = 0; at < bytes.length; ) {
      while (direction.stalled) await direction.stalled;
      if (to.destroyed || !this.pairs.has(pair)) return;
      if (direction.torn) {
        to.write(bytes.subarray(at, at + Math.floor((bytes.length - at) / 2)));
        return this.cut('rst');
      }
      const end = direction.slow ? at + SLOW.bytes : bytes.length;
      const free = to.write(bytes.subarray(at, end));
      at = end;
      if (direction.slow) await pause(SLOW.rest);
      else if (!free) await new Promise((drained) => to.once('drain', drained).once('close', drained));
    }
  }

  /** @param {Pair} pair @param {End} by */
  #break(pair, by) {
    if (!this.pairs.delete(pair)) return;
    this.broken++;
    for (const socket of [pair.page, pair.server]) {
      if (by === 'rst') reset(socket);
      else socket.end(() => socket.destroy());
    }
  }
}

/**
 * Breaks a connection. One that is about to end in order cannot be reset: node 20 would neither close it nor exit.
 *
 * @param {Socket} socket
 */
function reset(socket) {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** A proxy of its own before a server. @param {import('node:test').TestContext} t @param {import('./server.mjs').Server} server */
export async function startProxy(t, server) {
  const proxy = await new Proxy(() => server.port).start();
  t.after(() => proxy.stop());
  return proxy;
}

/** A server, the pages of which are reached through a proxy before it. @param {import('node:test').TestContext} t */
export async function startBehindProxy(t) {
  const server = new Server([]);
  const proxy = await startProxy(t, server);
  t.after(() => server.dispose());
  server.args.push('--behind', String(proxy.port));
  await server.start();
  return { server, proxy, origin: `http://127.0.0.1:${proxy.port}` };
}
