// @ts-check
// Owns the checks of pings and pongs; must not know any other message.

import { isDeepStrictEqual } from 'node:util';
import { NotOffered, NotSeen, must, pause } from '../check.mjs';

const stamps = [Date.now(), 0, -1, 1.5, Number.MAX_SAFE_INTEGER, '', 'a text', 'ä\u0000"\\', null, true, [1, { a: [] }], { a: { b: null } }];

/** The longest `every` that is waited for, and what a server may be late by, in ms. */
const LONGEST = 30_000;
const SLACK = 2_000;

/** @type {import('../check.mjs').Group} */
export const heartbeat = {
  feature: 'heartbeat',
  about: 'a dead connection is found, and freshness is known',
  checks: [
    {
      name: 'pong-same-ts',
      requires: 'A ping is answered at once by a pong that carries the same ts, whatever it is.',
      section: '§4',
      needs: ['pong'],
      make: async (run) => {
        const peer = await run.connect();
        for (const ts of stamps) {
          const pong = await peer.ping(ts);
          must(pong !== undefined && isDeepStrictEqual(pong.ts ?? null, ts), { type: 'ping', ts }, pong ?? 'no pong');
        }
      },
    },
    {
      name: 'pong-for-each',
      requires: 'Each ping has its own pong, in order.',
      section: '§4',
      needs: ['pong'],
      make: async (run) => {
        const peer = await run.connect();
        const sent = Array.from({ length: 20 }, (_, n) => n);
        for (const ts of sent) peer.send({ type: 'ping', ts });
        await peer.hear(({ type, ts }) => type === 'pong' && ts === sent.length - 1);
        const came = peer.messages.filter((message) => message?.type === 'pong').map(({ ts }) => ts);
        must(isDeepStrictEqual(came, sent), sent, came);
      },
    },
    {
      name: 'ping-unknown-fields',
      requires: 'Unknown fields are ignored.',
      section: '§2',
      needs: ['pong'],
      make: async (run) => {
        const peer = await run.connect();
        const ping = { type: 'ping', ts: 1, id: 7, other: { x: [1] } };
        peer.send(ping);
        const pong = await peer.hear(({ type }) => type === 'pong');
        must(pong?.ts === 1, ping, pong ?? 'no pong');
      },
    },
    {
      name: 'ping-before-hello',
      requires: 'A client that never says hello has its pings answered too.',
      section: '§3, §4',
      needs: ['pong', 'hello'],
      make: async (run) => {
        const peer = await run.open();
        const pong = await peer.ping(5);
        must(pong?.ts === 5, { type: 'ping', ts: 5 }, pong ?? 'no pong');
      },
    },
    {
      name: 'ping-by-server',
      requires: 'A server that says heartbeat.by: server pings every `every`.',
      section: '§4',
      needs: ['hello'],
      make: async (run) => {
        const { by, every = 15_000 } = run.hello.heartbeat ?? {};
        if (by !== 'server' || run.listener === null) throw new NotOffered('the client sends the pings');
        if (every > LONGEST) throw new NotSeen(`every is ${every}: the run does not wait for so long`);
        const { peer, at } = run.listener;
        const wait = 2 * every + SLACK;
        await pause(Math.max(0, at + wait - performance.now()));
        const pings = peer.messages.filter((message) => message?.type === 'ping').length;
        must(pings >= 2, `nothing for ${wait} ms; hello said every ${every}`, `${pings} pings`);
        must(peer.isOpen, 'a pong to each ping', `the connection closed with ${peer.code}`);
      },
    },
  ],
};
