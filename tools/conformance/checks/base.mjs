// @ts-check
// Owns the checks of what every server owes: it stays, whatever comes; must not know any feature.

import { WebSocket } from 'ws';
import { must, pause } from '../check.mjs';

/** @typedef {import('../run.mjs').Run} Run */
/** @typedef {import('../peer.mjs').Peer} Peer */

const deep = '['.repeat(20_000) + ']'.repeat(20_000);
const malformed = [
  '', 'no json', '{', '{"type":"ping",', 'null', '7', '"text"', 'true', '{}', '[]', '[[]]', '[1,2]', '{"type":7}', '{"type":null}',
  '["1","2","topic",{"type":"x"}]', '[{"type":"x"},7,null,[],{}]', '{"type":"__proto__","__proto__":{"x":1}}',
  '{"type":"ping","ts":NaN}', `{"type":"ping","ts":${deep}}`, '{"type":"hello"}', '{"type":"resync_request","last_seen":"x"}',
  '{"type":"ack"}', '{"type":"nack","id":7}', '{"type":"pong"}', '\u0000', '{"type":"\\ud800"}', Buffer.from([1, 2, 3]),
];
const envelopes = [{ $id: 7 }, { $id: null }, { $id: '' }, { $id: {} }, { $seq: 'x' }, { $seq: -1 }, { $again: 'yes' }, { $id: 'x'.repeat(4_096) }];

/** Closings that say that something broke, rather than that something was refused. */
const broken = new Set([1006, 1011]);

/** Whether `peer` is served on, or was sent away by a server that knows why. @param {Run} run @param {Peer} peer @param {unknown} sent */
export async function isServedOrRefused(run, peer, sent) {
  await run.settled(peer);
  if (peer.isOpen && run.facts.has('pong')) {
    const pong = await peer.ping();
    must(pong !== undefined || !peer.isOpen, sent, 'pings are not answered any more');
  }
  if (!peer.isOpen) must(!broken.has((await peer.closeCode()) ?? 1006), sent, `the connection closed with ${peer.code}`);
}

/** @type {import('../check.mjs').Group} */
export const base = {
  feature: 'every server',
  about: 'stays up, whatever a client says',
  checks: [
    {
      name: 'unknown-types',
      requires: 'A message of a type that the server does not know does no harm.',
      section: '§2',
      needs: [],
      make: async (run) => {
        const peer = await run.connect();
        for (const type of ['conformance_unknown', 'presence_x', '']) {
          peer.send({ type, x: [1] });
          await isServedOrRefused(run, peer, { type });
          must(peer.isOpen, { type, x: [1] }, `the connection closed with ${peer.code}`);
        }
      },
    },
    {
      name: 'malformed-frames',
      requires: 'A frame that makes no sense does not end the server: it is ignored, or its connection is closed with a code that says so.',
      section: '§2, §13',
      needs: [],
      make: async (run) => {
        const bystander = await run.connect();
        for (const frame of malformed) {
          const peer = await run.open();
          peer.sendText(frame);
          await isServedOrRefused(run, peer, String(frame) || 'an empty frame');
          must(bystander.isOpen, String(frame), `another client's connection closed with ${bystander.code}`);
          peer.socket.terminate();
        }
        await isServedOrRefused(run, bystander, 'malformed frames on other connections');
      },
    },
    {
      name: 'wrong-envelopes',
      requires: 'Envelope fields of the wrong type do no harm and are not acknowledged.',
      section: '§2, §6',
      needs: ['hello'],
      make: async (run) => {
        for (const envelope of envelopes) {
          const peer = await run.connect();
          peer.send({ ...envelope, type: 'conformance_unknown' });
          await isServedOrRefused(run, peer, envelope);
          const answer = peer.messages.find((message) => message?.type === 'ack');
          must(answer === undefined, envelope, answer);
          peer.socket.terminate();
        }
      },
    },
    {
      name: 'abrupt-end',
      requires: 'A connection that breaks, in the middle of a frame or before it was greeted, does not end the server.',
      section: '§13',
      needs: [],
      make: async (run) => {
        const bystander = await run.connect();
        for (let n = 0; n < 5; n += 1) {
          const socket = new WebSocket(run.options.url, run.target);
          socket.on('error', () => {});
          socket.on('open', () => socket.terminate());
          if (n === 0) setTimeout(() => socket.terminate(), 1);
        }
        await pause(100);
        await isServedOrRefused(run, bystander, 'connections that break at once');
        must(bystander.isOpen, 'connections that break at once', `another client's connection closed with ${bystander.code}`);
      },
    },
  ],
};
