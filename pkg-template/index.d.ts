/**
 * everwire: a WebSocket connection that survives what networks do, and says what it knows.
 *
 * Times are milliseconds, sizes are bytes, close codes are those of RFC 6455 §7.4. Every error is an
 * {@link EverwireError} with a stable `code`.
 */

/** Anything with a `type`: what events and messages have in common. */
export interface Typed {
  readonly type: string;
}

/** An event of which nothing is known but that it has a `type`; what you get without type arguments. */
export interface AnyEvent extends Typed {
  readonly [field: string]: any;
}

/** Of a union of events, those of type `T`. */
export type EventOf<E extends Typed, T extends string> = E extends unknown ? (T extends E['type'] ? E : never) : never;

/**
 * What a client does when it was away: the state that stands for what was missed.
 *
 * Sent by servers that speak everwire's protocol (PROTOCOL.md, "Resync"). Handling it, with
 * `on('resync')` or in `match`, is what asks the server for states.
 */
export interface Resync<State> {
  readonly type: 'resync';
  /** The state at `to`; null where the server sent none. */
  readonly state: State | null;
  /** Whether anything was missed. */
  readonly continuity: Continuity;
  /** The last number (`$seq`) this client had before. */
  readonly from: number | null;
  /** The number that the state belongs to. */
  readonly to: number | null;
}

/**
 * Whether events were missed: `kept` none; `restored` some, and a state stands for them; `lost` some,
 * for good; `unknown` nobody can say, which is all there is without a server that numbers its events.
 */
export type Continuity = 'kept' | 'restored' | 'lost' | 'unknown';

/** The states of the WebSocket standard (HTML standard, "The WebSocket interface"). */
export type ConnectionState = 'connecting' | 'open' | 'closing' | 'closed';

/**
 * How a message ended.
 *
 * - `sent`: handed to the socket, and nobody will say more
 * - `acked`: the server said that it applied it
 * - `rejected`: refused, by the server or by a full queue
 * - `dropped`: pushed out of a full queue by a newer one; or `volatile`, and could not go at once
 * - `aborted`: the client was closed, or the signal aborted, before it was sent
 * - `unknown`: sent, and its end cannot be known
 * - `expired`: its time (`ttl`) was over before it was sent
 */
export type Fate = 'sent' | 'acked' | 'expired' | 'dropped' | 'rejected' | 'aborted' | 'unknown';

/** The end of a message, and why. Frozen. */
export interface Outcome {
  readonly fate: Fate;
  /** Whether the server confirmed it; false for a `sent` to a server that gives no acknowledgements. */
  readonly confirmed: boolean;
  /** A stable word for the reason, where there is one; of a `rejected` one often the server's. */
  readonly code: string | null;
  /** The reason for a person. */
  readonly message: string | null;
}

/** What became of one message. */
export interface Receipt {
  /** How things stand now. */
  readonly fate: 'pending' | Fate;
  /** The end. Never rejects; made when it is first looked at. */
  readonly settled: Promise<Outcome>;
  /**
   * Of a message with `persist`: fulfilled when it is stored; rejects with `not_persisted` where it could not be, and it is
   * sent all the same. Nobody has to look: a rejection is never unhandled.
   */
  readonly stored?: Promise<void>;
}

export interface SendOptions {
  /** `high` goes before every `normal` one. Default `normal`. */
  priority?: 'high' | 'normal' | undefined;
  /**
   * Whether the server has to acknowledge it: sent again after a lost connection, applied at most once
   * by a server that speaks everwire's protocol. To others it counts as `sent`. Default false.
   */
  ack?: boolean | undefined;
  /**
   * How long it may take, 1 to 604,800,000 ms; the time the machine sleeps counts. Over before it is sent, it ends
   * `expired`; over before it is acknowledged, it is not sent again and ends `unknown`. Default: as long as it takes.
   */
  ttl?: number | undefined;
  /** Aborted before it is sent, it ends `aborted`; afterwards it is not sent again and ends `unknown`. */
  signal?: AbortSignal | undefined;
  /**
   * Now or never: what cannot be handed to the socket at once ends `dropped` (code `not_now`). Goes with no other option
   * but `signal`. Default false.
   */
  volatile?: boolean | undefined;
  /**
   * Whether it is stored until its end is known, so that a later page goes on with it if this one ends before; takes an
   * outbox, see `everwire/persist`. Implies `ack`. Default false.
   */
  persist?: boolean | undefined;
}

