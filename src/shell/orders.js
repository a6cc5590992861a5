// @ts-check
// Owns the functions by which the core gives its orders; must not know why it gives them.

import { snapshot, warning } from './status.js';
import { host } from './work.js';

/** @typedef {import('./host.js').Host} Host */

/**
 * An order is carried out when the core has returned: a throw must not cross it, and what calls back must find it at
 * rest, which functions of the application may do, and so may a `WebSocket` that the page has put in place of its own.
 *
 * @template {any[]} A
 * @param {(client: Host, ...args: A) => unknown} act
 * @returns {(...args: A) => void}
 */
export const order = (act) => (...args) => {
  const client = host;
  client.orders.push(() => act(client, ...args));
};

/** What is to be said on a socket that is gone is lost with it. @param {Host} client @param {number} generation */
const outlet = (client, generation) => client.sockets.get(generation)?.outlet;

// --------------------------------------------------------------------------------------------------- connections

export const resolve = order((client, /** @type {number} */ call) => client.resolve(call));

export const connect = order((client, /** @type {number} */ generation) => client.connect(generation));

export const abandon = order((client, /** @type {number} */ generation) => client.abandon(generation));

export const program = order((client, /** @type {Parameters<Host['plane']['program']>} */ ...registers) => {
  client.plane.program(...registers);
  client.sender.press(client.plane.pressed);
});

// ------------------------------------------------------------------------------------------------------- the wire

/** With the features as bits. */
export const hello = order(
  (client, /** @type {number} */ generation, /** @type {boolean} */ joined, /** @type {number} */ v, /** @type {number} */ features) =>
    outlet(client, generation)?.hello(v, features, client.target?.[2], joined),
);

export const ping = order(
  (client, /** @type {number} */ generation, /** @type {boolean} */ joined, /** @type {number} */ ts) =>
    outlet(client, generation)?.ping(ts, joined),
);

export const pong = order((client, /** @type {number} */ generation, /** @type {any} */ ping) =>
  outlet(client, generation)?.pong(ping),
);

export const acknowledge = order((client, /** @type {number} */ generation, /** @type {any} */ event) =>
  outlet(client, generation)?.ack(event.$id),
);

/** The last number that was seen, or -1; the number of its epoch, or 0. */
export const ask = order(
  (client, /** @type {number} */ generation, /** @type {boolean} */ joined, /** @type {number} */ lastSeen, /** @type {number} */ epoch) =>
    outlet(client, generation)?.ask(lastSeen < 0 ? null : lastSeen, client.names.textOf(epoch), joined),
);

/** A message that was accepted, with the n of its `$id` or 0. */
export const transmit = order(
  (client, /** @type {number} */ generation, /** @type {number} */ receipt, /** @type {number} */ id, /** @type {boolean} */ again, /** @type {boolean} */ joined) => {
    const text = client.receipts.textOf(receipt);
    if (text !== undefined) client.transmit(generation, text, id, again, joined, receipt);
  },
);

export const measure = order((client, /** @type {number} */ generation) => client.measure(generation));

// ------------------------------------------------------------------------------------------------ the application

export const deliver = order((client, /** @type {any} */ event) => client.plane.accept(event, 0));

/** With what stands for its `$id`. */
export const deliverCritical = order((client, /** @type {any} */ event, /** @type {number} */ id) =>
  client.handle(event, id),
);

/** From and to which number, or -1. */
export const deliverResync = order(
  (client, /** @type {any} */ state, /** @type {string} */ continuity, /** @type {number} */ from, /** @type {number} */ to) =>
    client.plane.deliverResync(state, continuity, from, to),
);

/** With nothing more to say of it. */
export const ended = order((client, /** @type {number} */ receipt, /** @type {boolean} */ confirmed) =>
  client.receipts.ended(receipt, confirmed),
);

export const settle = order((client, /** @type {Parameters<Host['receipts']['settle']>} */ ...end) =>
  client.receipts.settle(...end),
);

/** By the server, which applied it or refused it. */
export const answered = order((client, /** @type {Parameters<Host['receipts']['answered']>} */ ...answer) =>
  client.receipts.answered(...answer),
);

/** What was shown is no longer true, from now on. */
export const changed = () => host.outdate();

export const warn = order((client, /** @type {string} */ code, /** @type {string} */ message) =>
  client.warn(warning(code, message)),
);

/** What was asked for by `snapshot()`: nothing that calls back. @param {any[]} members as `snapshot` takes them */
export const show = (...members) => {
  host.shown = snapshot(.../** @type {Parameters<typeof snapshot>} */ (/** @type {unknown} */ ([...members, host.plane])));
};
