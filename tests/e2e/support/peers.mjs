// @ts-check
// Owns small WebSocket servers that know less than the reference server, or behave badly; must not know what a test expects.

import { WebSocketServer } from 'ws';
import { until } from './until.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('ws').WebSocket} Socket */
/**
 * What a server does with a connection.
 *
 * @typedef {(socket: Socket, peer: Peer) => void} Behaviour
 */

/** A connection as the server saw it; times by `performance.now()`. @typedef {{ opened: number, closed: number | null, code: number | null }} Visit */

export class Peer {
  /** @type {Visit[]} */
  visits = [];
  /** Every message that came, parsed where it could be. @type {any[]} */
  heard = [];
  port = 0;

  /** @param {Behaviour} behaviour */
  constructor(behaviour) {
    this.behaviour = behaviour;
    /** @type {WebSocketServer | null} */
    this.server = null;
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/`;
  }

  get open() {
    return this.visits.filter((visit) => visit.closed === null).length;
  }

  /** @param {string} type */
  messages(type) {
    return this.heard.filter((message) => message?.type === type);
  }

  async start() {
    const server = new WebSocketServer({ port: this.port, host: '127.0.0.1' });
    server.on('connection', (socket) => this.#visit(socket));
    await new Promise((listening, failed) => server.once('listening', listening).once('error', failed));
    this.server = server;
    this.port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
    return this;
  }

  /** Ends all connections, and with them the server. */
  async stop() {
    const { server } = this;
    if (!server) return;
    this.server = null;
    for (const socket of server.clients) socket.terminate();
    await new Promise((closed) => server.close(closed));
  }

  /** @param {object} message to all */
  say(message) {
    for (const socket of this.server?.clients ?? []) socket.send(JSON.stringify(message));
  }

  /** @param {Socket} socket */
  #visit(socket) {
    /** @type {Visit} */
    const visit = { opened: performance.now(), closed: null, code: null };
    this.visits.push(visit);
    socket.on('close', (code) => Object.assign(visit, { closed: performance.now(), code }));
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const text = String(data);
      try {
        this.heard.push(JSON.parse(text));
      } catch {
        this.heard.push(text);
      }
    });
    this.behaviour(socket, this);
  }
}

/** @param {TestContext} t @param {Behaviour} behaviour */
export async function startPeer(t, behaviour) {
  const peer = await new Peer(behaviour).start();
  t.after(() => peer.stop());
  return peer;
}

/** @param {Socket} socket @param {object} message */
const send = (socket, message) => socket.send(JSON.stringify(message));

/** @param {Socket} socket @param {(message: any) => void} act */
const onMessage = (socket, act) => void socket.on('message', (data) => act(JSON.parse(String(data))));

/** Says back what it hears, word for word. @type {Behaviour} */
export const echo = (socket) => void socket.on('message', (data, binary) => socket.send(data, { binary }));

/** Hears and says nothing of its own. @type {Behaviour} */
export const silent = () => {};

/** The smallest rules (PROTOCOL.md): answers pings. @type {Behaviour} */
export const smallest = (socket) => onMessage(socket, ({ type, ts }) => type === 'ping' && send(socket, { type: 'pong', ts }));

/** Accepts, and drops at once. @type {Behaviour} */
export const drop = (socket) => socket.terminate();

/**
 * Says hello, numbers its events, answers pings and resyncs.
 *
 * @param {{ state?: () => unknown }} [options]
 * @returns {Behaviour & { epoch: string, seq: number, greeted: number }}
 */
export function speaking({ state = () => ({}) } = {}) {
  /** @type {any} */
  const behaviour = (/** @type {Socket} */ socket) => {
    send(socket, {
      type: 'hello',
      v: 1,
      features: ['batch', 'ack', 'seq'],
      epoch: behaviour.epoch,
      seq: behaviour.seq,
      heartbeat: { by: 'client', every: 15_000 },
      limits: { frame: 1 << 20, inflight: 256 },
      keep: 600_000,
    });
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data));
      for (const message of Array.isArray(frame) ? frame : [frame]) answer(socket, message);
    });
  };
  /** @param {Socket} socket @param {any} message */
  const answer = (socket, message) => {
    const { seq, epoch } = behaviour;
    if (message.type === 'hello') behaviour.greeted++;
    if (message.type === 'ping') send(socket, { type: 'pong', ts: message.ts });
    if (message.type === 'resync_request') {
      send(socket, { type: 'resync', epoch, from: message.last_seen ?? 0, to: seq, kept: false, events: [], state: state() });
    }
    if (message.$id !== undefined) send(socket, { type: 'ack', id: message.$id });
  };
  return Object.assign(behaviour, { epoch: 'e1', seq: 0, greeted: 0 });
}

/**
 * Waits until somebody is connected.
 *
 * @param {Peer} peer
 * @param {number} [visits] so many so far
 */
export const visited = (peer, visits = 1) => until(`${visits} connections`, () => peer.visits.length >= visits);
