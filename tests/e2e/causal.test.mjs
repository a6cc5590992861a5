// @ts-check
// A channel in causal order through the reference server, seen by clients in this process: through cuts, for who comes
// late, and where the server has forgotten.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { startServer } from './support/server.mjs';
import { pause, until } from './support/until.mjs';

const PEOPLE = 5;
const SECONDS = 8;
const AGE = 500;

/** @type {Set<WebSocket>} */
const sockets = new Set();

class Counted extends WebSocket {
  /** @param {string} url @param {string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    this.on('error', () => {});
    sockets.add(this);
    this.on('close', () => sockets.delete(this));
  }
}

Object.assign(globalThis, { WebSocket: Counted });
const { connect } = await import('everwire');
const { causal } = await import('everwire/causal');

/** @typedef {{ from: string, n: number }} Word */

/**
 * One who has read what they answer: each message names the last ones that its sender had read of everybody.
 *
 * @param {import('node:test').TestContext} t @param {import('./support/server.mjs').Server} server @param {string} actor
 * @param {object} [options]
 */
function enter(t, server, actor, options = {}) {
  const client = connect(server.stream('quick'), { backoff: { base: 100, cap: 500, jitter: 'full' }, onWarning() {} });
  const channel = causal(client, 'channel:words', { actor, age: AGE, ...options });
  /** How many of each were read. @type {Map<string, number>} */
  const read = new Map();
  /** Effects that came before a cause, and messages that did not come in their sender's order. @type {string[]} */
  const wrong = [];
  let said = 0;
  channel.on((event) => {
    const { from, n, causes } = /** @type {any} */ (event);
    for (const [of, count] of causes) if (of !== actor && (read.get(of) ?? 0) < count) wrong.push(`${from} ${n} before ${of} ${count}`);
    if (n !== (read.get(from) ?? 0) + 1) wrong.push(`${from} ${n} after ${read.get(from)}`);
    read.set(from, n);
  });
  t.after(() => {
    channel.close();
    client.close({ drain: 0 });
  });
  return {
    client,
    channel,
    read,
    wrong,
    get said() {
      return said;
    },
    /** @param {import('everwire').SendOptions} [how] */
    say(how) {
      const causes = [...read];
      return channel.send({ n: ++said, causes }, how);
    },
  };
}

describe('causal order', () => {
  test(`${PEOPLE} who talk for ${SECONDS} s while their connections break read everything, and nothing before its causes`, async (t) => {
    const server = await startServer(t);
    const all = Array.from({ length: PEOPLE }, (_, n) => enter(t, server, `p${n}`));
    await until('all are open', () => all.every(({ client }) => client.state === 'open'));
    const end = performance.now() + SECONDS * 1_000;
    let cuts = 0;
    const cutting = (async () => {
      while (performance.now() < end) {
        await pause(400);
        const each = [...sockets];
        each[Math.floor(Math.random() * each.length)]?.terminate();
        cuts++;
      }
    })();
    await Promise.all(all.map(async (person) => {
      while (performance.now() < end) {
        await pause(20 + Math.random() * 100);
        person.say();
      }
    }));
    await cutting;
    const hasAll = (/** @type {ReturnType<typeof enter>} */ person) => all.every((other) => other === person || person.read.get(other.channel.actor) === other.said);
    await until('all have read all', () => all.every(hasAll), { within: 30_000 });
    t.diagnostic(`${all.reduce((sum, { said }) => sum + said, 0)} messages, ${cuts} cuts, ${all.reduce((sum, { channel, said }) => sum + channel.stats().duplicates - said, 0)} came twice`);
    assert.deepEqual(all.flatMap(({ wrong }) => wrong), []);
  });

  test('who comes late misses causes, says so, asks for them and reads all of it in order', async (t) => {
    const server = await startServer(t);
    const [ann, bob] = [enter(t, server, 'ann'), enter(t, server, 'bob')];
    await until('they are open', () => ann.client.state === 'open' && bob.client.state === 'open');
    for (let n = 1; n <= 20; n++) {
      const [one, other] = n % 2 === 0 ? [ann, bob] : [bob, ann];
      assert.equal((await one.say().settled).fate, 'acked');
      await until('the other has read it', () => other.read.get(one.channel.actor) === one.said);
    }
    const late = enter(t, server, 'late');
    await until('it is open', () => late.client.state === 'open');
    await late.client.ready;
    await pause(100);
    await ann.say().settled;
    await until('it waits', () => late.channel.stats().held === 1);
    assert.deepEqual(late.channel.stats().waitingFor.map(({ from, after, until }) => [from, after, until]).sort(), [['ann', 0, 10], ['bob', 0, 10]]);
    await until('it has read all', () => late.read.get('ann') === 11 && late.read.get('bob') === 10);
    const { gaps, held, letGo, waitingFor } = late.channel.stats();
    assert.deepEqual([gaps, held, letGo, waitingFor, late.wrong], [1, 0, 0, [], []]);
    assert.deepEqual(late.channel.clock().toJSON(), ann.channel.clock().toJSON());
  });

  test('a cause that nobody has any more is reported, what waited for it is let go of, and a state makes it go on', async (t) => {
    const server = await startServer(t);
    const forgetful = enter(t, server, 'ann', { clock: ['ghost', 3] });
    /** @type {any[]} */
    const gaps = [];
    const one = enter(t, server, 'bob', { resync: (/** @type {any} */ gap) => gaps.push(gap) });
    await until('they are open', () => forgetful.client.state === 'open' && one.client.state === 'open');
    await one.client.ready;
    await pause(100);
    await forgetful.say().settled;
    await until('it is reported', () => gaps.length > 0);
    assert.deepEqual(gaps[0].missing, [{ from: 'ghost', after: 0, until: 3, waiting: 1 }]);
    one.client.send({ type: 'causal_resync', channel: 'channel:words', clock: [], missing: ['ghost', 0, 3] });
    await until('it is let go', () => one.channel.stats().letGo === 1);
    assert.equal(one.channel.restore(['ann', 1, 'ghost', 3]), true);
    await forgetful.say().settled;
    await until('it goes on', () => one.channel.clock().toJSON().join() === 'ann,2,ghost,3');
    assert.equal(one.channel.stats().held, 0);
  });
});
