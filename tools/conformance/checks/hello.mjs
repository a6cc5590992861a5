// @ts-check
// Owns the checks of hello: its shape, who says what before it, and what a bad one brings; must not know the features.

import { NotOffered, must } from '../check.mjs';
import { isEvent } from '../publisher.mjs';
import { misshapen } from '../shapes.mjs';
import { isServedOrRefused } from './base.mjs';

const client = '0f3c9a7be1d2445586a0c3e7d9b1f204';
/** @type {Record<string, unknown>[]} */
const badHellos = [{}, { v: 1 }, { v: 0, client }, { client }, { v: 'x', client }, { v: 1, client: 7 }, { v: 1, client: '' }, { v: 1, client, features: 'ack' }, { v: 1, client: 'x'.repeat(129) }];

/** Codes by which a client knows that trying again does not help, or that its credentials are refused (§10). @param {number} code */
const stops = (code) => [1002, 1003, 1007, 1008, 1010, 4109].includes(code) || (code >= 4000 && code < 4100) || (code >= 4400 && code < 4500);

/** What came that a peer of this kind must not be sent, or undefined. @param {import('../peer.mjs').Peer} peer */
function forbidden(peer) {
  return peer.heard.find(({ message, named }) => {
    if (named === null || !named.includes('seq')) if (message?.$seq !== undefined) return true;
    return (named === null || !named.includes('ack')) && message?.$id !== undefined;
  })?.message;
}

