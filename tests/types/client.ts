// What the types of a client let through and what they do not.

import { connect, Client, EverwireError, type Outcome, type RawData, type Resync, type Snapshot } from 'everwire';
import { thin } from 'everwire/flow';
import { iterate } from 'everwire/iterate';
import { outbox } from 'everwire/persist';
import { schemas } from 'everwire/schemas';
import { writable } from 'everwire/writable';
import { connect as connectSlim, init, initSync, Client as SlimClient } from 'everwire/slim';
import wasm from 'everwire/core.wasm';
import * as v from 'valibot';
import * as z from 'zod';
import type { ClientEvent, ServerEvent, State } from './events.js';
import { holds, type Same } from './expect.js';

const client = connect<ServerEvent, ClientEvent, State>('/live');

// An event is narrowed by its type.
client.on('node_state', (event) => {
  holds<Same<typeof event, Extract<ServerEvent, { type: 'node_state' }>>>();
  event.status satisfies 'running' | 'done';
  // @ts-expect-error no such field
  event.spent;
});

// An event whose type is itself a union is found by either.
client.on('paused', (event) => event.at.toFixed());

// @ts-expect-error no such event
client.on('node_stat', () => {});

// '*' hears all, and 'resync' the state.
client.on('*', (event) => holds<Same<typeof event, ServerEvent>>());
client.on('resync', (resync) => {
  holds<Same<typeof resync, Resync<State>>>();
  resync.state?.nodes['a']?.length;
  // @ts-expect-error the state may be missing
  resync.state.nodes;
});

// A handler may return anything, and what removes it takes nothing.
const stop: () => void = client.on('cost_update', async ({ spent }) => spent);
stop();

// match wants a handler for every type …
client.match({
  node_state: ({ output }) => output?.length,
  cost_update: ({ spent, budget }) => spent / budget,
  paused: ({ at }) => at,
  resumed: ({ at }) => at,
});
// … and takes one for resync …
client.match({ node_state() {}, cost_update() {}, paused() {}, resumed() {}, resync: ({ state }) => state?.nodes });
// @ts-expect-error … and does not compile without one of them
client.match({ node_state() {}, cost_update() {}, paused() {} });
// @ts-expect-error … or with one too many
client.match({ node_state() {}, cost_update() {}, paused() {}, resumed() {}, other() {} });

// send takes what the server takes, and nothing else.
const receipt = client.send({ type: 'human_decision', node_id: 'a', decision: 'approve' }, { priority: 'high', ack: true });
receipt.settled satisfies Promise<Outcome>;
receipt.fate satisfies 'pending' | Outcome['fate'];
client.send({ type: 'pause_execution' });
// @ts-expect-error no such decision
client.send({ type: 'human_decision', node_id: 'a', decision: 'maybe' });
// @ts-expect-error a field is missing
client.send({ type: 'human_decision', decision: 'approve' });
// @ts-expect-error the server's events are not the client's
client.send({ type: 'cost_update', spent: 1, budget: 2 });
client.send({ type: 'pause_execution' }, { ttl: 5_000, signal: new AbortController().signal });
client.send({ type: 'pause_execution' }, { volatile: true });
// @ts-expect-error milliseconds
client.send({ type: 'pause_execution' }, { ttl: '5 s' });
// @ts-expect-error no such option
client.send({ type: 'pause_execution' }, { timeout: 5_000 });

// What is promised.
client.request<{ price: number }>({ type: 'pause_execution' }, { timeout: 5 }).then(({ price }) => price.toFixed());
holds<Same<ReturnType<typeof client.request>, Promise<unknown>>>();
// @ts-expect-error the server's events are not the client's
client.request({ type: 'cost_update', spent: 1, budget: 2 });
client.expect('cost_update', { within: 5 }).then(({ spent }) => spent.toFixed());
// @ts-expect-error no such event
client.expect('cost');
client.ready satisfies Promise<void>;
// @ts-expect-error read only
client.ready = Promise.resolve();
writable(client) satisfies WritableStream<ClientEvent>;

// The rest.
client.snapshot() satisfies Snapshot;
client.state satisfies 'connecting' | 'open' | 'closing' | 'closed';
// @ts-expect-error read only
client.state = 'open';
// @ts-expect-error frozen
client.snapshot().queued = 1;
client.subscribe(() => {})();
client.close();
client.close({ drain: 0 });
client.retry();

// Options are checked by name and kind.
new Client(() => Promise.resolve(new URL('wss://a.example/')), {
  token: async () => 'secret',
  protocols: ['a', 'b'] as const,
  backoff: { base: 500, jitter: 'full' },
  breaker: false,
  heartbeat: { idle: 10_000 },
  queue: { high: 10 },
  reserved: { ping: 'hb' },
  onDoubt: 'fail',
  shouldReconnect: ({ code }) => (code === 4000 ? true : undefined),
  onWarning: ({ code }) => void (code satisfies string),
  connectTimeout: undefined,
});
// @ts-expect-error a typo
connect('/live', { conectTimeout: 1_000 });
// @ts-expect-error no such jitter
connect('/live', { backoff: { jitter: 'none' } });
// @ts-expect-error not reserved
connect('/live', { reserved: { pang: 'x' } });
// @ts-expect-error a url is needed
connect();

