// What the types of the hooks let through and what they do not.

import type { Client, Resync } from 'everwire';
import { useClient, useConnection, useEvent, useReducedEvents } from 'everwire/react';
import type { ClientEvent, ServerEvent, State } from './events.js';
import { holds, type Same } from './expect.js';
import { schemas } from 'everwire/schemas';
import * as z from 'zod';

const price = z.object({ type: z.literal('price'), amount: z.number() });

interface View {
  readonly spent: number;
}

const reducer = (view: View, event: ServerEvent | Resync<State>): View => {
  switch (event.type) {
    case 'cost_update':
      return { spent: event.spent };
    case 'resync':
      return { spent: Object.keys(event.state?.nodes ?? {}).length };
    case 'node_state':
    case 'paused':
    case 'resumed':
      return view;
  }
};

export function Page({ room }: { room: string | null }) {
  const client = useClient<ServerEvent, ClientEvent, State>(room && `/live/${room}`, { token: () => 'secret' });
  holds<Same<typeof client, Client<ServerEvent, ClientEvent, State> | null>>();

  useEvent(client, 'node_state', (event) => holds<Same<typeof event, Extract<ServerEvent, { type: 'node_state' }>>>());
  useEvent(client, 'paused', ({ at }) => at.toFixed());
  useEvent(client, '*', (event) => holds<Same<typeof event, ServerEvent>>());
  useEvent(client, 'resync', (resync) => holds<Same<typeof resync, Resync<State>>>());
  // @ts-expect-error no such event
  useEvent(client, 'node_stat', () => {});
  // @ts-expect-error no such field
  useEvent(client, 'cost_update', ({ at }) => at);

  const view = useReducedEvents(client, reducer, { spent: 0 });
  holds<Same<typeof view, View>>();
  const count = useReducedEvents(client, (n: number, event) => (event.type === 'paused' ? n + 1 : n), () => 0);
  holds<Same<typeof count, number>>();
  // @ts-expect-error the reducer returns another kind of state
  useReducedEvents(client, (n: number) => `${n}`, 0);

  const { state, retryAt, reason } = useConnection(client);
  return (
    <button disabled={state !== 'open'} onClick={() => client?.send({ type: 'pause_execution' })}>
      {view.spent} {reason?.message} {retryAt?.toFixed()}
    </button>
  );
}

export function Validated() {
  const client = useClient('/live', { validate: schemas({ in: { price } }) });
  useEvent(client, 'price', ({ amount }) => amount.toFixed());
  // @ts-expect-error no such event
  useEvent(client, 'prices', () => {});
  return null;
}

export function Keyed({ token }: { token?: string | undefined }) {
  useClient(() => `/live?ticket=${token}`, { key: 'room 1', token });
  // @ts-expect-error a typo
  useClient('/live', { conectTimeout: 1_000 });
  return null;
}
