/** Streams of server-sent events that resume, and that say what they know. Times are in milliseconds. */

export { EverwireError } from './index.js';
import type { Options } from './index.js';

/** What a handler gets. */
export interface StreamEvent<Data = unknown, Type extends string = string> {
  /** The event's `event:`, or `message`. */
  readonly type: Type;
  /** The object or list that the text is as JSON; else the text itself, so that parts of a text such as `1` stay text. */
  readonly data: Data;
  /** The last event id. */
  readonly id: string;
}

/** Why a stream is not open, or last was not. */
export interface StreamReason {
  /** Stable, for programs: `completed`, `failed`, `no_content`, `unauthorized`, `forbidden`, `not_found`, `rate_limited`, `unavailable`,
   * `refused`, `wrong_type`, `html_page`, `too_long`, `invalid_request`, `retries_used`, and those of a socket. */
  readonly code: string;
  /** For people: says what to do. */
  readonly message: string;
  /** The HTTP status, where one was the reason. */
  readonly status: number | null;
}

/** What is known: the same object until something changes. */
export interface StreamSnapshot {
  readonly state: 'connecting' | 'open' | 'closing' | 'closed';
  /** Closed, and nothing will be tried until `retry()`. */
  readonly final: boolean;
  /** Failed attempts since the last stable connection. */
  readonly attempt: number;
  /** When the next attempt is due, as `Date.now()` counts; null if none is. */
  readonly retryAt: number | null;
  readonly reason: StreamReason | null;
  /** `unknown` until a comment was seen: without one a quiet stream cannot be told from a dead one. */
  readonly freshness: 'fresh' | 'stale' | 'unknown';
  /** When something was last heard, as `Date.now()` counts; null for never. */
  readonly heardAt: number | null;
  /** Connections that opened so far. */
  readonly connects: number;
  readonly dropped: number;
  readonly conflated: number;
  readonly invalid: number;
}

/** A stored end of a stream. */
export interface RecoveredEnding {
  readonly terminalEventType?: string | null | undefined;
  readonly terminalEventData?: unknown;
}

type OrPromise<T> = T | Promise<T>;
type Given<T> = T | (() => OrPromise<T>);

export interface StreamOptions {
  /** `fetch` (the default) sends headers and sees status and comments; `eventsource` is the browser's, with a url and nothing else. */
  transport?: 'fetch' | 'eventsource' | undefined;
  /** `GET` unless given. The request of another method is not made again because the page goes away and comes back. */
  method?: string | undefined;
  /** Asked for each attempt, where it is a function. */
  headers?: Given<HeadersInit> | undefined;
  /** Asked for each attempt, where it is a function. */
  body?: Given<string | BufferSource> | undefined;
  /** `same-origin` unless given. With `eventsource` only `include` differs from the rest. */
  credentials?: 'same-origin' | 'include' | 'omit' | undefined;
  /** Sent as `Authorization: Bearer`, unless null. A function is asked for each attempt; after a 401 once more, then the stream stops. */
  token?: string | (() => OrPromise<string | null | undefined>) | undefined;
  /** The id after which the first connection begins. */
  lastEventId?: string | undefined;
  /** The types that end the stream for good: the first of them well, the others not. `['completed', 'failed']` unless given. */
  terminal?: readonly string[] | undefined;
  /** The data that ends it well, and is not delivered: `[DONE]` unless given; `''` for none. */
  done?: string | undefined;
  /** `text` leaves all data text. */
  parse?: 'json' | 'text' | undefined;
  /**
   * Asked before each connection for the stored end of the stream: a url that answers
   * `{ terminalEventType, terminalEventData }`, or a function. An end is delivered as the event that it was; one whose type is
   * not in `terminal` counts as `failed`. Who has not answered within 4 s, or half of `connectTimeout`, is not waited for.
   */
  recover?: string | URL | ((known: { lastEventId: string }) => OrPromise<RecoveredEnding | null | undefined>) | undefined;
  /** Attempts after a loss, until a connection is stable: 0 to 1,000,000; as many as it takes. */
  retries?: number | undefined;
  /** Closes the stream. */
  signal?: AbortSignal | undefined;
  /** Overrules what a status (null for a connection that broke or ended) would lead to. */
  shouldReconnect?: ((end: { readonly status: number | null }) => boolean | undefined | void) | undefined;
  onWarning?: Options['onWarning'];
  /** From the request to the answer's headers, url and token functions and `recover` included: 100 to 300,000; 10,000. */
  connectTimeout?: number | undefined;
  /** 0 to 600,000; 5,000. */
  stableAfter?: number | undefined;
  backoff?: Options['backoff'];
  breaker?: Options['breaker'];
  /**
   * Dead after `silence` without a byte (with `eventsource` without an event): 1,000 to 3,600,000; 45,000. Unless given, only
   * once a comment was seen on this stream. `false`: never.
   */
  heartbeat?: boolean | { silence?: number | undefined } | undefined;
  flow?: Options['flow'];
}

/** The data of each type of event. */
export type StreamTypes = Record<string, unknown>;

export declare class Stream<Types extends StreamTypes = StreamTypes> {
  /** Throws an EverwireError: `invalid_url`, `invalid_option`, `csp`, `wasm_unavailable`. */
  constructor(url: string | URL | (() => OrPromise<string | URL>), options?: StreamOptions);
  readonly state: StreamSnapshot['state'];
  /** The id of the last event that was handed over, or that waits for its frame in a flood; where the next connection goes on. */
  readonly lastEventId: string;
  on<T extends keyof Types & string>(type: T, handler: (event: StreamEvent<Types[T], T>) => unknown): () => void;
  /** Every event. With `eventsource` only those of types that have a handler of their own, and `message`. */
  on(type: '*', handler: (event: StreamEvent<Types[keyof Types], keyof Types & string>) => unknown): () => void;
  match(handlers: { [T in keyof Types & string]: (event: StreamEvent<Types[T], T>) => unknown }): () => void;
  snapshot(): StreamSnapshot;
  subscribe(listener: () => unknown): () => void;
  /** Tries now, whatever stands against it but the server's word; also after an end. */
  retry(): void;
  /** For good, unless `retry()` is called. */
  close(): void;
}

/** A stream: opens at once, and again when it is lost, after the last event that came. */
export declare function stream<Types extends StreamTypes = StreamTypes>(
  url: string | URL | (() => OrPromise<string | URL>),
  options?: StreamOptions,
): Stream<Types>;