/** @type {import('../check.mjs').Group} */
export const hello = {
  feature: 'hello',
  about: 'order on reconnects, limits, tokens; the way to everything below',
  checks: [
    {
      name: 'hello-first',
      requires: "The server's hello is the first message of a connection, in a frame of its own, and the only one.",
      section: '§5',
      needs: ['hello'],
      make: async (run) => {
        const peer = await run.connect();
        await run.settled(peer);
        const types = peer.messages.map((message) => message?.type);
        must(types[0] === 'hello', 'nothing: a connection opened', peer.frames[0]?.text ?? 'nothing');
        must(!Array.isArray(peer.frames[0]?.value), 'nothing: a connection opened', peer.frames[0]?.text);
        must(types.lastIndexOf('hello') === 0, "the client's hello", 'a second hello');
      },
    },
    {
      name: 'hello-shape',
      requires: 'hello has v, and its other fields have their types and ranges; with seq it has epoch and seq.',
      section: '§5',
      needs: ['hello'],
      make: async (run) => {
        must(misshapen(run.hello) === null, 'nothing: a connection opened', `${misshapen(run.hello)} in ${JSON.stringify(run.hello)}`);
        if (!run.features.includes('seq')) return;
        must(typeof run.hello.epoch === 'string' && Number.isInteger(run.hello.seq), 'nothing: a connection opened', run.hello);
      },
    },
    {
      name: 'envelope-before-hello',
      requires: 'No envelope field and no batch goes to a client that has not said hello.',
      section: '§2',
      needs: ['hello', 'event'],
      make: async (run) => {
        const peer = await run.open();
        const late = await run.open();
        await run.publish(2);
        await run.settled(run.facts.has('pong') ? peer : late);
        await late.hear((message) => message.type !== 'hello', { within: Math.max(2_600, run.patience) });
        for (const silent of [peer, late]) {
          must(forbidden(silent) === undefined, 'no hello', forbidden(silent));
          const batch = silent.frames.find(({ value }) => Array.isArray(value));
          must(batch === undefined, 'no hello', batch?.text);
        }
      },
    },
    {
      name: 'envelope-unnamed',
      requires: 'A client that names no feature gets no envelope field and no batch, and no acknowledgement.',
      section: '§2',
      needs: ['hello', 'event'],
      make: async (run) => {
        const peer = await run.connect({ features: [] });
        await run.settled(peer);
        await run.publish(2);
        peer.send({ type: 'conformance_unknown', $id: peer.nextId() });
        await run.settled(peer);
        must(forbidden(peer) === undefined, 'a hello with features []', forbidden(peer));
        const batch = peer.frames.find(({ value }) => Array.isArray(value));
        must(batch === undefined, 'a hello with features []', batch?.text);
        const ack = peer.messages.find((message) => ['ack', 'nack'].includes(message?.type));
        must(ack === undefined, 'an $id, and ack was not named', ack);
      },
    },
    {
      name: 'hello-twice',
      requires: "A client's second hello on a connection does no harm.",
      section: '§5',
      needs: ['hello'],
      make: async (run) => {
        const peer = await run.connect();
        peer.sayHello(['batch', 'ack', 'seq']);
        await isServedOrRefused(run, peer, 'the same hello twice');
      },
    },
    {
      name: 'hello-unknown-fields',
      requires: 'Unknown fields and unknown features in a hello are ignored, and a higher v is taken as 1.',
      section: '§5',
      needs: ['hello'],
      make: async (run) => {
        const peer = await run.open();
        const said = { type: 'hello', v: 2, features: ['ack', 'conformance'], client: peer.client, other: { x: 1 }, token: run.options.token };
        peer.send(said);
        await isServedOrRefused(run, peer, said);
        must(peer.isOpen, said, `the connection closed with ${peer.code}`);
      },
    },
    {
      name: 'bad-hello-code',
      requires: 'A hello that makes no sense is ignored, or closes the connection with a code that says that trying again does not help (such as 4400).',
      section: '§10',
      needs: ['hello'],
      make: async (run) => {
        for (const bad of badHellos) {
          const peer = await run.open();
          const sent = { type: 'hello', features: ['ack'], ...bad };
          peer.send(sent);
          if (run.facts.has('ack')) peer.send({ type: 'conformance_unknown', $id: `${bad['client']}.1` });
          await isServedOrRefused(run, peer, sent);
          must(peer.code === null || stops(peer.code), sent, `the connection closed with ${peer.code}`);
          const answer = peer.messages.find((message) => ['ack', 'nack'].includes(message?.type));
          must(answer === undefined, sent, `it was taken for a client: ${JSON.stringify(answer)}`);
          peer.socket.terminate();
        }
      },
    },
    {
      name: 'client-replaced',
      requires: 'A connection that names a client which is on another connection replaces it: the older one is closed with 4409.',
      section: '§5, §10',
      needs: ['hello'],
      make: async (run) => {
        const older = await run.connect();
        await run.settled(older);
        const newer = await run.connect({ client: older.client });
        const code = await older.closeCode();
        must(code === 4409, 'a hello with the client of another connection', code === null ? 'the older one stays open' : `the older one closed with ${code}`);
        await isServedOrRefused(run, newer, 'a hello with the client of another connection');
        must(newer.isOpen, 'a hello with the client of another connection', `the newer one closed with ${newer.code}`);
      },
    },
    {
      name: 'client-late',
      requires: 'The older connection is that which was opened first: a hello that comes late on it closes it (4409), and not the newer one.',
      section: '§5, §10',
      needs: ['hello'],
      make: async (run) => {
        const older = await run.open();
        const newer = await run.connect({ client: older.client });
        await run.settled(newer);
        const said = 'on the connection that was opened first a hello with the client of the newer one';
        const from = newer.mark;
        older.sayHello(newer.named ?? []);
        const code = await older.closeCode();
        await isServedOrRefused(run, newer, said);
        must(newer.isOpen, said, `the newer one closed with ${newer.code}`);
        must(code === 4409, said, code === null ? 'the older one stays open' : `the older one closed with ${code}`);
        if (!run.facts.has('event')) return;
        await run.publish();
        await run.settled(newer);
        must(newer.messages.slice(from).some(isEvent), `${said}, and an event`, 'the newer one is told no event');
      },
    },
    {
      name: 'frame-limit',
      requires: 'A frame of limits.frame bytes is taken; a longer one closes the connection with 1009.',
      section: '§5, §10',
      needs: ['hello', 'pong'],
      make: async (run) => {
        const most = run.hello.limits?.frame ?? 1_048_576;
        const frame = (/** @type {number} */ bytes) => `{"type":"ping","ts":1,"x":"${'x'.repeat(bytes - 29)}"}`;
        const peer = await run.connect();
        peer.sendText(frame(most));
        const pong = await peer.hear(({ type }) => type === 'pong', { within: run.patience + 3_000 });
        must(pong !== undefined, `a frame of ${most} bytes`, peer.code === null ? 'no answer' : `the connection closed with ${peer.code}`);
        peer.sendText(frame(most + 1));
        const code = await peer.closeCode();
        if (code === null) throw new NotOffered(`frames longer than limits.frame (${most}) are taken too`);
        must(code === 1009, `a frame of ${most + 1} bytes`, `the connection closed with ${code}`);
      },
    },
  ],
};
