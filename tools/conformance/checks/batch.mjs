// @ts-check
// Owns the checks of batches, both ways; must not know what their messages mean.

import { isDeepStrictEqual } from 'node:util';
import { must } from '../check.mjs';

/** @param {import('../peer.mjs').Peer} peer */
const pongs = (peer) => peer.messages.filter((message) => message?.type === 'pong').map(({ ts }) => ts);

/** @type {import('../check.mjs').Group} */
export const batch = {
  feature: 'batch',
  about: 'many messages in one frame',
  checks: [
    {
      name: 'batch-read',
      requires: 'The elements of a batch mean what they would mean one after the other.',
      section: '§2',
      needs: ['batch', 'pong'],
      make: async (run) => {
        const peer = await run.connect();
        const sent = Array.from({ length: 50 }, (_, ts) => ts);
        peer.send(sent.map((ts) => ({ type: 'ping', ts })));
        await peer.hear(({ type, ts }) => type === 'pong' && ts === 49);
        must(isDeepStrictEqual(pongs(peer), sent), 'a batch of 50 pings', `pongs ${JSON.stringify(pongs(peer))}`);
      },
    },
    {
      name: 'batch-bad-element',
      requires: 'A bad element of a batch harms itself only.',
      section: '§2',
      needs: ['batch', 'pong'],
      make: async (run) => {
        const peer = await run.connect();
        const sent = [{ type: 'ping', ts: 1 }, 7, null, {}, [], { type: 5 }, [{ type: 'ping', ts: 'nested' }], { type: 'ack' }, { type: 'ping', ts: 2 }];
        peer.send(sent);
        await peer.hear(({ type, ts }) => type === 'pong' && ts === 2);
        must(isDeepStrictEqual(pongs(peer), [1, 2]), sent, `pongs ${JSON.stringify(pongs(peer))}`);
      },
    },
    {
      name: 'batch-opaque',
      requires: 'An array whose first element is no object with a string type is no batch.',
      section: '§2',
      needs: ['batch', 'pong'],
      make: async (run) => {
        const peer = await run.connect();
        const sent = ['1', '2', { type: 'ping', ts: 'inside' }];
        peer.send(sent);
        await run.settled(peer);
        must(!pongs(peer).includes('inside'), sent, { type: 'pong', ts: 'inside' });
      },
    },
  ],
};
