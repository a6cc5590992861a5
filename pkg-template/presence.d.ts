/**
 * Presence: who is in a room, how they stand, and what each says of itself (PROTOCOL.md, "Presence"); and their pointers.
 *
 * Times are milliseconds, sizes are bytes.
 */

import type { Client } from './index.js';

export { EverwireError } from './index.js';

/**
 * How a member stands.
 *
 * - `here`
 * - `away`: all its pages are hidden, or nobody has done anything there for 5 minutes (option `idle`)
 * - `offline`: its connection was lost; it leaves when the grace is over, unless it comes back
 * - `stale`: nothing was heard of it for too long; or it is we who have no connection
 */
export type MemberStatus = 'here' | 'away' | 'offline' | 'stale';

/** Frozen, and the same object until something about the member changes. */
export interface Member<State = any> {
  /** The server's name of the user; of a server without users, the random one of a tab (or the option `userId`). */
  readonly userId: string;
  /** What it said of itself; `{}` where it said nothing. Not to be changed. */
  readonly state: State;
  readonly status: MemberStatus;
  /** When it was last heard, by the server's wall clock; null where the server did not say. */
  readonly lastSeen: number | null;
  /** Whether it is oneself. */
  readonly self: boolean;
}

export interface PresenceOptions<State = any> {
  /** What is said of oneself to begin with: an object of at most 4,096 bytes as JSON. Default: nothing, which others see as `{}`. */
  state?: State | undefined;
  /** Changes are sent at most once in so long, the first at once and the newest last: 0 to 10,000 ms. Default 100. */
  throttle?: number | undefined;
  /**
   * How long one who was lost is kept as `offline` before it leaves, 0 to 60,000 ms: oneself by the server, and others who
   * are missing from its list after a return. Default 5,000.
   */
  grace?: number | undefined;
  /** Away after so long without pointer, key, wheel, touch or scroll: 1,000 to 86,400,000 ms; false: only when hidden. Default 300,000. */
  idle?: number | false | undefined;
  /** Who one is where the server knows no users: 1 to 128 bytes. Default: a random name of the tab, which a reload keeps. */
  userId?: string | undefined;
  /** Told what a developer should know. Default: `console.warn`. */
  onWarning?: ((warning: { readonly code: PresenceWarningCode; readonly message: string }) => void) | undefined;
}

export type PresenceWarningCode = 'presence_unsupported' | 'presence_refused' | 'many_members';

/** One room, as this page sees it. */
export interface Presence<State = any> {
  readonly client: Client<any, any, any>;
  /** Undefined for the room of the url. */
  readonly room: string | undefined;
  /** Whether the server has presence; null as long as nobody can say. False after 10 s without an answer, until there is one. */
  readonly supported: boolean | null;
  /** Whether what is shown is what the server says now: connected, and its list received. */
  readonly synced: boolean;
  /** Why the server would not have us, or our state, on this connection; null where it has not refused, and when its list comes. */
  readonly refused: { readonly code: string; readonly message: string } | null;

  /** Oneself, as one says: with the state that was set, sent or not. */
  me(): Member<State>;
  /**
   * Says another state of oneself; sent when it may be, and with every later connection. The same state again is no news.
   *
   * @throws EverwireError `bad_state`: no object, nothing that can be turned into JSON, or over 4,096 bytes
   */
  set(state: State | ((state: State) => State)): void;
  /** Everybody: oneself first, the others in the order in which they came. Frozen, and the same array until something changes. */
  members(): readonly Member<State>[];
  /** Everybody else. */
  others(): readonly Member<State>[];
  member(userId: string): Member<State> | undefined;

  /**
   * Calls `listener` after any change, once for all that happened in a frame (on a hidden page: in a task).
   *
   * @returns a function that takes the listener off
   * @throws EverwireError `invalid_handler`
   */
  subscribe(listener: () => unknown): () => void;
  /** The same for one member, who need not be there yet. */
  subscribe(userId: string, listener: () => unknown): () => void;
  /**
   * Calls `handler` with each of the others who came, changed, or left (as it was last), once a frame: who came and
   * changed meanwhile came; who came and left was never there.
   *
   * @returns a function that takes the handler off
   * @throws EverwireError `invalid_handler`
   */
  on(change: 'join' | 'update' | 'leave', handler: (member: Member<State>) => unknown): () => void;

  /** Leaves at once, without grace, and for good: every handler is taken off. */
  leave(): void;
}

/**
 * Joins a room, on this connection and every later one.
 *
 * While there is no connection the others are kept and shown as `stale`.
 *
 * @param room 1 to 128 bytes. Default: the room of the url.
 * @throws EverwireError `invalid_option`, `bad_state`, `already_joined` (this client is in that room), `csp`, `wasm_unavailable`
 */
export declare function presence<State extends object = any>(client: Client<any, any, any>, room?: string | undefined, options?: PresenceOptions<State>): Presence<State>;
export declare function presence<State extends object = any>(client: Client<any, any, any>, options: PresenceOptions<State>): Presence<State>;

export interface PointerOptions {
  /** Sent at most once in so long: 10 to 10,000 ms. Default 50. */
  throttle?: number | undefined;
  /** Whether the others' pointers move between the places where they were seen. Default true. */
  smooth?: boolean | undefined;
}

export interface Cursor {
  readonly userId: string;
  readonly x: number;
  readonly y: number;
  /** What it points at, where the other page said so. */
  readonly node: string | undefined;
}

export interface Pointer {
  /**
   * Where one points. Sent as it is when it may be; what cannot go at once is not kept for later, but for the newest.
   *
   * @param x -1e6 to 1e6 (forced), to four decimals, in any unit that the pages agree on
   * @param node what it points at, at most 128 bytes: coordinates are then of that, and no way is shown from another
   * @throws EverwireError `invalid_option`
   */
  move(x: number, y: number, node?: string): void;
  /** The pointers of the others who are there and have moved, at a time of `performance.now()`. */
  cursors(now?: number): readonly Cursor[];
  /** Calls `listener` with every frame in which one of them moves, and when one comes or goes. */
  subscribe(listener: (cursors: readonly Cursor[]) => unknown): () => void;
  /** Lets go of everything. */
  stop(): void;
}

/**
 * The pointers of those in a room.
 *
 * @param presence of the room of the url, the only one that has pointers
 * @throws EverwireError `invalid_option`
 */
export declare function pointer(presence: Presence<any>, options?: PointerOptions): Pointer;
