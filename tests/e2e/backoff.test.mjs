// @ts-check
// Servers that cannot be reached or will not have us: how long a client waits, and when it stops hammering.

import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { jump, pageNow, setSpeed } from './support/page-clock.mjs';
import { openLab } from './support/lab.mjs';
import { drop, smallest, speaking, startPeer } from './support/peers.mjs';
import { tellWindow } from './support/page-events.mjs';
import { LONG, until } from './support/until.mjs';

/** @typedef {import('./support/lab.mjs').Lab} Lab */
/** @typedef {import('./support/lab.mjs').Moment} Moment */

/** The delay that was announced at the end of each attempt, by the page's clock. @param {Moment[]} history */
const delays = (history) =>
  history
    .filter((moment, place) => moment.retryAt !== null && moment.retryAt !== history[place - 1]?.retryAt)
    .map((moment) => Number(moment.retryAt) - moment.wall);

/** @param {number[]} waits @param {readonly number[]} steps in seconds */
function assertSteps(waits, steps) {
  for (const [place, step] of steps.entries()) {
    const wait = Number(waits[place]) / 1_000;
    // A clock in whole milliseconds may have moved by one between the decision and its observation.
    assert.ok(wait >= step - 0.01 && wait <= step * 1.3 + 0.01, `delay ${place} is ${wait} s, not ${step} s: ${waits}`);
  }
}

