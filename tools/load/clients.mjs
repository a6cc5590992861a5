// @ts-check
// Owns bare sockets that look on a stream or are in a room, fast and slow ones; must not know what is measured with them.

import { connect } from 'node:net';

/** How long an answer to a handshake may take, in milliseconds. */
const PATIENCE = 20_000;
/** A slow reader of the second kind takes what is there so often, in milliseconds: some 64 KiB at a time. */
const DRIP = 1_000;

/** @typedef {(number: number, at: number) => void} Heard */

/**
 * Connects, asks, and gives every piece of the answer's body to `read`.
 *
 * @param {number} port @param {string} path @param {string} headers
 * @param {(piece: Buffer) => void} read
 * @returns {Promise<import('node:net').Socket>} once the answer is as it should be
 */
export function open(port, path, headers, read) {
  return new Promise((done, failed) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let head = Buffer.alloc(0);
    let isOpen = false;
    const late = setTimeout(() => socket.destroy(new Error(`${path}: no answer`)), PATIENCE);
    socket.once('error', (error) => (isOpen ? undefined : failed(error)));
    socket.once('close', () => (clearTimeout(late), failed(new Error(`${path}: closed`))));
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`));
    socket.on('data', (piece) => {
      if (isOpen) return read(piece);
      head = Buffer.concat([head, piece]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      const status = head.subarray(9, 12).toString();
      if (status !== '200' && status !== '101') return void socket.destroy(new Error(`${path}: ${head.subarray(0, end)}`));
      clearTimeout(late);
      isOpen = true;
      read(head.subarray(end + 4));
      done(socket);
    });
  });
}

/**
 * One who looks on a stream: is told each event's number. The position that a connection begins with is one, too.
 *
 * @param {number} port @param {string} path @param {Heard} heard
 */
export function viewer(port, path, heard) {
  let rest = '';
  return open(port, path, VIEW, (piece) => {
    const at = performance.now();
    const text = rest + piece.toString('latin1');
    let from = 0;
    for (const match of text.matchAll(/id: [0-9a-f]+:(\d+)\n/g)) {
      heard(Number(match[1]), at);
      from = match.index + match[0].length;
    }
    rest = text.slice(Math.max(from, text.length - 100));
  });
}

const VIEW = 'Accept: text/event-stream\r\n';
export const UPGRADE = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
/** Members so far: each has a name of its own. */
let entered = 0;
const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 };

/** A frame of a client, whose mask is zeros. @param {number} opcode @param {Buffer} payload of less than 126 bytes */
const frame = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

/** @param {object} message */
export const message = (message) => frame(OPCODE.text, Buffer.from(JSON.stringify(message)));

/** The first frame of `bytes`: where it ends, and what is in it; null if it is not there yet. @param {Buffer} bytes */
export function firstFrame(bytes) {
  if (bytes.length < 2) return null;
  const short = /** @type {number} */ (bytes[1]) & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < head) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return bytes.length < head + length ? null : { opcode: /** @type {number} */ (bytes[0]) & 0x0f, payload: bytes.subarray(head, head + length), end: head + length };
}

/**
 * One in a room whose hello names nothing: is told which `run_state` it was, from 1. A text that names none is no event of
 * those.
 *
 * @param {number} port @param {string} path @param {Heard} heard
 */
export async function member(port, path, heard) {
  /** @type {Buffer} */
  let rest = Buffer.alloc(0);
  let count = 0;
  /** @type {import('node:net').Socket | undefined} */
  let socket;
  socket = await open(port, path, UPGRADE, (piece) => {
    const at = performance.now();
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    for (let found; (found = firstFrame(rest)); rest = rest.subarray(found.end)) {
      if (found.opcode === OPCODE.ping) socket?.write(frame(OPCODE.pong, found.payload));
      if (found.opcode === OPCODE.text && found.payload.includes('"type":"run_state"')) heard((count += 1), at);
    }
  });
  // Before it has heard what a client speaks, the server waits with events for a while.
  socket.write(message({ type: 'hello', v: 1, features: [], client: `member-${process.pid}-${(entered += 1)}` }));
  return socket;
}

/**
 * One that does not keep up with `path`: every other takes nothing at all, the others a little every second. One of a room
 * goes on asking for its state. One that is ended comes back.
 *
 * @param {number} port @param {{ path: string, isRoom: boolean, drips: boolean }} how
 * @returns {Promise<{ close(): void }>}
 */
export async function slow(port, { path, isRoom, drips }) {
  let isClosed = false;
  /** @type {import('node:net').Socket | undefined} */
  let socket;
  const begin = async () => {
    socket = await open(port, path, isRoom ? UPGRADE : VIEW, () => drips && socket?.pause());
    socket.pause();
    socket.once('close', () => isClosed || void begin().catch(() => {}));
  };
  await begin();
  const timer = setInterval(() => {
    if (drips) socket?.resume();
    // What cannot be written either is not kept here.
    if (isRoom && socket?.writable && socket.writableLength === 0) socket.write(message({ type: 'resync_request', last_seen: null }));
  }, drips ? DRIP : DRIP / 2);
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
      socket?.destroy();
    },
  };
}
