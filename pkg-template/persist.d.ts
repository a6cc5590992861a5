/**
 * Messages that outlive their page: an outbox in IndexedDB.
 *
 * @example
 * import { connect } from 'everwire';
 * import { outbox } from 'everwire/persist';
 *
 * const client = connect('/live', { persist: outbox({ user: session.userId }) });
 * const receipt = client.send({ type: 'decision', approve: true }, { persist: true });
 * await receipt.stored; // accepted: whatever becomes of this page, a later one goes on with it
 */
import type { Outcome, Persistence, Typed } from './index.js';

/** Unknown names and senseless values throw `invalid_option`. */
export interface OutboxOptions {
  /** Who sends. A page goes on only with what the same user stored. Up to 256 characters. Default: nobody in particular. */
  user?: string | undefined;
  /**
   * What tells destinations apart that differ in more than host and path. Needed where the url is a function or has a
   * query, which is not stored because it may be a credential. Up to 256 characters. Default: empty.
   */
  name?: string | undefined;
  /** The database. Default `everwire`. */
  database?: string | undefined;
  /** Messages of this client that may be stored: 1 to 10,000. Default 200. Those beyond are sent and not stored. */
  messages?: number | undefined;
  /** Bytes of them: 1,024 to 268,435,456. Default 4,194,304. */
  bytes?: number | undefined;
  /** How long a message may be stored, and still be sent by a later page: 1,000 to 2,592,000,000 ms. Default 86,400,000 (a day). */
  age?: number | undefined;
  /** Told the end of each message that an earlier page stored; one that was too old ends `expired`, or `unknown` if it had been sent (code `expired`). */
  onSettled?: ((end: { readonly event: Typed & { readonly [field: string]: any }; readonly outcome: Outcome }) => void) | undefined;
}

/**
 * An outbox, for the option `persist` of `connect`.
 *
 * Where nothing can be stored (no IndexedDB, no Web Locks, no room), a warning `not_persisted` says so, `receipt.stored`
 * rejects with an error of that code, and the message is sent all the same.
 *
 * @throws EverwireError `invalid_option`
 */
export declare function outbox(options?: OutboxOptions): Persistence;