describe('backoff', { concurrency: 4 }, () => {
  const steps = [1, 2, 4, 8, 16, 30, 30, 30, 30];

  test('a server that accepts and drops sees 1, 2, 4, 8, 16, 30 s, then the breaker and one probe a minute', async (t) => {
    const peer = await startPeer(t, drop);
    const { lab, page } = await openLab(t, { clock: true });
    await setSpeed(page, 30);
    await lab.connect(peer.url);
    await until('the third probe is planned', async () => delays(await lab.history()).length >= 13, { within: 60_000 });
    await setSpeed(page, 0);
    const history = await lab.history();
    const waits = delays(history);
    t.diagnostic(`delays in ms: ${waits}`);
    assertSteps(waits, steps);
    for (const wait of waits.slice(9)) assert.ok(wait >= 59_990 && wait <= 78_010, `a probe after ${wait} ms`);
    const opened = history.find((moment) => moment.reason?.code === 'breaker_open');
    assert.ok(opened && opened.attempt === 10, `the breaker says so after 10 failures: ${opened?.attempt}`);
    assert.deepEqual((await lab.warnings()).filter(({ code }) => code === 'breaker_opened').length, 1);
    // One attempt for each delay, and none beside.
    assert.equal(peer.visits.length, waits.length);
    assert.ok(peer.open === 0);
  });

  test('a server that is not there sees the same, and one stable connection forgives everything', async (t) => {
    const peer = await startPeer(t, smallest);
    await peer.stop();
    const { lab, page } = await openLab(t, { clock: true });
    await setSpeed(page, 30);
    await lab.connect(peer.url);
    await until('the breaker is open', async () => (await lab.snapshot()).reason?.code === 'breaker_open', { within: 60_000 });
    assertSteps(delays(await lab.history()), steps);
    await peer.start();
    await lab.becomes({ state: 'open', attempt: 0 }, 30_000);
    const before = delays(await lab.history()).length;
    await peer.stop();
    await until('another delay', async () => delays(await lab.history()).length > before);
    assertSteps(delays(await lab.history()).slice(before), [1]);
  });

  test('in real time too, the server is asked after 1, 2 and 4 seconds', async (t) => {
    const peer = await startPeer(t, drop);
    const { lab } = await openLab(t);
    await lab.connect(peer.url);
    const attempts = LONG ? 12 : 4;
    await until(`${attempts} attempts`, () => peer.visits.length >= attempts, { within: LONG ? 400_000 : 20_000 });
    const gaps = peer.visits.slice(1).map((visit, place) => (visit.opened - Number(peer.visits[place]?.opened)) / 1_000);
    t.diagnostic(`gaps in s: ${gaps.map((gap) => gap.toFixed(2))}`);
    const expected = [...steps, 60, 60].slice(0, gaps.length);
    assertSteps(delays(await lab.history()), expected);
    // Never before its time; a busy machine may be late.
    for (const [place, gap] of gaps.entries()) {
      const step = Number(expected[place]);
      assert.ok(gap >= step - 0.05 && gap <= step * 1.3 + 5, `gap ${place} is ${gap} s, not ${step} s`);
    }
  });

  test('a socket that hangs in CONNECTING is given up after ten seconds, and the next attempt succeeds', async (t) => {
    // Accepts, and says nothing until it is told to behave.
    let hangs = true;
    const peer = await startPeer(t, smallest);
    /** @type {import('node:net').Socket[]} */
    const hung = [];
    const door = createServer((socket) => {
      socket.on('error', () => {});
      if (hangs) return void hung.push(socket);
      const inner = connect(peer.port, '127.0.0.1').on('error', () => {});
      socket.pipe(inner).pipe(socket);
    });
    await new Promise((listening) => door.listen(0, '127.0.0.1', () => listening(null)));
    t.after(() => {
      for (const socket of hung) socket.destroy();
      door.close();
    });
    const { port } = /** @type {import('node:net').AddressInfo} */ (door.address());
    const { lab, page } = await openLab(t, { clock: true });
    await lab.connect(`ws://127.0.0.1:${port}/`);
    await until('an attempt', () => hung.length === 1);
    await setSpeed(page, 10);
    await lab.becomes({ state: 'closed' });
    const [first, ...others] = await lab.history();
    const end = others.find(({ state }) => state === 'closed');
    assert.ok(first && end);
    assert.equal(end.reason?.code, 'connect_timeout');
    assert.ok(Math.abs(end.at - first.at - 10_000) < 500, `given up after ${end.at - first.at} ms`);
    hangs = false;
    await lab.becomes({ state: 'open', connects: 1 });
    // What the hung one does now is nobody's business.
    for (const socket of hung) socket.destroy();
    await setSpeed(page, 1);
    await page.waitForTimeout(200);
    assert.equal((await lab.snapshot()).connects, 1);
    assert.equal((await lab.snapshot()).state, 'open');
  });

  test('a close that the server never answers completes all the same', async (t) => {
    const peer = await startPeer(t, (socket) => void Reflect.get(socket, '_socket').pause());
    const { lab, page } = await openLab(t);
    await lab.connect(peer.url);
    await lab.becomes({ state: 'open' });
    const receipt = await page.evaluate(async () => {
      const { client } = Reflect.get(window, 'lab');
      const last = client.send({ type: 'last_words' });
      client.close();
      return (await last.settled).fate;
    });
    assert.equal(receipt, 'sent');
    await lab.becomes({ state: 'closed', final: true }, 2_000);
    assert.equal((await lab.snapshot()).reason?.code, 'closed_by_application');
    await page.waitForTimeout(2_500);
    assert.equal(peer.visits.length, 1, 'nothing is tried after close()');
  });

  test('every client has a jitter of its own', async (t) => {
    const peer = await startPeer(t, drop);
    const firsts = await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const { lab } = await openLab(t);
        await lab.connect(peer.url);
        return until('a delay', async () => delays(await lab.history())[0]);
      }),
    );
    assert.ok(new Set(firsts).size > 1, `all ${firsts[0]} ms`);
  });

  test('a page that is told again and again that the network is back makes no storm', async (t) => {
    const peer = await startPeer(t, drop);
    const { lab, page } = await openLab(t, { clock: true });
    await lab.connect(peer.url);
    await setSpeed(page, 30);
    const end = (await pageNow(page)) + 60_000;
    // A flapping network for a minute of the page's time.
    for (let flap = 0; flap < 30 && (await pageNow(page)) < end; flap++) {
      await tellWindow(page, 'online');
      await jump(page, { mono: 500 });
      await page.waitForTimeout(30);
    }
    t.diagnostic(`${peer.visits.length} attempts`);
    assert.ok(peer.visits.length <= 14, `${peer.visits.length} attempts`);
    assert.ok((await lab.warnings()).some(({ code }) => code === 'thrashing'));
  });

  test('a button tries at once, whatever the breaker says', async (t) => {
    const peer = await startPeer(t, speaking());
    await peer.stop();
    const { lab, page } = await openLab(t, { clock: true });
    await setSpeed(page, 30);
    await lab.connect(peer.url);
    await until('the breaker is open', async () => (await lab.snapshot()).reason?.code === 'breaker_open', { within: 60_000 });
    await setSpeed(page, 1);
    await peer.start();
    await page.evaluate(() => Reflect.get(window, 'lab').client.retry());
    await lab.becomes({ state: 'open' }, 2_000);
  });
});
