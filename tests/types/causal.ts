// Causal order and optimistic updates: what their calls take and give.

import { connect } from 'everwire';
import { VectorClock, causal } from 'everwire/causal';
import { mutate } from 'everwire/mutate';
import type { ServerEvent, ClientEvent } from './events.js';

const client = connect<ServerEvent, ClientEvent>('/live');

const order: 'before' | 'after' | 'equal' | 'concurrent' = new VectorClock(['ann', 1]).increment('bob').compare(['ann', 2]);
void order;
// @ts-expect-error: a clock never changes.
new VectorClock().size = 3;

const edits = causal<{ text: string }>(client, 'edit', { age: 1_000, resync: ({ missing }) => missing.map(({ from, after, until }) => [from, after, until]) });
edits.on(({ text, from, clock }) => [text.length, from.length, new VectorClock(clock)]);
edits.send({ text: 'hello' }, { ttl: 1_000 }).settled.then(({ fate }) => fate);
if (edits.restore(edits.clock())) edits.prune(['ann']);
const waiting: number | undefined = edits.stats().waitingFor[0]?.waiting;
void waiting;
// @ts-expect-error: not what this channel carries.
edits.send({ words: 'hello' });
// @ts-expect-error: no such option.
causal(client, 'edit', { forever: true });
// @ts-expect-error: another protocol has no events.
causal(connect('/live', { protocol: 'raw' }), 'edit');

const renamed = mutate(connect('/live'), 'key', { type: 'rename', name: 'new' }, { apply: () => 'old', rollback: (old: string, { fate }) => [old, fate === 'unknown'], onUnknown: 'keep', ttl: 1_000 });
renamed.then(({ confirmed }) => confirmed);
// @ts-expect-error: an event has a type.
mutate(client, 'key', { name: 'new' });
// @ts-expect-error: it is always acknowledged.
mutate(client, 'key', { type: 'x' }, { ack: false });
