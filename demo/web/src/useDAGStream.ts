// A DAG's live state in React, in one hook that can be copied: everything about everwire that a page has to know.
// Owns the binding of a connection to a store. Must not know how anything looks.
//
//   const store = useState(createRunStore)[0];
//   const { run, connection, send } = useDAGStream('default', store);

import { useSyncExternalStore } from 'react';
import { type Receipt, type SendOptions, type Snapshot, useClient, useConnection, useEvent } from 'everwire/react';
import type { ClientEvent, DagState, ServerEvent } from './protocol.ts';
import type { RunState } from './runState.ts';
import type { RunStore } from './runStore.ts';

export interface DAGStream {
  readonly run: RunState;
  /** What is known of the connection, and no more. */
  readonly connection: Snapshot;
  /** Sends now or as soon as there is a connection; null before the first commit, where there is no client. */
  send(event: ClientEvent, options?: SendOptions): Receipt | null;
  /** Tries to connect now, whatever was planned: for a button. */
  retry(): void;
}

/** @param url where the stream is; a function is asked afresh for each attempt, and may be one made anew by each render. */
export function useDAGStream(
  dagId: string,
  store: RunStore,
  url: string | (() => Promise<string>) = `/api/dags/${encodeURIComponent(dagId)}/stream`,
): DAGStream {
  const client = useClient<ServerEvent, ClientEvent, DagState>(url, { key: dagId });
  useEvent(client, '*', store.push);
  useEvent(client, 'resync', ({ state }) => {
    // Without a state, the events that were missed follow one by one.
    if (state) store.restore(state);
  });
  return {
    run: useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot),
    connection: useConnection(client),
    send: (event, options) => client?.send(event, options) ?? null,
    retry: () => client?.retry(),
  };
}
