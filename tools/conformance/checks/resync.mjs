// @ts-check
// Owns the checks of the answers to resync_request; must not know how events are published.

import { isDeepStrictEqual } from 'node:util';
import { NotOffered, NotSeen, must, until } from '../check.mjs';

/** @typedef {import('../peer.mjs').Peer} Peer */
/** @typedef {import('../run.mjs').Run} Run */
/** @typedef {{ sent: any, epoch: any, from: any, to: any, kept: boolean, events: any[], state: any, parts: number }} Answer all parts as one */

/** @param {Peer} peer @param {any} request @returns {Promise<Answer>} */
async function ask(peer, request) {
  const sent = { type: 'resync_request', ...request };
  const from = peer.mark;
  peer.send(sent);
  const parts = () => peer.messages.slice(from).filter((message) => message?.type === 'resync');
  await until(() => parts().length > 0 && parts().at(-1).more !== true, peer.target.patience + 3_000);
  const all = parts();
  const [first, last] = [all[0], all.at(-1)];
  must(first !== undefined, sent, 'no resync');
  must(last.more !== true, sent, `${all.length} parts, and the last says that more follow`);
  all.reduce((before, part) => (must(part.from === before.to, sent, `a part that begins at ${part.from} after one that ends at ${before.to}`), part));
  const events = all.flatMap((part) => part.events ?? []);
  return { sent, epoch: first.epoch, from: first.from, to: last.to, kept: all.every((part) => part.kept === true), events, state: last.state ?? null, parts: all.length };
}

/** The answer says that nothing is missing: then nothing is. @param {Answer} answer @param {number} lastSeen */
function isWhole({ sent, from, to, events }, lastSeen) {
  const came = events.map((event) => event?.$seq);
  const said = `kept, from ${from} to ${to}, events ${came.join(' ') || 'none'}`;
  must(from === lastSeen && came.length === to - from && came.every((seq, n) => seq === from + 1 + n), sent, said);
}

/** The answer is a state: it does not say kept, and belongs to the server's log. @param {Run} run @param {Answer} answer */
function isState(run, { sent, epoch, to, kept, state }) {
  must(!kept, sent, { epoch, to, kept });
  must(epoch === run.hello.epoch && Number.isSafeInteger(to), sent, { epoch, to, kept });
  if (state === null) throw new NotOffered('the answer has no state');
}

/** A subscriber, and the number of the last event. @param {Run} run */
async function subscriber(run) {
  const peer = await run.connect();
  await run.settled(peer);
  const head = peer.messages.reduce((highest, message) => Math.max(highest, message?.$seq ?? 0), peer.messages[0]?.seq ?? 0);
  return { peer, head, epoch: peer.messages[0]?.epoch };
}

/**
 * The answer to the least number that is answered by events, found by halving; every answer on the way is looked at.
 *
 * @param {Run} run
 */
async function oldest(run) {
  const { peer, head, epoch } = await subscriber(run);
  const answerTo = async (/** @type {number} */ lastSeen) => {
    const answer = await ask(peer, { last_seen: lastSeen, epoch });
    if (answer.kept) isWhole(answer, lastSeen);
    else isState(run, answer);
    return answer;
  };
  let [gone, kept, best] = [-1, head, await answerTo(head)];
  for (let next = 0; kept - gone > 1; next = Math.floor((gone + kept) / 2)) {
    const answer = await answerTo(next);
    if (answer.kept) [kept, best] = [next, answer];
    else gone = next;
  }
  return { kept, best };
}