export interface RequestOptions {
  /** The reply is due within 1 to 604,800,000 ms. Default 30,000. */
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
  /** `high` goes before every `normal` one. Default `normal`. */
  priority?: 'high' | 'normal' | undefined;
}

export interface ExpectOptions {
  /** The event is due within 1 to 604,800,000 ms. Default 30,000. */
  within?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface CloseOptions {
  /** How long what was accepted may take to go out, 0 to 60,000 ms. Default: the option `drain`. */
  drain?: number | undefined;
}

/** Why a connection is not open, or last was not. */
export interface Reason {
  readonly code: ReasonCode;
  /** What it means and what to do, for a person. Holds no token, url or payload. */
  readonly message: string;
  /** The close code behind it; 1006 where the connection broke without one. */
  readonly closeCode: number | null;
}

export type ReasonCode =
  | 'closed'
  | 'connect_timeout'
  | 'provider_failed'
  | 'provider_timeout'
  | 'invalid_url'
  | 'heartbeat_lost'
  | 'goaway'
  | 'suspended'
  | 'breaker_open'
  | 'unauthorized'
  | 'refused'
  // With `everwire/fallback`, which looks into refused handshakes; `unauthorized` too.
  | 'forbidden'
  | 'rate_limited'
  | 'captive_portal'
  | 'offline'
  | 'closed_by_application';

/** Everything there is to say about a connection at one moment. Frozen. */
export interface Snapshot {
  readonly state: ConnectionState;
  /** Closed, and nothing will be tried until `retry()`. */
  readonly final: boolean;
  /** Failed attempts since the last stable connection. */
  readonly attempt: number;
  /** When the next attempt is due, on the scale of `Date.now()`; null where none is planned. */
  readonly retryAt: number | null;
  readonly reason: Reason | null;
  /**
   * Whether what the page shows is current. `fresh`: open, answering, in sync; `unknown`: the server
   * gives no sign by which it could be known; `stale`: everything else.
   */
  readonly freshness: 'fresh' | 'stale' | 'unknown';
  /** The last round trip of a ping. */
  readonly rtt: number | null;
  /** When the server was last heard, on the scale of `Date.now()`. */
  readonly heardAt: number | null;
  /** Messages accepted and not sent. */
  readonly queued: number;
  /** Their bytes. */
  readonly queuedBytes: number;
  /** Messages sent and not settled. */
  readonly inFlight: number;
  readonly continuity: Continuity;
  /**
   * What kind of server it is, by what it has said: `everwire` said hello, `simple` answers pings,
   * `foreign` answers nothing of ours.
   */
  readonly peer: 'unknown' | 'foreign' | 'simple' | 'everwire';
  /** Connections that opened so far, or since the last `close()`. */
  readonly connects: number;
  /** Events dropped in floods (option `flow`), since then. Counted when the flood ebbs, or with the next thousand. */
  readonly dropped: number;
  /** Events for which a newer one of their key was delivered (option `flow`). */
  readonly conflated: number;
  /** Events that did not pass their schema (option `validate`) and were not delivered. */
  readonly invalid: number;
}

type Awaitable<T> = T | PromiseLike<T>;

/**
 * `ws:`, `wss:`, `http:`, `https:` or relative to the page; or a function, asked afresh for every
 * attempt. One that rejects or takes longer than `connectTimeout` is a failed attempt.
 */
export type Url = string | URL | (() => Awaitable<string | URL>);

/** A subprotocol, several, or a function asked afresh for every attempt. */
export type Protocols = string | readonly string[] | (() => Awaitable<string | readonly string[]>);

/** The names of the protocol's own messages, which an application may need for itself. */
export type ReservedType = 'ping' | 'pong' | 'hello' | 'ack' | 'nack' | 'reply' | 'resync_request' | 'resync' | 'goaway';

export interface HeartbeatOptions {
  /** A ping after so long without hearing anything: 100 to 3,600,000 ms. Default 15,000. */
  idle?: number | undefined;
  /** A ping after so long without an answer to one: 100 to 3,600,000 ms. Default 30,000. */
  confirm?: number | undefined;
  /** An answer is due within: 50 to 600,000 ms. Default 5,000. */
  timeout?: number | undefined;
  /** Dead after so many missing answers: 1 to 100. Default 3. */
  misses?: number | undefined;
}

/** Unknown names and senseless values throw `invalid_option`, with the name and what is allowed. */
export interface Options {
  /** What is spoken beside the application's messages; see {@link RawOptions} for `raw`. Default `everwire`. */
  protocol?: 'everwire' | undefined;
  /** A subprotocol of the handshake, or several. Default: none. */
  protocols?: Protocols | undefined;
  /** Travels in the client's hello to servers that speak everwire's protocol; asked afresh for every attempt. */
  token?: string | (() => Awaitable<string>) | undefined;
  /** Url, token and handshake together, then the attempt is given up: 100 to 300,000 ms. Default 10,000. */
  connectTimeout?: number | undefined;
  /** An open connection counts as a success after: 0 to 600,000 ms. Default 5,000. */
  stableAfter?: number | undefined;
  /** The delay before attempt n = 0, 1, 2 … is `min(base · 2ⁿ, cap)`, spread by `jitter`. */
  backoff?:
    | {
        /** 1 to 3,600,000 ms. Default 1,000. */
        base?: number | undefined;
        /** `base` to 3,600,000 ms. Default 30,000, or `base` where that is longer. */
        cap?: number | undefined;
        /** `additive` adds 0 to 30 %; the others are those of "Exponential Backoff And Jitter" (AWS). Default `additive`. */
        jitter?: 'additive' | 'full' | 'equal' | 'decorrelated' | undefined;
      }
    | undefined;
  /** After so many failures in a row, one attempt per `probe` until one succeeds. `false` turns it off. */
  breaker?:
    | boolean
    | {
        /** 1 to 1,000. Default 10. */
        failures?: number | undefined;
        /** 1,000 to 3,600,000 ms. Default 60,000. */
        probe?: number | undefined;
      }
    | undefined;
  /** Whether the server is alive, of servers that answer pings. `false` turns it off. */
  heartbeat?: boolean | HeartbeatOptions | undefined;
  /**
   * What may wait while there is no connection. A full `normal` queue drops its oldest that wants no acknowledgement; where
   * there is none, and for a full `high` one, the newcomer is refused.
   */
  queue?:
    | {
        /** Messages of high priority: 1 to 100,000. Default 50. */
        high?: number | undefined;
        /** Messages of normal priority: 1 to 100,000. Default 200. */
        normal?: number | undefined;
        /** Bytes of both: 1,024 to 268,435,456. Default 4,194,304. */
        bytes?: number | undefined;
      }
    | undefined;
  /** How long `close()` waits for what was accepted: 0 to 60,000 ms. Default 1,000. */
  drain?: number | undefined;
  /** What becomes of a message to be acknowledged whose end cannot be known: sent again, or `unknown`. Default `resend`. */
  onDoubt?: 'resend' | 'fail' | undefined;
  /** A server that does not number its events is asked for what was missed after a gap of: 0 to 86,400,000 ms. Default 30,000. */
  resyncGap?: number | undefined;
  /**
   * What may be left out in a flood (1,000 events within a second): what `thin()` of `everwire/flow` returns. Everything else
   * is delivered, whatever comes, up to `close()`. In a flood, handlers have 8 ms of each frame; what
   * comes beyond that waits for the next. On a hidden page nothing waits.
   */
  flow?: Flow | undefined;
  /** What `schemas()` of `everwire/schemas` returns. */
  validate?: Validator<any, any> | undefined;
  /** Other names on the wire for the protocol's own types, 1 to 64 bytes each, no two the same. */
  reserved?: { [T in ReservedType]?: string | undefined } | undefined;
  /** The outbox for messages that outlive their page: `outbox()` of `everwire/persist`. */
  persist?: Persistence | undefined;
  /** Another way where WebSockets are blocked: `fallback()` of `everwire/fallback`. Default: none. */
  transport?: Transport | undefined;
  /** Overrules what a close code says: true tries again, false stops, undefined leaves it. */
  shouldReconnect?: ((close: { readonly code: number; readonly reason: string; readonly wasClean: boolean }) => boolean | undefined) | undefined;
  /** Told what a developer should know and that harms nobody yet. Default: `console.warn`. */
  onWarning?: ((warning: { readonly code: WarningCode; readonly message: string }) => void) | undefined;
}

declare const made: unique symbol;

/** Opaque: made by `thin()` of `everwire/flow`. */
export interface Flow {
  (event: never): unknown;
  readonly [made]: 'flow';
}

/** Opaque: made by `schemas()` of `everwire/schemas`. */
export interface Validator<ServerEvent extends Typed, ClientEvent extends Typed> {
  (client: never): void;
  readonly [made]: [ServerEvent, ClientEvent];
}

/** What `outbox()` of `everwire/persist` makes. */
export type Persistence = (...given: never[]) => unknown;

/** What `fallback()` of `everwire/fallback` makes. */
export type Transport = (...given: never[]) => unknown;

export type WarningCode =
  | 'heartbeat_unsupported'
  | 'thrashing'
  | 'malformed_frame'
  | 'senseless_message'
  | 'many_clients'
  | 'breaker_opened'
  | 'ack_unsupported'
  | 'flood'
  | 'invalid_event'
  | 'not_persisted';

/** One handler for every type of a union; leaving one out does not compile. */
export type Handlers<ServerEvent extends Typed, S> = {
  [T in ServerEvent['type']]: (event: EventOf<ServerEvent, T>) => unknown;
} & { resync?: ((resync: Resync<S>) => unknown) | undefined };

/**
 * A connection. Starts connecting when it is made and goes on until `close()`, or until the server
 * says that trying again cannot help.
 *
 * @typeParam ServerEvent what the server sends: a union of objects that differ in `type`
 * @typeParam ClientEvent what may be sent
 * @typeParam S the state with which the server answers a resync
 */
export declare class Client<ServerEvent extends Typed = AnyEvent, ClientEvent extends Typed = AnyEvent, S = unknown> {
  /** As `connect`. */
  constructor(url: Url, options?: Options);

