// @ts-check
// Owns the checks of events that must be seen: sent again until they are acknowledged; must not know what they say.

import { isDeepStrictEqual } from 'node:util';
import { NotChecked, must } from '../check.mjs';

/** @typedef {import('../peer.mjs').Peer} Peer */
/** @typedef {import('../run.mjs').Run} Run */

/** How soon after a hello what was not acknowledged is sent again, beside what an answer may take, in ms. */
const SOON = 3_000;
/** How many events may be asked for in one check. */
const MOST = 512;

/** An event without its place in the log, which need not be repeated. @param {any} event */
const unnumbered = ({ $seq, ...event }) => event;

/** @param {any} event */
const isSame = (event) => (/** @type {any} */ message) => message.$id === event.$id && message.type === event.type;

/** The next connection of the client of `peer`, whose connection is broken. @param {Run} run @param {Peer} peer */
async function afterCut(run, peer) {
  await peer.cut();
  const next = await run.connect({ client: peer.client });
  next.n = peer.n;
  return next;
}

/** @type {import('../check.mjs').Group} */
export const critical = {
  feature: 'ack: critical events',
  about: 'what must be seen is sent again until it was',
  checks: [
    {
      name: 'critical-retried',
      requires: 'A critical event that is not acknowledged is sent again within 10 s, as it was.',
      section: '§7',
      needs: ['ack', 'critical'],
      make: async (run) => {
        const { peer, event, from, at } = run.unacknowledged();
        const again = await peer.hear(isSame(event), { from, within: Math.max(0, at + 10_000 + run.patience - performance.now()) });
        must(again !== undefined, `no ack for ${event.$id}`, `it was not sent again within ${10_000 + run.patience} ms`);
        must(isDeepStrictEqual(unnumbered(again), unnumbered(event)), `no ack for ${event.$id}`, { first: event, again });
      },
    },
    {
      name: 'critical-acknowledged',
      requires: 'A critical event that was acknowledged is not sent again, on this connection or the next.',
      section: '§7',
      needs: ['ack', 'critical'],
      make: async (run) => {
        const { peer, event, from, at } = run.acknowledged();
        const within = Math.max(0, at + 10_000 + run.patience - performance.now());
        const again = await peer.hear(isSame(event), { from, within });
        must(again === undefined, { type: 'ack', id: event.$id }, again);
        const next = await afterCut(run, peer);
        const later = await next.hear(isSame(event), { within: run.patience + SOON });
        must(later === undefined, `${JSON.stringify({ type: 'ack', id: event.$id })}, and another connection`, later);
      },
    },
    {
      name: 'critical-repeated',
      requires: "A critical event that was not acknowledged is sent again after its client's next hello, and the one after.",
      section: '§7',
      needs: ['ack', 'critical'],
      make: async (run) => {
        let peer = await run.connect();
        const event = await run.provoke(peer);
        for (const place of ['next', 'second']) {
          peer = await afterCut(run, peer);
          const again = await peer.hear(isSame(event), { within: run.patience + SOON });
          must(again !== undefined, `no ack for ${event.$id}, and its client's ${place} connection`, `it was not sent again within ${run.patience + SOON} ms`);
          must(isDeepStrictEqual(unnumbered(again), unnumbered(event)), `no ack for ${event.$id}`, { first: event, again });
        }
      },
    },
    {
      name: 'critical-own',
      requires: 'An ack settles an event for the client that said it, and for no other.',
      section: '§7, §13',
      needs: ['ack', 'critical'],
      make: async (run) => {
        const [peer, other] = [await run.connect(), await run.connect()];
        const event = await run.provoke(peer);
        other.send({ type: 'ack', id: event.$id });
        other.send({ type: 'ack', id: 'conformance-none' });
        await run.settled(other);
        const next = await afterCut(run, peer);
        const again = await next.hear(isSame(event), { within: run.patience + SOON });
        must(again !== undefined, `an ack for ${event.$id} by another client`, 'it was not sent again to its own');
      },
    },
    {
      name: 'critical-window',
      requires: 'At most W critical events are unacknowledged for a client.',
      section: '§7',
      needs: ['ack', 'critical'],
      make: async (run) => {
        const { window } = run;
        if (window > MOST) throw new NotChecked(`W is ${window}, and no more than ${MOST} events are asked for`);
        const peer = await run.connect();
        await run.provokeMany(peer, window + 4);
        const next = await afterCut(run, peer);
        await next.hear(() => false, { within: run.patience + SOON });
        const ids = new Set(next.messages.map((message) => message?.$id).filter((id) => typeof id === 'string'));
        must(ids.size <= window, `${window + 4} critical events, no ack, another connection`, `${ids.size} of them again; W is ${window}`);
        must(ids.size > 0, `${window + 4} critical events, no ack, another connection`, 'none of them again');
      },
    },
  ],
};
