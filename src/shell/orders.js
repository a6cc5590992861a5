// @ts-check
// Owns the functions by which the core gives its orders; must not know why it gives them.

import { snapshot, warning } from './status.js';
import { host } from './work.js';

/** @typedef {import('./host.js').Host} Host */

/** What is to be said on a socket that is gone is lost with it. @param {number} generation */
const outlet = (generation) => host.sockets.get(generation)?.outlet;

/** Runs functions of the application, so it waits until the core is at rest. @param {(client: Host) => void} act */
const later = (act) => {
  const client = host;
  client.later.push(() => act(client));
};

// --------------------------------------------------------------------------------------------------- connections

/** @param {number} call */
export const resolve = (call) => later((client) => client.resolve(call));

/** @param {number} generation */
export const connect = (generation) => host.connect(generation);

/** @param {number} generation @param {number} code */
export const abandon = (generation, code) => {
  host.sockets.get(generation)?.abandon(code);
  host.sockets.delete(generation);
};

/**
 * @param {boolean} pass @param {number} generation @param {number} nextSeq @param {number} credit
 * @param {boolean} envelope @param {boolean} batch @param {number} frameBytes @param {boolean} trackTs
 */
export const program = (pass, generation, nextSeq, credit, envelope, batch, frameBytes, trackTs) =>
  host.plane.program(pass, generation, nextSeq, credit, envelope, batch, frameBytes, trackTs);

// ------------------------------------------------------------------------------------------------------- the wire

/** @param {number} generation @param {boolean} joined @param {number} v @param {number} features as bits */
export const hello = (generation, joined, v, features) => outlet(generation)?.hello(v, features, host.target?.[2], joined);

/** @param {number} generation @param {boolean} joined @param {number} ts */
export const ping = (generation, joined, ts) => outlet(generation)?.ping(ts, joined);

/** @param {number} generation @param {any} ping */
export const pong = (generation, ping) => outlet(generation)?.pong(ping);

/** @param {number} generation @param {any} event */
export const acknowledge = (generation, event) => outlet(generation)?.ack(event.$id);

/**
 * @param {number} generation @param {boolean} joined
 * @param {number} lastSeen -1 for none
 * @param {number} epoch 0 for none
 */
export const ask = (generation, joined, lastSeen, epoch) =>
  outlet(generation)?.ask(lastSeen < 0 ? null : lastSeen, host.names.textOf(epoch), joined);

/**
 * @param {number} generation @param {number} receipt
 * @param {number} id the n of its `$id`; 0 for none
 * @param {boolean} again @param {boolean} joined
 */
export const transmit = (generation, receipt, id, again, joined) =>
  outlet(generation)?.transmit(host.receipts.textOf(receipt), id, again, joined);

// ------------------------------------------------------------------------------------------------ the application

/** @param {any} event */
export const deliver = (event) => later((client) => client.plane.deliver(event));

/** @param {any} event @param {number} id what stands for its `$id` */
export const deliverCritical = (event, id) => later((client) => client.handle(event, id));

/** @param {any} state @param {string} continuity @param {number} from -1 for none @param {number} to -1 for none */
export const deliverResync = (state, continuity, from, to) =>
  later((client) => client.plane.deliverResync(state, continuity, from, to));

/** @param {number} receipt */
export const sent = (receipt) => host.receipts.sent(receipt);

/** @param {number} receipt @param {string} fate @param {boolean} confirmed @param {string} code @param {string} message */
export const settle = (receipt, fate, confirmed, code, message) =>
  host.receipts.settle(receipt, fate, confirmed, code, message);

/** @param {number} receipt @param {any} nack */
export const refused = (receipt, nack) => host.receipts.refused(receipt, nack);

/** What was shown is no longer true. */
export const changed = () => {
  host.shown = undefined;
  later((client) => client.plane.notify());
};

/** @param {Parameters<typeof snapshot>} members */
export const show = (...members) => {
  host.shown = snapshot(...members);
};

/** @param {string} code @param {string} message */
export const warn = (code, message) => later((client) => client.warn(warning(code, message)));
