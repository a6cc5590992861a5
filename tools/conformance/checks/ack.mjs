// @ts-check
// Owns the checks of acknowledged messages: answered once and again, applied once; must not know numbered events.

import { isDeepStrictEqual } from 'node:util';
import { must, pause } from '../check.mjs';
import { isAnswer as answers } from '../run.mjs';

/** @typedef {import('../peer.mjs').Peer} Peer */
/** @typedef {import('../run.mjs').Run} Run */

/**
 * Sends a message under an `$id` and returns the answer; one that the server is too busy for is sent again.
 *
 * @param {Peer} peer @param {any} message @param {string} id
 */
export async function ask(peer, message, id) {
  for (;;) {
    const from = peer.mark;
    peer.send({ ...message, $id: id });
    const answer = await peer.hear(answers(id), { from });
    must(answer !== undefined, { ...message, $id: id }, 'neither ack nor nack with this id');
    if (answer.code !== 'busy') return answer;
    await pause(answer.retry_after ?? 1_000);
  }
}

/** Sends what is published, and learns that it was. @param {Run} run @param {Peer} peer */
async function applied(run, peer) {
  const witness = await run.witness();
  const { message, isIt } = run.publisher.message();
  const from = witness.mark;
  const id = peer.nextId();
  const answer = await ask(peer, message, id);
  const times = await run.timesPublished(isIt, from);
  run.publisher.advance();
  must(answer.type !== 'nack', { ...message, $id: id }, answer);
  must(times >= 1, { ...message, $id: id }, `${answer.type}, but nothing was published`);
  return { message, isIt, id, answer, times, from };
}

/** @type {import('../check.mjs').Group} */
export const ack = {
  feature: 'ack',
  about: 'messages are applied once, and refused with a reason',
  checks: [
    {
      name: 'ack-each',
      requires: 'Each $id is answered by one ack or nack with that id.',
      section: '§6',
      needs: ['ack'],
      make: async (run) => {
        const peer = await run.connect();
        for (let n = 0; n < 5; n += 1) {
          const id = peer.nextId();
          await ask(peer, { type: 'conformance_unknown' }, id);
          await run.settled(peer);
          const count = peer.messages.filter(answers(id)).length;
          must(count === 1, { type: 'conformance_unknown', $id: id }, `${count} answers`);
        }
      },
    },
    {
      name: 'nack-repeated',
      requires: 'The outcome of a known number is repeated as it was, whether ack or nack.',
      section: '§6',
      needs: ['ack'],
      make: async (run) => {
        const peer = await run.connect();
        const id = peer.nextId();
        const first = await ask(peer, { type: 'conformance_unknown' }, id);
        const second = await ask(peer, { type: 'conformance_unknown' }, id);
        must(isDeepStrictEqual(first, second), `${id} twice`, [first, second]);
      },
    },
    {
      name: 'ack-applies-once',
      requires: 'A known number is not applied again: its outcome is repeated.',
      section: '§6',
      needs: ['ack', 'event'],
      make: async (run) => {
        const peer = await run.connect();
        const { message, isIt, id, answer, times, from } = await applied(run, peer);
        const again = await ask(peer, message, id);
        must(isDeepStrictEqual(again, answer) || again.code === 'reply_lost', `${id} twice`, [answer, again]);
        const now = await run.timesPublished(isIt, from);
        must(now === times, `${id} twice`, `it was applied again: published ${now} times`);
      },
    },
    {
      name: 'ack-across-connections',
      requires: "A client's outcomes are remembered after its connection broke.",
      section: '§6',
      needs: ['ack', 'event'],
      make: async (run) => {
        const peer = await run.connect();
        const { message, isIt, id, answer, times, from } = await applied(run, peer);
        await peer.cut();
        const next = await run.connect({ client: peer.client });
        next.n = peer.n;
        const again = await ask(next, { ...message, $again: true }, id);
        must(isDeepStrictEqual(again, answer) || again.code === 'reply_lost', `${id} on the next connection`, [answer, again]);
        const now = await run.timesPublished(isIt, from);
        must(now === times, `${id} on the next connection`, `it was applied again: published ${now} times`);
      },
    },
    {
      name: 'ack-own-numbers',
      requires: "Clients have their own numbers, and none settles another's.",
      section: '§6, §13',
      needs: ['ack', 'event'],
      make: async (run) => {
        const [one, other] = [await run.connect(), await run.connect()];
        const stolen = `${one.client}.1`;
        other.send({ type: 'conformance_unknown', $id: stolen });
        await run.settled(other);
        const taken = other.messages.find((message) => message?.type === 'ack' && message.id === stolen);
        must(taken === undefined, "an $id of another's client", taken);
        await applied(run, one);
        await applied(run, other);
      },
    },
    {
      name: 'ack-id-length',
      requires: 'An $id of 128 bytes is answered as it is, or its client is refused as a whole.',
      section: '§1, §6',
      needs: ['ack'],
      make: async (run) => {
        const peer = await run.connect({ client: 'a'.repeat(126) });
        const id = peer.nextId();
        peer.send({ type: 'conformance_unknown', $id: id });
        const answer = await peer.hear(answers(id));
        const isRefused = peer.code !== null && peer.code >= 4400 && peer.code < 4500;
        must(answer !== undefined || isRefused, { $id: id }, peer.code === null ? 'no answer' : `the connection closed with ${peer.code}`);
      },
    },
    {
      name: 'ack-before-hello',
      requires: 'An $id means nothing before the client said hello.',
      section: '§2',
      needs: ['ack'],
      make: async (run) => {
        const peer = await run.open();
        const id = `${peer.client}.1`;
        peer.send({ type: 'conformance_unknown', $id: id });
        await run.settled(peer);
        const answer = peer.messages.find(answers(id));
        must(answer === undefined, `${id} before hello`, answer);
      },
    },
    {
      name: 'window',
      requires: 'W messages may be under way at once, each is answered, and what is older than W is not applied again.',
      section: '§6',
      needs: ['ack', 'event'],
      make: async (run) => {
        const witness = await run.witness();
        const peer = await run.connect();
        const first = await applied(run, peer);
        const ids = Array.from({ length: run.window }, () => peer.nextId());
        for (const id of ids) peer.send({ type: 'conformance_unknown', $id: id });
        await peer.hear(answers(ids.at(-1) ?? ''), { within: run.patience + 3_000 });
        await run.settled(peer);
        const missing = ids.filter((id) => !peer.messages.some(answers(id)));
        must(missing.length === 0, `${ids.length} messages at once`, `${missing.length} have no answer, ${missing[0]} the first`);
        const from = witness.mark;
        const probe = run.publisher.message();
        peer.send({ ...probe.message, $id: first.id });
        await run.settled(peer);
        const times = await run.timesPublished(probe.isIt, from);
        must(times === 0, `${first.id} after ${peer.n} (W is ${run.window})`, 'it was applied again');
      },
    },
  ],
};