  /** The state of the connection; `snapshot()` says more. */
  readonly state: ConnectionState;

  /**
   * Calls `handler` with every resync.
   *
   * @returns a function that removes the handler
   */
  on(type: 'resync', handler: (resync: Resync<S>) => unknown): () => void;
  /**
   * Calls `handler` with every event, after the handlers of its type. What is JSON but has no `type`
   * (an array, say) arrives here only.
   *
   * @returns a function that removes the handler
   */
  on(type: '*', handler: (event: ServerEvent) => unknown): () => void;
  /**
   * Calls `handler` with every event of one type, in the order of arrival. A handler that throws is
   * reported (`reportError`) and keeps nothing from the others; what it returns is ignored.
   *
   * @returns a function that removes the handler
   * @throws EverwireError `invalid_handler` (no function, or a type that belongs to the protocol)
   */
  on<T extends ServerEvent['type']>(type: T, handler: (event: EventOf<ServerEvent, T>) => unknown): () => void;

  /**
   * Handlers for all types at once; a type that is left out does not compile.
   *
   * @returns a function that removes them all
   * @throws EverwireError `invalid_handler`
   */
  match(handlers: Handlers<ServerEvent, S>): () => void;

  /**
   * Sends an event, now or as soon as there is a connection. It is turned into JSON here: what changes
   * later is not sent.
   *
   * @throws EverwireError `invalid_event` (no object with a `type`, a type or a field of the protocol's, or
   * nothing that can be turned into JSON, or one that does not pass its schema: `cause` says why), `invalid_option`
   */
  send(event: ClientEvent, options?: SendOptions): Receipt;

