/**
 * Causal order: no message is delivered before those it depends on, whatever way each of them took.
 *
 * @example
 * import { connect } from 'everwire';
 * import { causal } from 'everwire/causal';
 *
 * const edits = causal(connect('/live'), 'edit', { resync: () => ask() });
 * edits.on(({ from, text }) => show(from, text));
 * edits.send({ text: 'an answer' }); // comes after what it answers, everywhere
 */
import type { Client, Receipt, SendOptions, Typed } from './index.js';

/**
 * A clock on the wire: actors and counts by turns, in the order of the actors' names. An actor is a string of 1 to 128
 * bytes, a count a whole number from 1 to 2^53 - 1; there are at most 1,000.
 */
export type CompactClock = readonly (string | number)[];

/** What a clock can be made of. Anything else throws `invalid_clock`. */
export type ClockLike = VectorClock | CompactClock;

/**
 * How much each actor did (a vector clock: Fidge 1988, Mattern 1989). It never changes: what changes it returns another.
 */
export declare class VectorClock {
  /** @throws EverwireError `invalid_clock` */
  constructor(clock?: ClockLike);
  /** How many actors did something. */
  readonly size: number;
  /** How much `actor` did; 0 if nothing. */
  get(actor: string): number;
  /** One more of `actor`. @throws EverwireError `invalid_clock` beyond 2^53 - 1, and for the 1,001st actor */
  increment(actor: string): VectorClock;
  /** Everything that either counts. @throws EverwireError `invalid_clock` */
  merge(other: ClockLike): VectorClock;
  /**
   * `before`: what this one counts happened before what `other` does; `after`: the other way round; `concurrent`: neither
   * knew of the other. Clocks of which only one was pruned cannot be compared. @throws EverwireError `invalid_clock`
   */
  compare(other: ClockLike): 'before' | 'after' | 'equal' | 'concurrent';
  /** Without those who left. */
  prune(actors: string | Iterable<string>): VectorClock;
  /** The compact form. */
  toJSON(): (string | number)[];
}

/** Messages of one actor that others wait for: those after number `after`, up to number `until`. */
export interface Missing {
  readonly from: string;
  readonly after: number;
  readonly until: number;
  /** How many held messages need one of them. */
  readonly waiting: number;
}

/** Causes were waited for in vain, or there was no room to wait. What was handed over is in order all the same. */
export interface Gap {
  readonly missing: readonly Missing[];
  /** What was delivered. */
  readonly clock: VectorClock;
}

export interface CausalStats {
  /** Handed to the handlers, or taken note of where they were nothing. */
  readonly delivered: number;
  /** Came more than once; one's own too, where the server sends them back. */
  readonly duplicates: number;
  /** Had no `from` and `clock` that make sense. */
  readonly senseless: number;
  /** Let go of, for age or for want of room; asked for since. */
  readonly letGo: number;
  /** Stood for by a `restore` while they waited. */
  readonly covered: number;
  /** How often what is missing was asked for. */
  readonly gaps: number;
  /** Actors, each time, of whom a `restore` that was asked for lacked what had been let go. */
  readonly lost: number;
  /** Messages that wait now. */
  readonly held: number;
  /** How long the oldest of them has waited, in milliseconds. */
  readonly oldest: number | null;
  /** What waits for what. */
  readonly waitingFor: readonly Missing[];
}

/** Unknown names and senseless values throw `invalid_option`. */
export interface CausalOptions {
  /**
   * Who sends here: 1 to 128 bytes, and nobody else at the same time. One that was here before, and be it before
   * a reload, goes on with the `clock` that it had: the others drop what comes under numbers that were used. Default: 128
   * random bits.
   */
  actor?: string | undefined;
  /** What a state that this member begins with has the effects of. Default: nothing was sent yet. */
  clock?: ClockLike | undefined;
  /** How many messages may wait: 1 to 10,000. Default 1,000. */
  messages?: number | undefined;
  /**
   * How long one waits before what it waits for is asked for, 100 to 600,000 ms, and how often that is asked for again; none
   * waits for longer than twice this. Default 30,000.
   */
  age?: number | undefined;
  /**
   * Asks for what is missing. The answer is the messages once more, or a state, for {@link CausalChannel.restore}. Default:
   * the event `causal_resync` is sent (PROTOCOL.md). `false`: nothing is asked for.
   */
  resync?: false | ((gap: Gap) => unknown) | undefined;
  /** Told of messages that were not delivered, once for each code. Default: `console.warn`. */
  onWarning?: ((warning: { readonly code: 'senseless_message' | 'too_many_actors'; readonly message: string }) => void) | undefined;
}

/** What is delivered: the event as it was sent, with its sender and clock. */
export type CausalEvent<T> = T & Typed & { readonly from: string; readonly clock: CompactClock };

export interface CausalChannel<T extends object> {
  /** Who sends here. */
  readonly actor: string;
  /**
   * Calls `handler` with every message of others, each after those it depends on. A handler that throws is reported.
   *
   * @returns a function that removes the handler
   * @throws EverwireError `invalid_handler`
   */
  on(handler: (event: CausalEvent<T>) => unknown): () => void;
  /**
   * Sends a message that depends on all that was delivered here. With `ack: true`, unless told otherwise: one that is lost
   * keeps others waiting. One that certainly reached nobody (`rejected`, `dropped`, `expired`, `aborted`) keeps nobody waiting.
   *
   * @throws EverwireError `invalid_event` (also for fields named `type`, `from`, `clock`, `void`), `invalid_clock`,
   * `invalid_option`, `closed`
   */
  send(event?: T, options?: SendOptions): Receipt;
  /**
   * A state stands for everything that `clock` counts; what waited for that is delivered in a microtask, so that the state can
   * be shown first. False, and nothing changed, where it lacks something that was delivered here already: then the state is
   * older than what is shown, and not to be used.
   *
   * @throws EverwireError `invalid_clock`, `closed`
   */
  restore(clock: ClockLike): boolean;
  /** These left for good: what is sent from now on does not name them. Once everybody has their last messages. @throws EverwireError `closed` */
  prune(actors: string | Iterable<string>): void;
  /** What was delivered, and sent: what a state shown here has the effects of. @throws EverwireError `closed` */
  clock(): VectorClock;
  /** @throws EverwireError `closed` */
  stats(): CausalStats;
  /** Takes the channel off its client, and lets go of what waits. */
  close(): void;
}

/** The part of a client that is used. */
export type CausalClient = Pick<Client<any, any, any>, 'on' | 'send' | 'snapshot'>;

/**
 * A channel of a client: the events of type `channel`, in causal order. For all members of a channel, a server has only to
 * pass them on.
 *
 * @throws EverwireError `invalid_handler` (a `channel` that is no type of events), `invalid_option`, `invalid_clock`, `csp`,
 * `wasm_unavailable`
 */
export declare function causal<T extends object = Record<string, any>>(client: CausalClient, channel: string, options?: CausalOptions): CausalChannel<T>;
