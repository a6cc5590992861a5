// A DAG's live state in React, in one hook that can be copied: everything about everwire that a page has to know.
// Owns the binding of a connection to a store. Must not know how anything looks.
//
//   const store = useState(createRunStore)[0];
//   const { run, connection, send } = useDAGStream('default', store);

import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { type OutboxOptions, outbox } from 'everwire/persist';
import { type Client, type Receipt, type RequestOptions, type SendOptions, type Snapshot, useClient, useConnection, useEvent } from 'everwire/react';
import type { ClientEvent, DagState, ServerEvent } from './protocol.ts';
import type { RunState } from './runState.ts';
import type { RunStore } from './runStore.ts';

/** Told how a message ended that an earlier visit to the page stored (`persist`). */
export type OnEarlier = NonNullable<OutboxOptions['onSettled']>;

export interface DAGStream {
  /** For what else goes over this connection; null before the first commit. */
  readonly client: Client<ServerEvent, ClientEvent, DagState> | null;
  readonly run: RunState;
  /** What is known of the connection, and no more. */
  readonly connection: Snapshot;
  /** Messages of an earlier visit that are under way. Known until this visit sends its first; 0 from then on. */
  readonly earlier: number;
  /** Sends now or as soon as there is a connection; null before the first commit, where there is no client. */
  send(event: ClientEvent, options?: SendOptions): Receipt | null;
  /** Asks now or as soon as there is a connection, and promises the reply; null as above. */
  request<Reply>(event: ClientEvent, options?: RequestOptions): Promise<Reply> | null;
  /** Tries to connect now, whatever was planned: for a button. */
  retry(): void;
}

/**
 * @param url where the stream is; a function is asked afresh for each attempt, and may be one made anew by each render.
 * @param onEarlier may be made anew by each render, too.
 */
export function useDAGStream(
  dagId: string,
  store: RunStore,
  url: string | (() => Promise<string>) = `/api/dags/${encodeURIComponent(dagId)}/stream`,
  onEarlier?: OnEarlier,
): DAGStream {
  const latest = useRef(onEarlier);
  useEffect(() => {
    latest.current = onEarlier;
  });
  // The name keeps the DAGs apart: what was decided about one is never sent to another.
  const persist = useMemo(() => outbox({ name: `dag ${dagId}`, onSettled: (end) => latest.current?.(end) }), [dagId]);
  const client = useClient<ServerEvent, ClientEvent, DagState>(url, { key: dagId, persist });
  useEvent(client, '*', store.push);
  useEvent(client, 'resync', ({ state }) => {
    // Without a state, the events that were missed follow one by one.
    if (state) store.restore(state);
  });
  const connection = useConnection(client);
  // Before this visit has sent anything, whatever waits or is in flight was left by an earlier one.
  const [spoken, setSpoken] = useState<typeof client>(null);
  const earlier = client !== null && spoken === client ? 0 : connection.queued + connection.inFlight;
  return {
    client,
    run: useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot),
    connection,
    earlier,
    send(event, options) {
      setSpoken(client);
      return client?.send(event, options) ?? null;
    },
    request(event, options) {
      setSpoken(client);
      return client?.request(event, options) ?? null;
    },
    retry: () => client?.retry(),
  };
}