  /**
   * Sends an event to be answered (PROTOCOL.md §6), and promises the `data` of the reply; undefined where the server
   * acknowledges without one. Sent again after a lost connection, and carried out at most once. Nobody has to look at
   * the promise: a rejection alone is no unhandled one.
   *
   * It rejects with an EverwireError whose `code` says why: `timeout`, `aborted`, `closed`, `queue_full`, `too_big`,
   * `in_doubt`, `ack_unsupported`, `taken_over` (another page goes on with what this one sent), `reply_unsupported` (the
   * server answers no requests), or the server's own (`reply_lost`: carried out, and the answer is gone). It is `retryable` where it was certainly not carried out and may succeed later.
   *
   * @throws EverwireError `invalid_event`, `invalid_option`
   */
  request<Reply = unknown>(event: ClientEvent, options?: RequestOptions): Promise<Reply>;

  /**
   * Promises the next event of a type. Rejects with an EverwireError: `timeout`, `aborted`, `closed`, or `queue_full` where
   * 1,000 are awaited already. Nobody has to look at the promise.
   *
   * @throws EverwireError `invalid_handler`, `invalid_option`
   */
  expect<T extends ServerEvent['type']>(type: T, options?: ExpectOptions): Promise<EventOf<ServerEvent, T>>;

