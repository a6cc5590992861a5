// @ts-check
// Owns the checks of numbered events as they happen; must not know how missed ones are asked for.

import { isDeepStrictEqual } from 'node:util';
import { must } from '../check.mjs';

/** @param {import('../peer.mjs').Peer} peer */
export const numbered = (peer) => peer.messages.filter((message) => message?.$seq !== undefined && message.type !== 'resync');

/** @param {any[]} events */
const numbers = (events) => events.map(({ $seq }) => $seq);

/** @type {import('../check.mjs').Group} */
export const events = {
  feature: 'seq: events',
  about: 'what was missed can be known',
  checks: [
    {
      name: 'seq-contiguous',
      requires: 'Events are numbered without a gap from the seq of hello on.',
      section: '§7',
      needs: ['seq', 'event'],
      make: async (run) => {
        const peer = await run.connect();
        const head = peer.messages[0]?.seq;
        await run.settled(peer);
        await run.publish(6);
        await run.settled(peer);
        const came = numbers(numbered(peer));
        must(came.length >= 6, 'six events were published', `$seq ${came.join(' ')}`);
        must(came.every((seq, n) => seq === head + 1 + n), `hello said seq ${head}; six events`, `$seq ${came.join(' ')}`);
      },
    },
    {
      name: 'seq-while-greeting',
      requires: "What happens between the server's hello and the client's is numbered too, or waits.",
      section: '§5, §7',
      needs: ['seq', 'event'],
      make: async (run) => {
        const peer = await run.open();
        const head = peer.messages[0]?.seq;
        await run.publish(2);
        peer.sayHello(['batch', 'ack', 'seq']);
        await run.publish(2);
        await run.settled(peer);
        const came = numbers(numbered(peer));
        const resynced = peer.messages.some((message) => message?.type === 'resync');
        must(resynced || (came.length >= 4 && came.every((seq, n) => seq === head + 1 + n)), `hello said seq ${head}; two events, the client's hello, two more`, `$seq ${came.join(' ') || 'nothing'}`);
      },
    },
    {
      name: 'seq-same-for-all',
      requires: 'The same event has the same number for all subscribers of the URL, and all are told it.',
      section: '§7',
      needs: ['seq', 'event'],
      make: async (run) => {
        const peers = [await run.connect(), await run.connect()];
        for (const peer of peers) await run.settled(peer);
        await run.publish(4);
        for (const peer of peers) await run.settled(peer);
        const [one = [], other = []] = peers.map(numbered);
        must(isDeepStrictEqual(one.slice(-4), other.slice(-4)), 'four events to two clients', [one.slice(-4), other.slice(-4)]);
      },
    },
    {
      name: 'seq-of-hello',
      requires: 'The seq of a hello is the head of the log: the number of the last event, of the epoch it names.',
      section: '§5, §7',
      needs: ['seq', 'event'],
      make: async (run) => {
        const [event] = await run.publish();
        const peer = await run.open();
        const { epoch, seq } = peer.messages[0] ?? {};
        must(epoch === run.hello.epoch, `a connection; the epoch was ${run.hello.epoch}`, peer.messages[0]);
        must(seq >= event.$seq && (run.publisher.isMarked || seq === event.$seq), `a connection after event ${event.$seq}`, peer.messages[0]);
      },
    },
    {
      name: 'late-hello',
      requires: 'A client whose hello was so late that events went out plain gets a resync with the state before anything numbered.',
      section: '§13',
      needs: ['seq', 'event'],
      make: async (run) => {
        const peer = await run.open();
        await run.publish();
        const plain = await peer.hear((message) => message.type !== 'hello', { within: 2_800 });
        if (plain === undefined) return; // It waits for longer than we do.
        const from = peer.mark;
        peer.sayHello(['batch', 'ack', 'seq']);
        await run.settled(peer);
        await run.publish();
        await run.settled(peer);
        const first = peer.messages.slice(from).find((message) => message?.$seq !== undefined || message?.type === 'resync');
        const isState = first?.type === 'resync' && first.kept !== true;
        must(first === undefined || isState, "an event went out plain, then the client's hello came", first);
      },
    },
  ],
};
