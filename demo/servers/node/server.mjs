// A room in which everybody hears what anybody says: a server of everwire's protocol (PROTOCOL.md), to be copied.
//     PORT=8788 ORIGINS=http://localhost:5173 node server.mjs        (needs the package `ws`)
import { randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';
const FRAME = 1 << 20, UNREAD = 4 << 20; // bytes: of a frame; sent and not read
const TEXT = 300, EVENTS = 500, CLIENTS = 10_000, WINDOW = 64; // EVENTS of TEXT fit a frame; WINDOW outcomes a client
const KEEP = 600_000, SILENCE = 90_000, HELLO_WAIT = 2_000, GRACE = 2_000; // ms
const epoch = randomBytes(8).toString('hex'); // The log is in memory, so each start begins another one.
let log = [], head = 0, opened = 0; // the last events, numbered; the number of the last one; connections so far
const clients = new Map(), peers = new Set(); // { name, highest, outcomes, peer, seen } by name; connections

/** Yours: what a message does, and what becomes of it; a request changes nothing and is answered by a reply. */
function apply({ type, text }) {
  if (type === 'count') return { type: 'reply', data: { count: head } };
  const isSay = type === 'say' && typeof text === 'string' && text.length <= TEXT;
  if (!isSay) return { type: 'nack', code: 'bad_message', message: `say at most ${TEXT} characters, or count` };
  head += 1;
  log = [...log.slice(1 - EVENTS), { type, text, $seq: head }];
  peers.forEach(catchUp);
  return { type: 'ack' };
}

/** Yours: what stands for all events so far. */
const state = () => ({ said: log.slice(-50).map(({ text }) => text) });
function receive(peer, message) {
  const { type, $id: id } = message;
  if (type === 'ping') tell(peer, { type: 'pong', ts: message.ts });
  else if (type === 'hello') peer.client ?? hello(peer, message);
  else if (type === 'resync_request') resync(peer, message);
  else if (id === undefined) apply(message);
  else if (peer.ack && typeof id === 'string' && id.length <= 128) tell(peer, { ...applyOnce(peer, id, message), id });
}
function applyOnce({ client, reply }, id, message) {
  const n = Number(id.slice(client.name.length + 1));
  if (!Number.isSafeInteger(n) || n < 1 || id !== `${client.name}.${n}`) return { type: 'nack', code: 'bad_id' };
  if (n <= client.highest - WINDOW) return { type: 'nack', code: 'forgotten' };
  if (!client.outcomes.has(n)) client.outcomes.set(n, apply(message)); // Nothing comes between effect and record.
  client.highest = Math.max(client.highest, n);
  for (const old of client.outcomes.keys()) if (old <= client.highest - WINDOW) client.outcomes.delete(old);
  const outcome = client.outcomes.get(n);
  return outcome.type === 'reply' && !reply ? { type: 'ack' } : outcome;
}
function hello(peer, { v, client: name, features }) {
  if (!(v >= 1) || typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name)) return peer.socket.close(4400, 'bad hello');
  for (const [old, { peer, seen }] of clients) if (!peer && seen < Date.now() - KEEP - SILENCE) clients.delete(old);
  const client = clients.get(name) ?? { name, highest: 0, outcomes: new Map() };
  if (clients.size >= CLIENTS && !clients.has(name)) return peer.socket.close(1013, 'too many clients');
  clients.set(name, client);
  if (client.peer?.opened > peer.opened) return peer.socket.close(4409, 'a late hello'); // A newer one serves.
  client.peer?.socket.close(4409, 'the same client connected again');
  const [ack, seq, reply] = ['ack', 'seq', 'reply'].map((feature) => Array.isArray(features) && features.includes(feature));
  client.peer = Object.assign(peer, { client, waiting: false, ack, seq, reply });
  if (peer.late && peer.seq) resync(peer, {}); // It was told events without numbers: the state stands for them.
  catchUp(peer);
}
function resync(peer, { last_seen: from, epoch: of }) {
  const kept = of === epoch && Number.isInteger(from) && from >= head - log.length && from <= head;
  const answer = kept ? { from, events: after(from) } : { from: null, events: [], state: state() };
  if (peer.seq) tell(peer, { type: 'resync', epoch, to: head, kept, ...answer });
}
const after = (number) => log.slice(Math.max(0, log.length - (head - number)));
function catchUp(peer) {
  if (peer.waiting) return; // A numbered event must not go out plain.
  for (const event of after(peer.at)) tell(peer, peer.seq ? event : { ...event, $seq: undefined });
  peer.at = head;
}
function tell({ socket }, message) {
  socket.send(JSON.stringify(message));
  if (socket.bufferedAmount > UNREAD) socket.terminate(); // It does not read.
}
const verifyClient = ({ origin }) => !origin || (process.env.ORIGINS ?? '').split(',').includes(origin);
const server = new WebSocketServer({ port: process.env.PORT ?? 8788, host: '127.0.0.1', maxPayload: FRAME, verifyClient });
server.on('listening', () => console.log(`ws://127.0.0.1:${server.address().port}`));
server.on('connection', (socket) => {
  const peer = { socket, opened: (opened += 1), at: head, waiting: true }, limits = { frame: FRAME, inflight: WINDOW };
  peers.add(peer);
  const silence = setTimeout(() => socket.terminate(), SILENCE);
  setTimeout(() => peer.client ?? catchUp(Object.assign(peer, { waiting: false, late: true })), HELLO_WAIT);
  tell(peer, { type: 'hello', v: 1, features: ['batch', 'ack', 'seq', 'reply'], epoch, seq: head, limits, keep: KEEP });
  socket.on('message', (data, binary) => {
    silence.refresh();
    try {
      const frame = binary ? null : JSON.parse(String(data));
      const isOpaque = Array.isArray(frame) && (frame.length > 1_000 || typeof frame[0]?.type !== 'string');
      for (const each of isOpaque ? [] : [frame].flat()) if (typeof each?.type === 'string') receive(peer, each);
    } catch {} // No JSON, or nested too deeply.
  });
  socket.on('error', () => {}).on('close', () => {
    clearTimeout(silence);
    peers.delete(peer);
    if (peer.client?.peer === peer) Object.assign(peer.client, { peer: null, seen: Date.now() });
  });
});
process.once('SIGTERM', () => {
  const goaway = { type: 'goaway', retry_after: GRACE, spread: 5_000, grace: GRACE, reason: 'stopping' };
  for (const peer of peers) if (peer.client) tell(peer, goaway);
  setTimeout(() => server.clients.forEach((socket) => socket.close(1012)), GRACE);
  setTimeout(() => process.exit(0), GRACE + 500);
});
