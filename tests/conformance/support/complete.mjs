// @ts-check
// A room like that of demo/servers, with every feature of PROTOCOL.md and small bounds, so that all of them can be seen.
//
// Owns nothing but what a client may observe; must not know what is checked. broken.test.mjs changes its text.

import { randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';

const FRAME = 4_096;
const WINDOW = 8;
const EVENTS = 20;
const PART = 5;
const KEEP = 60_000;
const EVERY = 1_000;
const RETRY = 1_000;
const TOKEN = 'a token';

/** @typedef {{ name: string, highest: number, outcomes: Map<number, any>, unacknowledged: Map<string, any>, peer: Peer | null }} Client */
/** @typedef {{ socket: import('ws').WebSocket, opened: number, at: number, client: Client | null, features: string[], places: Map<string, string> }} Peer */
/** @typedef {{ clock: number, state: any, grace: number, told: string, seen: number, seats: Map<Peer, { away: boolean }>, timer?: NodeJS.Timeout | undefined }} Member */

const epoch = randomBytes(8).toString('hex');
/** @type {any[]} */
let log = [];
let head = 0;
let opened = 0;
/** @type {Map<string, Client>} */
const clients = new Map();
/** @type {Set<Peer>} */
const peers = new Set();
/** Who is here, by room and user. @type {Map<string, Map<string, Member>>} */
const rosters = new Map();
/** The last clock of all: every next one is greater. */
let clock = 0;

/** @param {any} message */
function apply(message) {
  if (message.type === 'say') {
    publish({ type: 'say', text: message.text });
    return { type: 'ack' };
  }
  if (message.type === 'alarm') {
    const critical = { type: 'alarm', $id: `${epoch}.${head}` };
    for (const { unacknowledged } of clients.values()) {
      unacknowledged.set(critical.$id, critical);
      for (const id of unacknowledged.keys()) if (unacknowledged.size > WINDOW) unacknowledged.delete(id);
    }
    publish(critical);
    return { type: 'ack' };
  }
  if (message.type === 'count') {
    publish({ type: 'counted' });
    return { type: 'reply', data: { count: head } };
  }
  return { type: 'nack', code: 'unknown_type' };
}

/** @param {any} event */
function publish(event) {
  head += 1;
  log = [...log, { ...event, $seq: head }].slice(-EVENTS);
  peers.forEach(catchUp);
}

/** @param {Peer} peer */
function catchUp(peer) {
  if (peer.client === null) return;
  for (const event of log.filter(({ $seq }) => $seq > peer.at)) tell(peer, stripped(peer, event));
  peer.at = head;
}

/** @param {Peer} peer @param {any} event */
function stripped({ features }, { $seq, $id, ...event }) {
  return { ...event, ...(features.includes('seq') ? { $seq } : {}), ...($id && features.includes('ack') ? { $id } : {}) };
}

/** @param {Peer} peer @param {any} message */
function receive(peer, message) {
  const { type, $id: id } = message;
  if (type === 'ping') return tell(peer, { type: 'pong', ts: message.ts });
  if (type === 'hello') return peer.client ?? hello(peer, message);
  if (peer.client === null) return;
  if (type === 'ack') peer.client.unacknowledged.delete(message.id);
  else if (type === 'resync_request') resync(peer, message);
  else if (type === 'cursor' || type.startsWith('presence_')) presence(peer, message);
  else if (id === undefined) apply(message);
  else if (peer.features.includes('ack') && typeof id === 'string') {
    const outcome = applyOnce(peer.client, id, message);
    tell(peer, outcome.type === 'reply' && !peer.features.includes('reply') ? { type: 'ack', id } : { ...outcome, id });
  }
}

/** @param {Client} client @param {string} id @param {any} message */
function applyOnce(client, id, message) {
  const n = Number(id.slice(client.name.length + 1));
  if (!Number.isSafeInteger(n) || n < 1 || id !== `${client.name}.${n}`) return { type: 'nack', code: 'bad_id' };
  if (n <= client.highest - WINDOW) return { type: 'nack', code: 'forgotten' };
  if (!client.outcomes.has(n)) client.outcomes.set(n, apply(message));
  client.highest = Math.max(client.highest, n);
  for (const old of client.outcomes.keys()) if (old <= client.highest - WINDOW) client.outcomes.delete(old);
  return client.outcomes.get(n);
}

/** @param {Peer} peer @param {any} message */
function hello(peer, { v, client: name, features, token }) {
  if (!(v >= 1) || typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) return peer.socket.close(4400, 'bad hello');
  if (token !== TOKEN) return peer.socket.close(4401, 'a token is wanted');
  const client = clients.get(name) ?? { name, highest: 0, outcomes: new Map(), unacknowledged: new Map(), peer: null };
  clients.set(name, client);
  if (client.peer && client.peer.opened > peer.opened) return peer.socket.close(4409, 'a late hello');
  client.peer?.socket.close(4409, 'the same client connected again');
  client.peer = peer;
  Object.assign(peer, { client, features: Array.isArray(features) ? features : [] });
  catchUp(peer);
  repeat(peer);
}

/** @param {Peer} peer */
function repeat(peer) {
  if (!peer.features.includes('ack')) return;
  for (const critical of peer.client?.unacknowledged.values() ?? []) tell(peer, critical);
}

/** @param {Peer} peer @param {any} request */
function resync(peer, { last_seen: last, epoch: of }) {
  if (!peer.features.includes('seq')) return;
  const isHeld = of === epoch && Number.isInteger(last) && last >= head - log.length && last <= head;
  if (!isHeld) return tell(peer, { type: 'resync', epoch, from: null, to: head, kept: false, events: [], state: { head } });
  for (let from = last; ; ) {
    const events = log.filter(({ $seq }) => $seq > from).slice(0, PART);
    const to = from + events.length;
    tell(peer, { type: 'resync', epoch, from, to, kept: true, events, more: to < head });
    from = to;
    if (from >= head) return;
  }
}

/** @param {Peer} peer @param {any} message */
function presence(peer, { type, room = '', userId, state, grace = 5_000, away, x, y, node }) {
  const refuse = (/** @type {string} */ code) => tell(peer, { type: 'presence_refused', ...(typeof room === 'string' ? named(room) : {}), code, message: code });
  if (typeof room !== 'string') return refuse('bad_room');
  if (state !== undefined && (typeof state !== 'object' || state === null || Array.isArray(state))) return refuse('bad_state');
  const roster = rosters.get(room) ?? new Map();
  rosters.set(room, roster);
  const user = peer.places.get(room) ?? userId;
  if (type === 'presence_join') {
    if (typeof user !== 'string' || user === '') return refuse('bad_user');
    const isNew = !roster.has(user);
    /** @type {Member} */
    const member = roster.get(user) ?? { clock: 0, state: undefined, grace, told: '', seen: 0, seats: new Map() };
    clearTimeout(member.timer);
    roster.set(user, member);
    peer.places.set(room, user);
    Object.assign(member, { grace, state: state ?? member.state, seen: Date.now() });
    member.seats.set(peer, { away: away === true });
    settle(room, user, isNew ? 'presence_join' : 'presence_update', peer);
    tell(peer, { type: 'presence_list', ...named(room), you: user, members: [...roster].map(([each, one]) => described(each, one)) });
    return;
  }
  const member = roster.get(user);
  const seat = member?.seats.get(peer);
  if (!member || !seat) return type === 'presence_update' ? refuse('not_joined') : undefined;
  if (type === 'presence_leave') return lose(peer, room, 0);
  member.seen = Date.now();
  if (type === 'presence_update') {
    seat.away = away ?? seat.away;
    if (state !== undefined) member.state = state;
    if (state !== undefined || away !== undefined) settle(room, user, 'presence_update');
  } else if (type === 'cursor' && room === '') {
    const force = (/** @type {number} */ value) => Math.min(1e6, Math.max(-1e6, value));
    const others = [...roster].flatMap(([each, { seats }]) => (each === user ? [] : [...seats.keys()]));
    for (const other of others) tell(other, { type: 'cursor', userId: user, x: force(x), y: force(y), node });
  }
}

const named = (/** @type {string} */ room) => (room === '' ? {} : { room });

/** @param {string} user @param {Member} member */
function described(user, { clock, state, seats, seen }) {
  const status = seats.size === 0 ? 'offline' : [...seats.values()].every(({ away }) => away) ? 'away' : undefined;
  return { userId: user, clock, state, status, lastSeen: seen };
}

/** Tells the members of a room what is new of one. @param {string} room @param {string} user @param {string} type @param {Peer} [but] */
function settle(room, user, type, but) {
  const roster = rosters.get(room) ?? new Map();
  const member = roster.get(user);
  member.clock = clock = Math.max(clock + 1, Date.now());
  if (type === 'presence_leave') roster.delete(user);
  const message = { type, ...named(room), ...(type === 'presence_leave' ? { userId: user, clock } : described(user, member)) };
  for (const { seats } of roster.values()) for (const peer of seats.keys()) if (peer !== but) tell(peer, message);
}

/** @param {Peer} peer @param {string} room @param {number} [grace] */
function lose(peer, room, grace) {
  const user = peer.places.get(room) ?? '';
  peer.places.delete(room);
  const member = rosters.get(room)?.get(user);
  if (!member?.seats.delete(peer) || member.seats.size > 0) return;
  const wait = grace ?? member.grace;
  if (wait === 0) return settle(room, user, 'presence_leave');
  settle(room, user, 'presence_update');
  member.timer = setTimeout(() => settle(room, user, 'presence_leave'), wait);
}

/** @param {Peer} peer @param {any} message */
function tell({ socket }, message) {
  socket.send(JSON.stringify(message));
}

const server = new WebSocketServer({ port: Number(process.env['PORT'] ?? 0), host: '127.0.0.1', maxPayload: FRAME });
server.on('listening', () => console.log(`ws://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`));
server.on('connection', (socket) => {
  /** @type {Peer} */
  const peer = { socket, opened: (opened += 1), at: head, client: null, features: [], places: new Map() };
  peers.add(peer);
  const features = ['batch', 'ack', 'seq', 'reply'];
  const limits = { frame: FRAME, inflight: WINDOW };
  tell(peer, { type: 'hello', v: 1, features, epoch, seq: head, limits, keep: KEEP, auth: true, heartbeat: { by: 'server', every: EVERY } });
  const pings = setInterval(() => peer.client && tell(peer, { type: 'ping', ts: Date.now() }), EVERY);
  const repeats = setInterval(() => repeat(peer), RETRY);
  socket.on('message', (data, binary) => {
    try {
      const frame = binary ? null : JSON.parse(String(data));
      const isOpaque = Array.isArray(frame) && (frame.length > 1_000 || typeof frame[0]?.type !== 'string');
      for (const each of isOpaque ? [] : [frame].flat()) if (typeof each?.type === 'string') receive(peer, each);
    } catch {
      // No JSON, or nested too deeply.
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(pings);
    clearInterval(repeats);
    peers.delete(peer);
    for (const room of peer.places.keys()) lose(peer, room);
    if (peer.client?.peer === peer) peer.client.peer = null;
  });
});
process.once('SIGTERM', () => {
  for (const peer of peers) if (peer.client) tell(peer, { type: 'goaway', retry_after: 500, spread: 500, grace: 500 });
  setTimeout(() => process.exit(0), 1_000);
});
