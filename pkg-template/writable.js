// @ts-check
// Owns the way from a stream of events to a client: no faster than they are sent; must not know how a client works.

import { EverwireError } from './everwire_error.js';

/** @typedef {import('./index.js').Client<any, any, any>} Client */

/** The streams that are not at their end. @type {WeakMap<Client, WritableStream<any>>} */
const streams = new WeakMap();

/**
 * A stream that takes the next event when the one before was sent: the same one for a client until it is at its end.
 *
 * @param {Client} client
 */
export function writable(client) {
  const open = streams.get(client);
  if (open !== undefined) return open;
  const over = () => void streams.delete(client);
  const stream = new WritableStream({
    async write(event, { signal }) {
      try {
        const room = isReady(client, signal);
        const { fate, code, message } = await room.then(() => client.send(event, { signal }).settled);
        if (fate !== 'sent') throw new EverwireError(code ?? fate, message ?? fate, fate === 'dropped');
      } catch (error) {
        over();
        throw error;
      }
    },
    close: over,
    abort: over,
  });
  streams.set(client, stream);
  return stream;
}

/**
 * Fulfilled when the client can take more, or nobody wants that any more. A signal lives as long as its stream, so nothing
 * may stay with it for each event: no listener, and no reaction of a race.
 *
 * @param {Client} client
 * @param {AbortSignal} signal
 */
const isReady = (client, signal) =>
  new Promise((/** @type {(value: unknown) => void} */ go) => {
    signal.addEventListener('abort', go);
    client.ready.then(() => {
      signal.removeEventListener('abort', go);
      go(undefined);
    });
  });