  /**
   * Fulfilled while the client can take more; never rejected. Pending from when the socket holds a MiB that it has not
   * sent, as much is queued (or half of `queue.bytes`), or the `normal` queue is full, until a quarter of that is left in
   * the socket and the queue, and half of the messages. Who awaits it before each `send` loses nothing to a full queue.
   * Of a client that has stopped for good it is as it was, until `retry()` or `close()`.
   */
  readonly ready: Promise<void>;

  /**
   * Closes for good, once what was accepted is out or `drain` is over. `retry()` connects
   * again, with the handlers of before and as a new client to the server.
   *
   * @throws EverwireError `invalid_option`
   */
  close(options?: CloseOptions): void;

  /** Tries now, whatever the backoff, the breaker or a stop say; for a button. While `close()` waits for `drain` it does nothing. */
  retry(): void;

  /** How things stand: the same frozen object until something changes. */
  snapshot(): Snapshot;

  /**
   * Calls `listener`, without arguments, whenever `snapshot()` has changed; made for `useSyncExternalStore`.
   *
   * @returns a function that removes the listener
   * @throws EverwireError `invalid_handler`
   */
  subscribe(listener: () => void): () => void;
}

/**
 * Connects: `new Client(url, options)`.
 *
 * The first call compiles the wasm module, which is part of this package; nothing is fetched.
 *
 * A connection that fails throws nothing: `snapshot().reason` says why, also where the browser refuses
 * the url.
 *
 * @throws EverwireError `invalid_url` for what is no string, URL or function; `invalid_option`; `csp` where
 * the page's Content-Security-Policy lacks `'wasm-unsafe-eval'`; `wasm_unavailable` where there is no
 * WebAssembly
 *
 * @example
 * const client = connect<ServerEvent, ClientEvent>('/live');
 * client.on('price', (event) => show(event.amount));
 * client.send({ type: 'watch', symbol: 'ABC' });
 */
export declare function connect<ServerEvent extends Typed, ClientEvent extends Typed, S = unknown>(
  url: Url,
  options: Options & { validate: Validator<ServerEvent, ClientEvent> },
): Client<ServerEvent, ClientEvent, S>;
export declare function connect<ServerEvent extends Typed = AnyEvent, ClientEvent extends Typed = AnyEvent, S = unknown>(
  url: Url,
  options?: Options,
): Client<ServerEvent, ClientEvent, S>;
/** Connects to a server with a protocol of its own, see {@link RawOptions}. */
export declare function connect(url: Url, options: RawOptions): RawClient;
// Once more: of several, tools show the last.
export declare function connect<ServerEvent extends Typed = AnyEvent, ClientEvent extends Typed = AnyEvent, S = unknown>(
  url: Url,
  options?: Options,
): Client<ServerEvent, ClientEvent, S>;

/** What may be sent raw: a text, or bytes, of which a copy is made. A Blob has to be read before. */
export type RawData = string | ArrayBuffer | ArrayBufferView;

/**
 * Options for a server that speaks a protocol of its own, text or binary: nothing of everwire's is sent or understood, and
 * every rule of a connection holds.
 */
export interface RawOptions extends Omit<Options, 'protocol' | 'heartbeat' | 'token' | 'onDoubt' | 'resyncGap' | 'reserved' | 'persist' | 'transport' | 'flow' | 'validate'> {
  protocol: 'raw';
  /** Without a `ping` there is none: freshness is `unknown`, and no silence is death. */
  heartbeat?:
    | boolean
    | (HeartbeatOptions & {
        /** What is sent as a ping, or a function that makes each. */
        ping?: RawData | (() => RawData) | undefined;
        /** Whether a frame answers a ping; it is not delivered then. Default: the first frame after a ping, which is delivered. */
        isPong?: ((data: string | ArrayBuffer) => boolean) | undefined;
      })
    | undefined;
}

/** A connection with `protocol: 'raw'`. */
export interface RawClient extends Pick<Client, 'state' | 'ready' | 'close' | 'retry' | 'snapshot' | 'subscribe'> {
  /**
   * Calls `handler` with every frame, as text or as bytes.
   *
   * @returns a function that removes the handler
   * @throws EverwireError `invalid_handler`
   */
  on(type: 'message', handler: (data: string | ArrayBuffer) => unknown): () => void;
  /**
   * Sends a frame, now or as soon as there is a connection.
   *
   * @throws EverwireError `invalid_event` (neither text nor bytes), `invalid_option`
   */
  send(data: RawData, options?: Pick<SendOptions, 'priority' | 'ttl' | 'signal' | 'volatile'>): Receipt;
}

export type ErrorCode =
  | 'invalid_url'
  | 'invalid_option'
  | 'invalid_event'
  | 'invalid_handler'
  // Of `everwire/causal`.
  | 'invalid_clock'
  | 'csp'
  | 'wasm_unavailable'
  // Of promises.
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'queue_full'
  | 'too_big'
  | 'in_doubt'
  | 'ack_unsupported'
  | 'reply_unsupported'
  | 'taken_over'
  | 'overflow'
  // Of `everwire/mutate`.
  | 'unknown'
  | 'not_persisted';

/** What everwire throws, and what its promises reject with. */
export declare class EverwireError extends Error {
  constructor(code: string, message: string, retryable?: boolean, cause?: unknown);
  readonly name: 'EverwireError';
  /** Stable: to be compared with. Of a `request`, also the server's own. */
  readonly code: ErrorCode | (string & {});
  /** Whether the same call can succeed later without a change of the program or the page. */
  readonly retryable: boolean;
}
