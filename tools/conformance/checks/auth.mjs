// @ts-check
// Owns the checks of a server that wants to know who speaks; must not know how it finds out.

import { must } from '../check.mjs';

/** By which a client knows that its credentials are refused (§10). */
const refusals = [4401, 1008, 4109];

/** What may come although nobody said who speaks. @param {any} message */
const isHarmless = (message) => ['hello', 'pong', 'goaway'].includes(message?.type);

/** @type {import('../check.mjs').Group} */
export const auth = {
  feature: 'auth',
  about: 'nothing for who has not said who it is',
  checks: [
    {
      name: 'auth-silent',
      requires: "With auth: true nothing follows the server's hello until the client's, and nothing that is said before is heeded.",
      section: '§5',
      needs: ['hello', 'auth'],
      make: async (run) => {
        const peer = await run.open();
        const { message, isIt } = run.publisher.message();
        const before = (await run.witness()).mark;
        peer.send(message);
        peer.send({ type: 'resync_request', last_seen: null });
        await run.publishIfPossible();
        await peer.hear((said) => !isHarmless(said), { within: run.patience });
        const came = peer.messages.find((said) => !isHarmless(said));
        must(came === undefined, 'an event and a resync_request, no hello', came);
        const times = run.publisher.isMarked ? await run.timesPublished(isIt, before) : 0;
        must(times === 0, `${JSON.stringify(message)}, no hello`, 'it was applied');
      },
    },
    {
      name: 'auth-refused',
      requires: 'A hello without a token, or with a wrong one, closes the connection with 4401, 1008 or 4109.',
      section: '§5, §10',
      needs: ['hello', 'auth'],
      make: async (run) => {
        for (const token of [undefined, '', `${run.options.token}-conformance`, 7]) {
          const peer = await run.open();
          const said = { type: 'hello', v: 1, features: ['ack', 'seq'], client: peer.client, token };
          peer.send(said);
          const code = await peer.closeCode();
          must(code !== null && refusals.includes(code), said, code === null ? 'the connection stays open' : `the connection closed with ${code}`);
          const came = peer.messages.find((message) => !isHarmless(message));
          must(came === undefined, said, came);
        }
      },
    },
  ],
};