// An event without `type` is none.
// @ts-expect-error no type
connect<{ kind: 'a' }>('/live');
// Interfaces without an index signature are.
interface Tick { type: 'tick'; n: number }
connect<Tick>('/live').on('tick', ({ n }) => n.toFixed());

// Without type arguments anything goes, but an event has a type.
const loose = connect('/live');
loose.on('whatever', (event) => event.type.length + event['n']);
loose.on('resync', ({ state }) => holds<Same<typeof state, unknown>>());
loose.send({ type: 'anything', n: 1 });
// @ts-expect-error no type
loose.send({ n: 1 });

// An error says what it is.
const error: Error = new EverwireError('csp', 'message');
if (error instanceof EverwireError && error.code === 'invalid_option') error.retryable satisfies boolean;

// What may be left out in a flood.
connect('/live', { flow: thin({ cursor_move: { key: 'user_id', droppable: true }, spot: { key: ({ x, y }) => [x, y] } }) });
// @ts-expect-error no such member
thin({ cursor_move: { keys: 'user_id' } });
// @ts-expect-error not made by thin()
connect('/live', { flow: { cursor_move: { key: 'user_id' } } });
client.snapshot().dropped + client.snapshot().conflated + client.snapshot().invalid satisfies number;

// Events as an iteration.
async function loop() {
  for await (const event of iterate(client, 'node_state', { buffer: 10, overflow: 'error', signal: AbortSignal.timeout(5) })) {
    holds<Same<typeof event, Extract<ServerEvent, { type: 'node_state' }>>>();
  }
  for await (const event of iterate(client, '*')) holds<Same<typeof event, ServerEvent>>();
  for await (const { state } of iterate(client, 'resync')) holds<Same<typeof state, State | null>>();
  const iteration = iterate(client, 'paused');
  iteration.lost satisfies number;
  // @ts-expect-error no such event
  iterate(client, 'node_stat');
  // @ts-expect-error no such policy
  iterate(client, 'paused', { overflow: 'drop' });
}
loop();

// Schemas say what the events are.
const price = z.object({ type: z.literal('price'), amount: z.string().transform(Number) });
const order = v.object({ type: v.literal('order'), count: v.number() });
const validated = connect('/live', { validate: schemas({ in: { price, order }, out: { order } }) });
validated.on('price', (event) => holds<Same<typeof event, { type: 'price'; amount: number }>>());
validated.on('order', ({ count }) => count.toFixed());
validated.send({ type: 'order', count: 1 });
// @ts-expect-error of another kind
validated.send({ type: 'order', count: 'one' });
// @ts-expect-error no such event
validated.on('prices', () => {});
const inbound = connect('/live', { validate: schemas({ in: { price } }) });
inbound.send({ type: 'anything', n: 1 });
// @ts-expect-error no schema
schemas({ in: { price: {} } });
// @ts-expect-error what it makes has no type
schemas({ in: { price: z.number() } });

// The slim entry is the same, and is given its wasm.
init(fetch('/core.wasm'));
init(wasm);
initSync(new Uint8Array());
connectSlim<ServerEvent>('/live').on('paused', ({ at }) => at) satisfies () => void;
new SlimClient('/live') satisfies Client;

// A raw client takes and gives texts and bytes.
const raw = connect('/mqtt', { protocol: 'raw', heartbeat: { ping: () => new Uint8Array([0xc0, 0]), isPong: (data) => typeof data !== 'string' } });
raw.on('message', (data) => holds<Same<typeof data, string | ArrayBuffer>>());
raw.send('text', { priority: 'high' }).settled satisfies Promise<Outcome>;
raw.send(new Uint8Array(2));
raw.snapshot() satisfies Snapshot;
writable(raw) satisfies WritableStream<RawData>;
iterate(raw, 'message').next().then(({ value }) => holds<Same<typeof value, string | ArrayBuffer | undefined>>());
// @ts-expect-error its frames have no type
connect('/mqtt', { protocol: 'raw', flow: thin({}) });
// @ts-expect-error nobody acknowledges
raw.send('text', { ack: true });
// @ts-expect-error no other type of events
raw.on('price', () => {});
// @ts-expect-error a Blob has to be read before
raw.send(new Blob());
// @ts-expect-error a ping is for raw only
connect('/live', { heartbeat: { ping: 'x' } });

// What is persisted says when it is stored.
const lasting = connect('/live', { persist: outbox({ user: 'u1', onSettled: ({ event, outcome }) => [event.type, outcome.fate] }) });
lasting.send({ type: 'x' }, { persist: true }).stored satisfies Promise<void> | undefined;
// @ts-expect-error it takes an outbox
connect('/live', { persist: true });
