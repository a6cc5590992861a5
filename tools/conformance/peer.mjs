// @ts-check
// Owns one raw connection: every frame that came, with what had been said until then; must not know what is right.

import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { pause, until } from './check.mjs';

/**
 * A message as it came. `named` is what this side's hello had named by then, null before it.
 *
 * @typedef {{ message: any, named: string[] | null, frame: number }} Heard
 */
/** @typedef {{ text: string, value: any, named: string[] | null, binary: boolean }} Frame */
/** @typedef {{ url: string, origin?: string, token?: string, patience: number }} Target */

export class Peer {
  client = randomBytes(16).toString('hex');
  /** @type {Frame[]} */
  frames = [];
  /** @type {Heard[]} */
  heard = [];
  /** What the client's hello named; null until it was said. @type {string[] | null} */
  named = null;
  /** @type {number | null} */
  code = null;
  opened = performance.now();
  /** The last `n` of an `$id`. */
  n = 0;

  /** @param {Target} target */
  constructor(target) {
    this.target = target;
    const socket = new WebSocket(target.url, target.origin === undefined ? {} : { origin: target.origin });
    this.socket = socket;
    socket.on('message', (data, binary) => this.#read(String(data), binary));
    socket.on('close', (code) => (this.code = code));
    socket.on('error', (error) => (this.error = error));
  }

  /** @param {Target} target */
  static async open(target) {
    const peer = new Peer(target);
    await until(() => peer.socket.readyState === WebSocket.OPEN || peer.code !== null, target.patience + 5_000);
    if (peer.socket.readyState !== WebSocket.OPEN && peer.frames.length === 0) {
      peer.socket.terminate();
      throw new Error(`${target.url} cannot be opened: ${peer.error?.message ?? `closed with ${peer.code}`}`);
    }
    return peer;
  }

  /** @param {string} text @param {boolean} binary */
  #read(text, binary) {
    const { named } = this;
    let value;
    try {
      value = binary ? undefined : JSON.parse(text);
    } catch {
      value = undefined;
    }
    this.frames.push({ text, value, named, binary });
    const isBatch = Array.isArray(value) && typeof value[0]?.type === 'string';
    for (const message of isBatch ? value : [value]) {
      this.heard.push({ message, named, frame: this.frames.length - 1 });
      if (message?.type === 'ping' && named !== null) this.send({ type: 'pong', ts: message.ts });
    }
  }

  get messages() {
    return this.heard.map(({ message }) => message);
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Where to look for what comes from now on. */
  get mark() {
    return this.heard.length;
  }

  /** @param {unknown} message */
  send(message) {
    this.sendText(JSON.stringify(message));
  }

  /** @param {string | Buffer} frame */
  sendText(frame) {
    this.socket.send(frame, () => {});
  }

  /** @param {string[]} features */
  sayHello(features) {
    const { token } = this.target;
    this.send({ type: 'hello', v: 1, features, client: this.client, ...(token === undefined ? {} : { token }) });
    this.named = features;
  }

  /** The next `$id` of this client. */
  nextId() {
    this.n += 1;
    return `${this.client}.${this.n}`;
  }

  /**
   * The first message that fits, or undefined if none came in time.
   *
   * @param {(message: any) => unknown} fits
   * @param {{ from?: number, within?: number }} [options]
   */
  async hear(fits, { from = 0, within = this.target.patience } = {}) {
    const look = () => this.heard.slice(from).find(({ message }) => message !== undefined && message !== null && fits(message));
    const found = await until(() => look() ?? (this.code === null ? undefined : { message: undefined }), within);
    return (found ?? look())?.message;
  }

  /** The number with which the connection was closed, or null if it was not. @param {number} [within] */
  closeCode(within = this.target.patience) {
    return until(() => this.code, within);
  }

  /** The answer to a ping of ours, or undefined. */
  async ping(ts = /** @type {unknown} */ (`${Math.random()}`)) {
    const from = this.mark;
    this.send({ type: 'ping', ts });
    return this.hear(({ type }) => type === 'pong', { from });
  }

  async leave() {
    this.socket.close(1000);
    await until(() => this.code !== null, 300);
    this.socket.terminate();
  }

  /** Breaks it, as a network does. */
  async cut() {
    this.socket.terminate();
    await pause(20);
  }
}
