/** Hooks for React 18 and later: safe under StrictMode, concurrent rendering, Suspense and on servers. */

import type { AnyEvent, Client, EventOf, Options, Resync, Snapshot, Typed, Url, Validator } from './index.js';

export type * from './index.js';

export interface ClientOptions extends Options {
  /**
   * What the client belongs to, where the url cannot tell because it is a function: another key is
   * another destination.
   */
  key?: string | number | undefined;
}

/**
 * The client of this component: connects when the component is mounted, closes when it is unmounted
 * for good (not in StrictMode's rehearsal, nor while it is suspended).
 *
 * Null on a server, before the first commit, and without a url; every hook here takes null. The
 * commit in which the client is made is rendered again before the browser can deliver anything, so
 * components that were there get every event. One that is mounted later hears what comes from then on.
 *
 * The destination is the url, the protocols and `key`. Another one is another client, and the old one
 * closes as `close()` does. Functions (url, protocols, token, shouldReconnect, onWarning) and the token
 * may change with every render: the next call is made to the latest, and nothing reconnects. The other
 * options are those of the first commit with this destination.
 *
 * Errors of `connect` reach the nearest error boundary.
 */
export declare function useClient<ServerEvent extends Typed, ClientEvent extends Typed, S = unknown>(
  url: Url | null | undefined,
  options: ClientOptions & { validate: Validator<ServerEvent, ClientEvent> },
): Client<ServerEvent, ClientEvent, S> | null;
export declare function useClient<ServerEvent extends Typed = AnyEvent, ClientEvent extends Typed = AnyEvent, S = unknown>(
  url: Url | null | undefined,
  options?: ClientOptions,
): Client<ServerEvent, ClientEvent, S> | null;

/** How a connection stands. Without a client: closed, and nothing known. */
export declare function useConnection(client: Client<any, any, any> | null): Snapshot;

/**
 * Calls `handler` with every event of a type (`'*'`: all) while the component is mounted. The handler
 * may change with every render; the latest is called.
 */
export declare function useEvent<S>(client: Client<any, any, S> | null, type: 'resync', handler: (resync: Resync<S>) => unknown): void;
export declare function useEvent<ServerEvent extends Typed>(
  client: Client<ServerEvent, any, any> | null,
  type: '*',
  handler: (event: ServerEvent) => unknown,
): void;
export declare function useEvent<ServerEvent extends Typed, T extends ServerEvent['type']>(
  client: Client<ServerEvent, any, any> | null,
  type: T,
  handler: (event: EventOf<ServerEvent, T>) => unknown,
): void;

/**
 * What a reducer makes of the events since the component was mounted, resyncs included.
 *
 * Every event passes the reducer exactly once, in the order of arrival, outside of React's rendering:
 * joined updates, renders that are thrown away and StrictMode change nothing. The reducer has to be
 * pure all the same, and must return a new object where something changed. One that throws is
 * reported, and the state stays. Another client starts from `initial` again.
 *
 * @param initial the first state, or a function that makes it
 */
export declare function useReducedEvents<ServerEvent extends Typed, S, State>(
  client: Client<ServerEvent, any, S> | null,
  reducer: (state: State, event: ServerEvent | Resync<S>) => State,
  initial: State | (() => State),
): State;