/** @type {import('../check.mjs').Group} */
export const resync = {
  feature: 'seq: resync',
  about: 'nothing is missed across a cut, or it is known what was',
  checks: [
    {
      name: 'resync-in-sync',
      requires: 'A client that has everything is told so: kept, and no events.',
      section: '§8',
      needs: ['seq'],
      make: async (run) => {
        const { peer, head, epoch } = await subscriber(run);
        const answer = await ask(peer, { last_seen: head, epoch });
        must(answer.kept && answer.epoch === epoch && answer.to >= head, answer.sent, { ...answer, sent: undefined });
        isWhole(answer, head);
      },
    },
    {
      name: 'resync-behind',
      requires: 'A client that is behind by n is told all n, as they were told the others; or how things stand, and then not kept.',
      section: '§8',
      needs: ['seq', 'event'],
      make: async (run) => {
        const told = await run.publish(5);
        const { peer, epoch } = await subscriber(run);
        const lastSeen = told[0].$seq - 1;
        const answer = await ask(peer, { last_seen: lastSeen, epoch });
        if (!answer.kept) return isState(run, answer);
        isWhole(answer, lastSeen);
        for (const event of told) {
          const again = answer.events.find(({ $seq }) => $seq === event.$seq);
          must(isDeepStrictEqual({ ...again, $id: undefined }, { ...event, $id: undefined }), answer.sent, { told: event, again });
        }
      },
    },
    {
      name: 'resync-from-the-start',
      requires: 'An answer that says kept has every event of (last_seen, to]; what the log does not hold any more is answered by the state.',
      section: '§8',
      needs: ['seq'],
      make: async (run) => {
        const { peer, epoch } = await subscriber(run);
        const answer = await ask(peer, { last_seen: 0, epoch });
        if (answer.kept) isWhole(answer, 0);
        else isState(run, answer);
      },
    },
    {
      name: 'resync-trimmed',
      requires: 'A number is answered by every event after it, or, where the log has forgotten one of them, by the state: to the number.',
      section: '§8',
      needs: ['seq', 'event'],
      make: async (run) => {
        if (run.options.log !== undefined) await run.publish(run.options.log + 1);
        const { kept } = await oldest(run);
        if (kept === 0) throw new NotSeen('the log has not forgotten anything yet: LOG says how many events it holds, and they are published');
      },
    },
    {
      name: 'resync-parts',
      requires: 'Where an answer says more, another part follows that begins where it ends, up to one that does not say so.',
      section: '§8',
      needs: ['seq', 'event'],
      make: async (run) => {
        const { kept, best } = await oldest(run);
        if (best.parts === 1) throw new NotSeen(`the longest answer, of the events after ${kept}, was whole`);
      },
    },
    {
      name: 'resync-goes-on',
      requires: 'What follows an answer begins after its `to`.',
      section: '§8',
      needs: ['seq', 'event'],
      make: async (run) => {
        const { peer, head, epoch } = await subscriber(run);
        const answer = await ask(peer, { last_seen: head, epoch });
        const from = peer.mark;
        await run.publish(2);
        await run.settled(peer);
        const next = peer.messages.slice(from).find((message) => message?.$seq !== undefined);
        must(next?.$seq === answer.to + 1, `${JSON.stringify(answer.sent)}, answered up to ${answer.to}; two events`, next ?? 'no event');
      },
    },
    {
      name: 'resync-other-epoch',
      requires: 'A number of another epoch is not one of this log: the state answers, never kept.',
      section: '§8',
      needs: ['seq'],
      make: async (run) => {
        const { peer, head } = await subscriber(run);
        for (const lastSeen of [0, head]) isState(run, await ask(peer, { last_seen: lastSeen, epoch: 'conformance-other' }));
      },
    },
    {
      name: 'resync-too-far',
      requires: 'A number that was never given is answered by the state, never kept.',
      section: '§8',
      needs: ['seq'],
      make: async (run) => {
        const { peer, head, epoch } = await subscriber(run);
        const answer = await ask(peer, { last_seen: head + 1_000_000, epoch });
        must(answer.to < head + 1_000_000, answer.sent, { to: answer.to });
        isState(run, answer);
      },
    },
    {
      name: 'resync-state',
      requires: '`last_seen: null` is answered by a state of the log up to `to`; what comes later has the numbers after it.',
      section: '§8',
      needs: ['seq'],
      make: async (run) => {
        const { peer, head } = await subscriber(run);
        const answer = await ask(peer, { last_seen: null });
        must(answer.to >= head, answer.sent, { to: answer.to, head });
        isState(run, answer);
        if (!run.facts.has('event')) return;
        const from = peer.mark;
        await run.publish();
        await run.settled(peer);
        const next = peer.messages.slice(from).find((message) => message?.$seq !== undefined);
        must(next?.$seq === answer.to + 1, `last_seen null, answered up to ${answer.to}; an event`, next ?? 'no event');
      },
    },
    {
      name: 'resync-log',
      requires: 'The server keeps a log: a client that missed a few events is told them.',
      section: '§8',
      needs: ['seq', 'event'],
      make: async (run) => {
        const [event] = await run.publish();
        const { peer, epoch } = await subscriber(run);
        const answer = await ask(peer, { last_seen: event.$seq - 1, epoch });
        if (!answer.kept) throw new NotOffered('every gap is answered by the state');
      },
    },
  ],
};
