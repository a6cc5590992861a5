/**
 * A Yjs document over a connection of everwire: the protocol of y-websocket, with its servers and those of its kind.
 *
 * `yjs` and `y-protocols` are installed by who uses this.
 *
 * @example
 * import * as Y from 'yjs';
 * import { YjsProvider } from 'everwire/yjs';
 *
 * const doc = new Y.Doc();
 * const provider = new YjsProvider(doc, '/api/docs/notes');
 * provider.subscribe(() => show(provider.synced, provider.unsaved));
 */
import type { Awareness } from 'y-protocols/awareness';
import type { Doc } from 'yjs';
import type { HeartbeatOptions, RawClient, RawOptions, Url } from './index.js';

/** What keeps a document in the browser: `IndexeddbPersistence` of y-indexeddb, or whatever has its promise. */
export interface YjsPersistence {
  /** Fulfilled once what was kept is in the document. */
  readonly whenSynced: PromiseLike<unknown>;
}

export interface YjsOptions {
  /** Who is at the document. Default: an Awareness of its own, which ends with the provider. */
  awareness?: Awareness | undefined;
  /** Waited for before anything is asked or told, for 10 s at most. A rejection, or that it took longer, is reported, and the provider goes on without it. */
  persistence?: YjsPersistence | undefined;
}

/** Those of a connection too, where the provider makes it. */
export interface YjsConnectionOptions extends YjsOptions, Omit<RawOptions, 'protocol' | 'heartbeat'> {
  /** The ping is a sync step 1, its answer the step 2: what was missed is mended with it. `false` turns it off. */
  heartbeat?: boolean | HeartbeatOptions | undefined;
}

/** What there is to say at one moment. Frozen. */
export interface YjsSnapshot {
  readonly synced: boolean;
  readonly unsaved: boolean;
  /** Why the server said that this document is not for us; null where it did not. */
  readonly denied: string | null;
}

export declare class YjsProvider {
  /**
   * Binds `doc` to the document behind a url, of which the last part is its name (what y-websocket calls a room); or to a
   * client of yours with `protocol: 'raw'`, which has its own heartbeat and is not closed by `destroy()`.
   *
   * @throws EverwireError `invalid_option`, and what `connect` throws
   */
  constructor(doc: Doc, url: Url, options?: YjsConnectionOptions);
  constructor(doc: Doc, client: RawClient, options?: YjsOptions);

  readonly doc: Doc;
  readonly awareness: Awareness;
  /** The connection: `snapshot()` says how it stands, `retry()` tries now. */
  readonly client: RawClient;
  readonly persistence: YjsPersistence | undefined;

  /** Whether the connection is open and the server has answered, on this connection, what we asked: then all is here that it had. */
  readonly synced: boolean;
  /**
   * Whether there are changes of this page of which it is not proven that the server has them: it proves it by an answer to
   * what is asked after them, a second after the last and at the latest after ten. What `persistence` kept, or the document
   * had before, counts as a change.
   */
  readonly unsaved: boolean;
  /** Fulfilled when `synced` is true for the first time; never rejected. */
  readonly whenSynced: Promise<void>;

  /** The same frozen object until something changes. */
  snapshot(): YjsSnapshot;

  /**
   * Calls `listener`, without arguments, whenever `snapshot()` has changed; made for `useSyncExternalStore`.
   *
   * @returns a function that removes the listener
   * @throws EverwireError `invalid_handler`
   */
  subscribe(listener: () => void): () => void;

  /**
   * Tells the others that we are gone, lets go of the document, and closes the connection if the provider made it. The
   * document's `destroy()` does it too. Neither the document nor what keeps it is destroyed.
   */
  destroy(): void;
}
