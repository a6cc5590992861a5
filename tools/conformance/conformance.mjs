// @ts-check
// Owns the order of a run: what is learned first, and the groups of checks; must not know how a report looks.

import { until } from './check.mjs';
import { ack } from './checks/ack.mjs';
import { base } from './checks/base.mjs';
import { batch } from './checks/batch.mjs';
import { client } from './checks/client.mjs';
import { events } from './checks/events.mjs';
import { everything, goaway } from './checks/goaway.mjs';
import { heartbeat } from './checks/heartbeat.mjs';
import { hello } from './checks/hello.mjs';
import { resync } from './checks/resync.mjs';
import { Run } from './run.mjs';

/** @typedef {import('./check.mjs').Result} Result */
/** @typedef {import('./run.mjs').Options} Options */

export const groups = [base, heartbeat, hello, batch, ack, events, resync, client, everything, goaway];

/** Every check against one server. @param {Options} options @returns {Promise<Result[]>} */
export async function conformance(options) {
  const run = new Run(options);
  await learn(run);
  return run.make(groups);
}

/** @param {Run} run */
async function learn(run) {
  const peer = await run.open();
  await until(() => peer.frames.length > 0, 500);
  const first = peer.messages[0];
  const said = first?.type === 'hello' ? first : await peer.hear(({ type }) => type === 'hello', { within: 100 });
  if (said !== undefined) {
    run.hello = said;
    run.features = Array.isArray(said.features) ? said.features : [];
    run.facts.add('hello');
    for (const feature of /** @type {const} */ (['batch', 'ack', 'seq'])) if (run.features.includes(feature)) run.facts.add(feature);
    peer.sayHello(['batch', 'ack', 'seq']);
  }
  if ((await peer.ping()) !== undefined) run.facts.add('pong');
  if (run.facts.has('seq')) {
    peer.send({ type: 'resync_request', last_seen: null });
    const answer = await peer.hear(({ type }) => type === 'resync');
    if (answer !== undefined && answer.state !== undefined && answer.state !== null) run.facts.add('state');
  }
  await run.learnToPublish();
}
