// @ts-check
// Owns what a server's log really says: everything, read past the proxy by somebody who always reads; must not know what
// a page was told.

import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { decision } from './gates.mjs';
import { pause } from './until.mjs';

/** How long until the witness tries again after the server's end. */
const AGAIN = 50;

export class Witness {
  /** The numbered events: the one with `$seq` 1 first. @type {any[]} */
  log = [];
  /** The epochs of the log, which should be one. @type {Set<string>} */
  epochs = new Set();
  client = randomBytes(16).toString('hex');
  ended = false;

  /** @param {string} url past the proxy */
  constructor(url) {
    this.url = url;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.#watch();
  }

  get head() {
    return this.log.length;
  }

  end() {
    this.ended = true;
    this.socket?.terminate();
  }

  /** A decision of another person. Nobody cares whether it arrives. @param {string} node */
  decide(node) {
    if (this.socket?.readyState === WebSocket.OPEN) this.#say(decision(node));
  }

  async #watch() {
    while (!this.ended) {
      const socket = (this.socket = new WebSocket(this.url));
      socket.on('error', () => {});
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        for (const message of Array.isArray(frame) ? frame : [frame]) this.#hear(message);
      });
      await new Promise((closed) => socket.on('close', closed));
      await pause(AGAIN);
    }
  }

  /** @param {any} message */
  #hear(message) {
    const { type, epoch, seq, $seq, $id } = message;
    if (epoch !== undefined) this.epochs.add(epoch);
    if (type === 'hello') {
      this.#say({ type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], client: this.client });
      if (seq > this.head) this.#ask(epoch);
    }
    if (type === 'resync') {
      for (const event of message.events) this.#hear(event);
      return;
    }
    if ($id !== undefined) this.#say({ type: 'ack', id: $id });
    if ($seq === this.head + 1) this.log.push(message);
    else if ($seq > this.head + 1) this.#ask([...this.epochs][0]);
  }

  /** @param {string | undefined} epoch */
  #ask(epoch) {
    this.#say({ type: 'resync_request', last_seen: this.head, epoch });
  }

  /** @param {object} message */
  #say(message) {
    this.socket?.send(JSON.stringify(message), () => {});
  }
}

/** @param {import('node:test').TestContext} t @param {string} url */
export function startWitness(t, url) {
  const witness = new Witness(url);
  t.after(() => witness.end());
  return witness;
}

/** The gates that were decided, in the order of the log, by runs. @param {readonly any[]} log @returns {string[][]} */
export function decidedGates(log) {
  /** @type {string[][]} */
  const runs = [];
  for (const { type, mutation, node_id: node, status } of log) {
    if (type === 'dag_mutated' && mutation.op === 'start') runs.push([]);
    if (type === 'node_state' && status === 'succeeded') runs.at(-1)?.push(node);
  }
  return runs;
}
