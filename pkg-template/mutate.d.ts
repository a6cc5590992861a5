/**
 * Optimistic updates: shown at once, sent under a key by which the server applies them once, and taken back if refused.
 *
 * @example
 * import { mutate } from 'everwire/mutate';
 *
 * await mutate(client, `rename-${id}-${crypto.randomUUID()}`, { type: 'rename', id, name }, {
 *   apply: () => names.swap(id, name), // returns the old one
 *   rollback: (old) => names.set(id, old),
 * });
 */
import type { EverwireError, Outcome, Receipt, SendOptions } from './index.js';

/** What was asked for did not happen, or nobody knows. */
export interface MutationError extends EverwireError {
  /**
   * `unknown` if nobody knows whether the server applied it; every other means that it did not. `code` is `unknown`, or the
   * server's word for its refusal, or that of everwire.
   */
  readonly fate: 'rejected' | 'expired' | 'dropped' | 'aborted' | 'unknown';
  /** The code of the outcome. */
  readonly reason: string | null;
}

/** With the options of `send` that make sense. Unknown names and senseless values throw `invalid_option`. */
export interface MutateOptions<Applied = unknown> extends Pick<SendOptions, 'priority' | 'ttl' | 'signal' | 'persist'> {
  /** Shows the update, at once. What it throws is thrown, and nothing is sent. */
  apply?: (() => Applied) | undefined;
  /** Takes it back, with what `apply` returned. What it throws is reported. */
  rollback?: ((applied: Applied, error: MutationError) => unknown) | undefined;
  /**
   * What is done where nobody knows whether the server applied it. `keep`: what is shown stays, and the promise rejects with
   * the code `unknown`, after which the same key may be tried again; `rollback`: it is taken back as well. Default `keep`.
   */
  onUnknown?: 'keep' | 'rollback' | undefined;
  /** The field of the event that carries the key: 1 to 128 bytes. Default `idempotency_key`. */
  field?: string | undefined;
}

/** The part of a client that is used. */
export interface MutateClient {
  send(event: any, options?: SendOptions): Receipt;
}

/**
 * Shows an update and sends it, to be acknowledged, with its key.
 *
 * While it is pending the same key is the same update: the promise of before is returned, and nothing is applied or sent. It
 * fulfils with the outcome (`confirmed` says whether the server vouches for it), and rejects with a {@link MutationError}
 * where it was refused, never sent, or its end is unknown. Nobody has to look at it.
 *
 * @param key one update, for as long as the server remembers: 1 to 128 bytes
 * @throws EverwireError `invalid_option`, `invalid_event`, and what `apply` throws
 */
export declare function mutate<C extends MutateClient, Applied = unknown>(
  client: C,
  key: string,
  event: Parameters<C['send']>[0],
  options?: MutateOptions<Applied>,
): Promise<Outcome>;
