/** A client as a stream of the platform. */

import type { Client, RawClient, RawData } from './index.js';

/**
 * A stream of what is to be sent: it takes the next event when the one before was sent and the client is `ready`, so a
 * producer runs as fast as the connection. The same one for a client until it was closed, aborted or has failed.
 *
 * A write rejects, and the stream fails, with an EverwireError: what `send` throws, or why the event was not sent
 * (`closed`, `queue_full`). Closing the stream waits for what was written. Aborting it aborts what was not sent. Neither
 * closes the client.
 */
export declare function writable<ClientEvent extends { readonly type: string }>(
  client: Client<any, ClientEvent, any>,
): WritableStream<ClientEvent>;
/** The same of texts and bytes, for a client with `protocol: 'raw'`. */
export declare function writable(client: RawClient): WritableStream<RawData>;
