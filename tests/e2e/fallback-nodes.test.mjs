// @ts-check
// Several processes behind nginx, and a client whose WebSockets are blocked: its stream and its requests come to any of
// them, and they die.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandWhileProcessesDie } from './support/dying.mjs';
import { startNodes } from './support/nodes.mjs';
import { LONG, pause, until } from './support/until.mjs';

/** A `WebSocket` in a network that refuses them. */
class Blocked extends EventTarget {
  static OPEN = 1;
  static made = 0;
  readyState = 0;
  onopen = null;
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;

  constructor() {
    super();
    Blocked.made++;
    setTimeout(() => this.onclose?.({ code: 1006 }), 5);
  }

  close() {}
}
Object.assign(globalThis, { WebSocket: Blocked });
const { connect } = await import('everwire');
const { fallback } = await import('everwire/fallback');

/** How long processes are killed, in milliseconds. */
const KILLING = LONG ? 60_000 : 15_000;

test('over HTTP too, clients that move between dying processes get everything once and in order', async (t) => {
  const nodes = await startNodes(t);
  const url = `${nodes.origin.replace('http', 'ws')}/api/dags/gate/stream`;
  const listeners = [0, 1].map(() => {
    const client = connect(url, { transport: fallback(), onWarning() {} });
    t.after(() => client.close({ drain: 0 }));
    /** @type {string[]} */
    const told = [];
    client.on('run_state', ({ status }) => void told.push(status));
    let states = 0;
    client.on('resync', () => assert.equal((states += 1), 1, 'it was answered by state'));
    return { client, told };
  });
  const [commander] = listeners;
  assert.ok(commander);
  await until('all are open', () => listeners.every(({ client }) => client.state === 'open'));
  assert.equal((await fetch(`${nodes.origin}/api/dags/gate/start`, { method: 'POST' })).status, 200);

  const { kills, fates, expected } = await commandWhileProcessesDie(nodes, commander.client, KILLING);
  await until('all have been told everything', () => listeners.every(({ told }) => told.length >= fates.length), { within: 30_000 });
  await pause(200);

  t.diagnostic(`${kills} kills, ${fates.length} commands, ${Blocked.made} handshakes`);
  assert.deepEqual(fates.filter((fate) => fate !== 'acked'), []);
  for (const { told } of listeners) assert.deepEqual(told, expected);
  assert.equal(Blocked.made, 4, 'the way is decided once');
});
