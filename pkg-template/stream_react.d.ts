/** A stream of server-sent events for React 18 and later: safe under StrictMode and on servers. */

import type { StreamEvent, StreamOptions, StreamReason } from './stream.js';

export type * from './stream.js';

export interface ResilientSSE<Data> {
  /** `completed` with either `outcome`; `error` where nothing will be tried any more. */
  readonly status: 'connecting' | 'connected' | 'completed' | 'error';
  /** How it ended; with the status `completed` only. */
  readonly outcome?: 'completed' | 'failed' | undefined;
  /** What `reduce` made of the events so far, the last one included that ends the stream; the last event's data without it. */
  readonly data: Data;
  /** Why it is not connected: the reason of the last loss, or of the stop. Null while it is connected, and at its end. */
  readonly error: StreamReason | null;
  /** Failed attempts since the last stable connection. */
  readonly attempts: number;
}

export interface ResilientSSEOptions<Data> extends StreamOptions {
  /** What the stream belongs to, where the url cannot tell because it is a function or the body says it: another key is another stream. */
  key?: string | number | undefined;
  /** Makes the next `data` of the one before and an event, once for each event. The latest commit's is used. */
  reduce?: ((data: Data, event: StreamEvent<any>) => Data) | undefined;
  /** What `data` begins with: a value, or a function that makes it. */
  initial?: Data | (() => Data) | undefined;
}

/**
 * The stream of this component: opens when it is mounted, closes when it is unmounted for good. Another url, method,
 * transport or `key` is another stream. Functions and the token may change with every render and reconnect nothing; the other
 * options are those of the first commit with this destination. Without a url there is no stream.
 *
 * Errors of the options reach the nearest error boundary.
 */
export declare function useResilientSSE<Data = unknown>(
  url: string | URL | (() => string | URL | Promise<string | URL>) | null | undefined,
  options: ResilientSSEOptions<Data> & { initial: Data | (() => Data) },
): ResilientSSE<Data>;
export declare function useResilientSSE<Data = unknown>(
  url: string | URL | (() => string | URL | Promise<string | URL>) | null | undefined,
  options?: ResilientSSEOptions<Data | undefined>,
): ResilientSSE<Data | undefined>;
