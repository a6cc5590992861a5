/**
 * Events of a client for `for await`, with a bounded buffer.
 *
 * @example
 * import { iterate } from 'everwire/iterate';
 *
 * for await (const { amount } of iterate(client, 'price', { buffer: 100 })) await draw(amount);
 */
import type { Client, EventOf, RawClient, Resync, Typed } from './index.js';
import type { Stream, StreamEvent, StreamTypes } from './stream.js';

export interface IterateOptions {
  /** Events that may wait to be taken: 1 to 100,000. Default 1,000. */
  buffer?: number | undefined;
  /**
   * What becomes of an event for which there is no room: it takes the place of the oldest (`drop-oldest`), it is left out
   * (`drop-newest`), or the loop ends with an `EverwireError` `overflow`, after the events that wait (`error`). Default
   * `drop-oldest`.
   */
  overflow?: 'drop-oldest' | 'drop-newest' | 'error' | undefined;
  /** Ends the loop at once; what waits is forgotten. */
  signal?: AbortSignal | undefined;
}

/**
 * Ends after `client.close()`, once what came before is taken; by `break`; and by the signal. No lost connection ends it, and
 * no stop by the server, after which `retry()` may go on. It never rejects but for `overflow`. One that is left without any
 * of these keeps its handler and what waits.
 */
// Not the `AsyncIterableIterator` of the language, which has as many parameters as the compiler is new.
export interface Iteration<E> extends AsyncIterator<E, undefined, void> {
  /** Events for which there was no room so far. */
  readonly lost: number;
  next(): Promise<IteratorResult<E, undefined>>;
  return(): Promise<IteratorResult<E, undefined>>;
  [Symbol.asyncIterator](): Iteration<E>;
}

/**
 * The events of one type, of all (`'*'`), or every resync, from now on: what comes before the first `next()` waits too.
 *
 * @throws EverwireError `invalid_option`, `invalid_handler`
 */
export declare function iterate<S>(client: Client<any, any, S>, type: 'resync', options?: IterateOptions): Iteration<Resync<S>>;
export declare function iterate<E extends Typed>(client: Client<E, any, any>, type: '*', options?: IterateOptions): Iteration<E>;
export declare function iterate<E extends Typed, T extends E['type']>(
  client: Client<E, any, any>,
  type: T,
  options?: IterateOptions,
): Iteration<EventOf<E, T>>;
/** The events of a stream. It ends with the stream's own end, too. */
export declare function iterate<Types extends StreamTypes>(
  stream: Stream<Types>,
  type: '*',
  options?: IterateOptions,
): Iteration<StreamEvent<Types[keyof Types], keyof Types & string>>;
export declare function iterate<Types extends StreamTypes, T extends keyof Types & string>(
  stream: Stream<Types>,
  type: T,
  options?: IterateOptions,
): Iteration<StreamEvent<Types[T], T>>;
/** The frames of a client with `protocol: 'raw'`. */
export declare function iterate(client: RawClient, type: 'message', options?: IterateOptions): Iteration<string | ArrayBuffer>;
