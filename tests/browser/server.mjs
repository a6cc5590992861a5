// @ts-check
// The server of the browser tests: a real WebSocket server that does what a test tells it to.
//
//     node tests/browser/server.mjs [port]      (port 8975 unless EVERWIRE_TEST_PORT or the argument says otherwise)
//
// Every connection belongs to a room (`?room=`), so that engines and tests can share one server.
//   /echo        sends every frame back
//   /mute        accepts, and says nothing
//   /plain       answers pings, obeys
//   /everwire    says hello, acknowledges, numbers, answers resyncs, obeys
//   /drop?code=  accepts and closes at once
//   /refuse      refuses the handshake
//   GET /room?room=   what happened there, as JSON
// What is obeyed: {type:"do", frames?: string[], publish?: object[], binary?: true, restart?: true, stall?: true,
//   old?: {frames: string[], close: number}, close?: number, cut?: true}, in this order; `old` is for the stalled
//   connections of the room, which read again after it; `all: true` closes and cuts every connection of the room.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const port = Number(process.argv[2] ?? process.env.EVERWIRE_TEST_PORT ?? 8975);

/** @typedef {import('ws').WebSocket & { stalled?: boolean, batch?: boolean }} Socket */

class Room {
  /** @type {Set<Socket>} */
  sockets = new Set();
  opened = 0;
  /** @type {string[]} */
  frames = [];
  epoch = 1;
  /** @type {object[]} */
  log = [];
  /** @type {Map<string, object>} */
  outcomes = new Map();
  mostAtOnce = 0;
}

/** @type {Map<string, Room>} */
const rooms = new Map();

/** @param {URL} url */
function roomOf(url) {
  const name = url.searchParams.get('room') ?? '';
  let room = rooms.get(name);
  if (!room) rooms.set(name, (room = new Room()));
  return room;
}

const http = createServer((request, response) => {
  const room = roomOf(new URL(request.url ?? '/', 'http://localhost'));
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Content-Type', 'application/json');
  const { opened, frames, mostAtOnce, epoch } = room;
  response.end(JSON.stringify({ open: room.sockets.size, opened, frames, mostAtOnce, epoch, seq: room.log.length }));
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });

http.on('upgrade', (request, socket, head) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/refuse') {
    roomOf(url).opened++;
    socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (accepted) => serve(accepted, url));
});

/**
 * @param {Socket} socket
 * @param {URL} url
 */
function serve(socket, url) {
  const room = roomOf(url);
  const kind = url.pathname.slice(1);
  room.opened++;
  room.sockets.add(socket);
  room.mostAtOnce = Math.max(room.mostAtOnce, room.sockets.size);
  socket.on('close', () => room.sockets.delete(socket));
  socket.on('error', () => {});
  if (kind === 'drop') return socket.close(Number(url.searchParams.get('code') ?? 1000));
  if (kind === 'everwire') {
    const limits = JSON.parse(url.searchParams.get('limits') ?? '{}');
    say(socket, {
      type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], epoch: `e${room.epoch}`, seq: room.log.length, limits,
      keep: 60_000,
    });
  }
  socket.on('message', (data, binary) => {
    const text = String(data);
    room.frames.push(text);
    if (socket.stalled || kind === 'mute') return;
    if (kind === 'echo') return socket.send(binary ? data : text);
    const frame = JSON.parse(text);
    for (const message of Array.isArray(frame) ? frame : [frame]) answer(socket, room, kind, message);
  });
}

/**
 * @param {Socket} socket @param {Room} room @param {string} kind @param {any} message
 */
function answer(socket, room, kind, message) {
  if (message.type === 'ping') return say(socket, { type: 'pong', ts: message.ts });
  if (message.type === 'do') obey(socket, room, message);
  if (kind !== 'everwire') return;
  if (message.type === 'hello') socket.batch = true;
  if (message.type === 'resync_request') resync(socket, room, message);
  if (message.$id !== undefined) {
    const outcome = room.outcomes.get(message.$id) ?? { type: 'ack', id: message.$id };
    room.outcomes.set(message.$id, outcome);
    say(socket, outcome);
  }
}

/**
 * @param {Socket} socket @param {Room} room @param {any} message
 */
function obey(socket, room, { frames = [], publish = [], binary, restart, stall, old, close, cut, all }) {
  for (const frame of frames) socket.send(frame);
  if (binary) socket.send(Buffer.from([1, 2, 3]));
  if (publish.length > 0) {
    const events = publish.map((/** @type {object} */ event) => {
      const numbered = { ...event, $seq: room.log.length + 1 };
      room.log.push(numbered);
      return numbered;
    });
    for (const each of room.sockets) {
      if (each.stalled) continue;
      if (each.batch && events.length > 1) say(each, events);
      else for (const event of events) say(each, event);
    }
  }
  if (restart) {
    room.epoch++;
    room.log = [];
  }
  if (stall) {
    socket.stalled = true;
    socket.pause();
  }
  for (const each of old ? room.sockets : []) {
    if (!each.stalled) continue;
    for (const frame of old.frames) each.send(frame);
    each.close(old.close);
    each.resume();
  }
  for (const each of all ? [...room.sockets] : [socket]) {
    if (close !== undefined) each.close(close);
    if (cut) each.terminate();
  }
}

/**
 * @param {Socket} socket @param {Room} room @param {any} message
 */
function resync(socket, room, { last_seen: from, epoch }) {
  const to = room.log.length;
  const kept = epoch === `e${room.epoch}` && Number.isInteger(from) && from <= to;
  say(socket, {
    type: 'resync', epoch: `e${room.epoch}`, from, to, kept,
    events: kept ? room.log.slice(from) : [],
    ...(kept ? {} : { state: { count: to } }),
  });
}

/** @param {Socket} socket @param {unknown} message */
function say(socket, message) {
  socket.send(JSON.stringify(message));
}

http.listen(port, '127.0.0.1', () => console.log(`ws://127.0.0.1:${port}`));
