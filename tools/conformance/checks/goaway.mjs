// @ts-check
// Owns the checks of goaway, and of all that came in the whole run; must not know why it came.

import { NotChecked, NotOffered, must, pause } from '../check.mjs';
import { misshapen } from '../shapes.mjs';

/** @type {import('../check.mjs').Group} */
export const everything = {
  feature: 'all that came',
  about: 'looked at once more',
  checks: [
    {
      name: 'shapes',
      requires: 'Every message of the protocol has its shape, and its identities have at most 128 bytes.',
      section: '§11',
      needs: ['hello'],
      make: async (run) => {
        for (const peer of run.peers) {
          for (const { message, named } of peer.heard) {
            const isOurs = typeof message?.type === 'string' && (named !== null || ['hello', 'goaway'].includes(message.type));
            if (isOurs) must(misshapen(message) === null, 'anything', `${misshapen(message)} in ${JSON.stringify(message)}`);
          }
        }
      },
    },
    {
      name: 'frames',
      requires: 'Frames are text and JSON. A batch goes to who named it, from who named it, and has at most 1,000 elements and limits.frame bytes and only messages in it.',
      section: '§2',
      needs: ['hello'],
      make: async (run) => {
        const most = run.hello.limits?.frame ?? 1_048_576;
        for (const { text, value, named, binary } of run.peers.flatMap((peer) => peer.frames)) {
          must(!binary && value !== undefined, 'anything', `a frame that is not JSON text: ${text}`);
          if (!Array.isArray(value) || typeof value[0]?.type !== 'string') continue;
          const isNamed = named?.includes('batch') === true && run.features.includes('batch');
          must(isNamed, `a hello with features ${JSON.stringify(named)}, after one with ${JSON.stringify(run.features)}`, text);
          const isBatch = value.length <= 1_000 && Buffer.byteLength(text) <= most && value.every((each) => typeof each?.type === 'string');
          must(isBatch, 'anything', `a batch of ${value.length} elements and ${Buffer.byteLength(text)} bytes: ${text}`);
        }
      },
    },
  ],
};

/** @type {import('../check.mjs').Group} */
export const goaway = {
  feature: 'goaway',
  about: 'deployments that nobody notices',
  checks: [
    {
      name: 'goaway',
      requires: 'goaway has its shape, and the server serves for `grace` after it.',
      section: '§9',
      needs: ['hello'],
      make: async (run) => {
        const { stop, stopWithin = run.patience } = run.options;
        if (!stop) throw new NotChecked('the server was not stopped: give GOAWAY=30, and stop it when the run asks for that');
        const peer = await run.connect();
        await run.settled(peer);
        await stop();
        const said = await peer.hear(({ type }) => type === 'goaway', { within: stopWithin });
        if (said === undefined) throw new NotOffered('no goaway came');
        must(misshapen(said) === null, 'the server was stopped', said);
        const served = Math.min(said.grace ?? 0, 60_000) / 2;
        await pause(served);
        must(peer.isOpen, `the server was stopped; grace is ${said.grace}`, `after ${served} ms the connection had closed with ${peer.code}`);
        if (run.facts.has('pong') && served > 0) must((await peer.ping()) !== undefined, 'a ping during grace', 'no pong');
      },
    },
  ],
};
