// @ts-check
// Owns the checks of requests and their replies; must not know what is asked.

import { isDeepStrictEqual } from 'node:util';
import { must } from '../check.mjs';
import { isAnswer } from '../run.mjs';
import { ask } from './ack.mjs';

/** The reply once more, or the news that it is lost. @param {any} first @param {any} again */
const isRepeat = (first, again) => isDeepStrictEqual(first, again) || (again.type === 'nack' && again.code === 'reply_lost');

/** @type {import('../check.mjs').Group} */
export const reply = {
  feature: 'reply',
  about: 'requests that are answered with data',
  checks: [
    {
      name: 'reply-each',
      requires: 'A request is answered by one reply with its id and data, which is its ack too.',
      section: '§6',
      needs: ['ack', 'reply', 'request'],
      make: async (run) => {
        const peer = await run.connect();
        const id = peer.nextId();
        const request = run.request();
        const answer = await ask(peer, request, id);
        must(answer.type === 'reply' && 'data' in answer, { ...request, $id: id }, answer);
        await run.settled(peer);
        const count = peer.messages.filter(isAnswer(id)).length;
        must(count === 1, { ...request, $id: id }, `${count} answers`);
      },
    },
    {
      name: 'reply-repeated',
      requires: 'A known request is not carried out again: its reply is repeated as it was, or a nack says reply_lost.',
      section: '§6',
      needs: ['ack', 'reply', 'request'],
      make: async (run) => {
        const peer = await run.connect();
        const id = peer.nextId();
        const request = run.request();
        const first = await ask(peer, request, id);
        await run.publishIfPossible();
        const again = await ask(peer, request, id);
        must(isRepeat(first, again), `${id} twice`, [first, again]);
      },
    },
    {
      name: 'reply-across-connections',
      requires: 'So it is after the connection broke.',
      section: '§6',
      needs: ['ack', 'reply', 'request'],
      make: async (run) => {
        const peer = await run.connect();
        const id = peer.nextId();
        const request = run.request();
        const first = await ask(peer, request, id);
        await peer.cut();
        await run.publishIfPossible();
        const next = await run.connect({ client: peer.client });
        const again = await ask(next, request, id);
        must(isRepeat(first, again), `${id} on the next connection`, [first, again]);
      },
    },
    {
      name: 'reply-unnamed',
      requires: 'A client that does not name reply is answered by an ack or a nack.',
      section: '§6',
      needs: ['ack', 'reply', 'request'],
      make: async (run) => {
        const peer = await run.connect({ features: ['batch', 'ack', 'seq'] });
        const request = run.request();
        const answer = await ask(peer, request, peer.nextId());
        must(answer.type !== 'reply', 'a hello without reply, and a request', answer);
      },
    },
  ],
};
