// @ts-check
// Owns the order of a run: what is learned first, and the groups of checks; must not know how a report looks.

import { ack } from './checks/ack.mjs';
import { auth } from './checks/auth.mjs';
import { base } from './checks/base.mjs';
import { batch } from './checks/batch.mjs';
import { client } from './checks/client.mjs';
import { critical } from './checks/critical.mjs';
import { events } from './checks/events.mjs';
import { everything, goaway } from './checks/goaway.mjs';
import { heartbeat } from './checks/heartbeat.mjs';
import { hello } from './checks/hello.mjs';
import { presence } from './checks/presence.mjs';
import { reply } from './checks/reply.mjs';
import { resync } from './checks/resync.mjs';
import { Run } from './run.mjs';

/** @typedef {import('./check.mjs').Result} Result */
/** @typedef {import('./run.mjs').Options} Options */

export const groups = [base, heartbeat, hello, auth, batch, ack, reply, events, resync, client, critical, presence, everything, goaway];

/** Every check against one server. @param {Options} options @returns {Promise<Result[]>} */
export async function conformance(options) {
  const run = new Run(options);
  await learn(run);
  return run.make(groups);
}

/** @param {Run} run */
async function learn(run) {
  const peer = await run.open();
  const said = await peer.hear(({ type }) => type === 'hello');
  if (said !== undefined) {
    run.hello = said;
    run.features = Array.isArray(said.features) ? said.features : [];
    run.facts.add('hello');
    for (const feature of /** @type {const} */ (['batch', 'ack', 'seq', 'reply'])) if (run.features.includes(feature)) run.facts.add(feature);
    if (said.auth === true) run.facts.add('auth');
    if (said.auth === true && !run.options.token) throw new Error('The server wants to know who speaks (auth): give a TOKEN that it takes.');
    peer.sayHello(['batch', 'ack', 'seq', 'reply']);
  }
  if ((await peer.ping()) !== undefined) run.facts.add('pong');
  if (run.facts.has('seq')) {
    peer.send({ type: 'resync_request', last_seen: null });
    const answer = await peer.hear(({ type }) => type === 'resync');
    if (answer !== undefined && answer.state !== undefined && answer.state !== null) run.facts.add('state');
  }
  await run.learnPresence(peer);
  await run.learnToPublish();
  if (said?.heartbeat?.by === 'server') await run.listen();
  if (run.facts.has('ack')) await run.learnToProvoke();
  if (run.facts.has('reply')) await run.learnToRequest();
}
