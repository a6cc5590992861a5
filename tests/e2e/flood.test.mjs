// @ts-check
// More events than a page can show one by one: it stays fluid, shows the newest, and says what it left out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLab } from './support/lab.mjs';
import { speaking, startPeer } from './support/peers.mjs';
import { watchTasks } from './support/tasks.mjs';
import { LONG, pause, until } from './support/until.mjs';

/** @typedef {import('node:test').TestContext} TestContext */

const A_SECOND = 2_000;
/** What a machine that stood still kept from being sent is not sent in one go, but so many at most. */
const AT_ONCE = 200;
/** In milliseconds: a page whose timers were later than that stood still with the machine, or had a long task. */
const STILL = 50;
const SECONDS = LONG ? 20 : 5;
const KEYS = 50;
/** In milliseconds; counted and not listed, because the memory of the page is measured. */
const MOST_LAG = 30_000;
const MB = 1 << 20;
/** The page's longest task, in milliseconds of the processor. */
const LONGEST = 50;

/** What handlers do with an event of a type, in milliseconds, beside writing it to the page. @typedef {Record<string, number>} Cost */

/**
 * The handlers of the page, and what is measured in it.
 *
 * @param {[cost: Cost, MOST_LAG: number, STILL: number]} given
 */
function watch([cost, MOST_LAG, STILL]) {
  const { client } = Reflect.get(window, 'lab');
  /** @param {number} ms */
  const work = (ms) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const watched = { seen: /** @type {Record<string, number>} */ ({}), order: 0, overtaken: 0, lags: new Array(MOST_LAG + 1).fill(0), began: Date.now(), still: 0 };
  let last = performance.now();
  setInterval(() => {
    const late = performance.now() - last;
    if (late > STILL) watched.still += late;
    last += late;
  }, 10);
  const places = new Map();
  /** @param {string} name */
  const place = (name) => {
    if (!places.has(name)) places.set(name, document.body.appendChild(document.createElement('p')));
    return places.get(name);
  };
  client.on('*', (/** @type {any} */ event) => {
    if (event.$seq === undefined) return;
    watched.seen[event.type] = (watched.seen[event.type] ?? 0) + 1;
    if (event.$seq <= watched.order) watched.overtaken++;
    watched.order = event.$seq;
    const key = event.user_id ?? event.type;
    place(key).textContent = event.at;
    work(cost[event.type] ?? 0);
    if (event.type === 'cursor_move') watched.lags[Math.min(MOST_LAG, Math.max(0, Date.now() - event.at))]++;
  });
  Object.assign(window, { watched });
}

/**
 * A page in a flood, and what it did: half of the events are of fifty keys, a third may be dropped, the rest may not.
 *
 * @param {TestContext} t
 * @param {Cost} cost
 */
async function flood(t, cost) {
  const behaviour = speaking();
  const peer = await startPeer(t, behaviour);
  const { lab, page } = await openLab(t);
  await lab.connect(peer.url, { flow: { cursor_move: { key: 'user_id' }, spark: { droppable: true } } }, false);
  await until('greeted', () => behaviour.greeted === 1);
  await page.evaluate(watch, /** @type {[Cost, number, number]} */ ([cost, MOST_LAG, STILL]));
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  };
  /** @type {Record<string, number>} */
  const sent = { cursor_move: 0, spark: 0, tick: 0 };
  /** @type {() => Promise<Record<string, number>>} */
  const seen = () => page.evaluate(() => Reflect.get(window, 'watched').seen);
  const total = () => Object.values(sent).reduce((sum, each) => sum + each, 0);
  /** @param {number} seconds */
  const pour = async (seconds) => {
    let from = performance.now();
    for (let count = 0; count < A_SECOND * seconds; ) {
      let due = ((performance.now() - from) / 1_000) * A_SECOND;
      const over = due - count - AT_ONCE;
      if (over > 0) [due, from] = [due - over, from + (over / A_SECOND) * 1_000];
      for (; count < due; count++) {
        const type = ['cursor_move', 'spark', 'cursor_move', 'tick', 'cursor_move', 'spark'][count % 6] ?? '';
        sent[type] = (sent[type] ?? 0) + 1;
        const user = type === 'cursor_move' ? { user_id: `u${(count * 7) % KEYS}` } : {};
        peer.say({ type, ...user, at: Date.now(), $seq: ++behaviour.seq });
      }
      await pause(5);
    }
    await until('everything is seen, or said to be left out', async () => {
      const [shown, { dropped, conflated }] = await Promise.all([seen(), lab.snapshot()]);
      return Object.values(shown).reduce((sum, each) => sum + each, 0) + dropped + conflated === total();
    }, { within: 20_000 });
  };
  // What the engine compiles and caches once is no growth.
  await pour(2);
  const before = await heap();
  // Not in it: the collection above and the one below, which are long tasks themselves.
  const tasksOf = await watchTasks(page);
  await pour(SECONDS);
  const tasks = (await tasksOf()).map(({ own }) => own).sort((one, other) => other - one);
  /** @type {{ seen: Record<string, number>, overtaken: number, lags: number[], began: number, still: number }} */
  const { lags, began, still, ...result } = await page.evaluate(() => Reflect.get(window, 'watched'));
  const grown = (await heap()) - before;
  const { dropped, conflated } = await lab.snapshot();
  const counted = lags.reduce((sum, each) => sum + each, 0);
  const at = (/** @type {number} */ share) => {
    let rest = counted * share;
    return lags.findIndex((each) => (rest -= each) <= 0);
  };
  t.diagnostic(
    `sent ${JSON.stringify(sent)}, seen ${JSON.stringify(result.seen)}, ${dropped} dropped, ${conflated} conflated; ` +
      `lag ${at(0.5)} ms, 99 % within ${at(0.99)}, longest ${at(1)}, stood still for ${Math.round(still)} ms; ` +
      `${tasks.length} tasks, the longest had the processor for ${tasks.slice(0, 3).map((own) => own.toFixed(1)).join(', ')} ms; ${(grown / MB).toFixed(2)} MB more than before`,
  );
  // What was sent meanwhile came late by that, and was not late by the page: its own long tasks are looked at by themselves.
  const outside = Math.min(still / (Date.now() - began), 0.05);
  const warnings = await lab.warnings();
  return { ...result, long: tasks.filter((own) => own > LONGEST), sent, dropped, conflated, lag: at(0.99 - outside), grown, warnings: warnings.map(({ code }) => code) };
}

test('2,000 events a second: no long task, the newest of each key within 100 ms, and all of it accounted for', async (t) => {
  const result = await flood(t, {});
  assert.deepEqual(result.long, []);
  assert.equal(result.overtaken, 0);
  assert.equal(result.seen['spark'], result.sent['spark'], 'nothing is dropped that can be shown');
  assert.equal(result.seen['tick'], result.sent['tick']);
  assert.equal(result.seen['cursor_move'], (result.sent['cursor_move'] ?? 0) - result.conflated);
  assert.equal(result.dropped, 0);
  assert.ok(result.lag <= 100, `${result.lag} ms`);
  assert.ok(result.grown < MB / 2, `${result.grown} bytes more than before`);
  assert.equal(result.warnings.includes('flood'), result.conflated > 0);
});

test('handlers that take longer than there is: only what may be dropped is, and still no long task', async (t) => {
  const result = await flood(t, { spark: 2, cursor_move: 1, tick: 1 });
  assert.deepEqual(result.long, []);
  assert.equal(result.overtaken, 0);
  assert.equal(result.seen['tick'], result.sent['tick']);
  assert.equal(result.seen['cursor_move'], (result.sent['cursor_move'] ?? 0) - result.conflated);
  assert.equal(result.seen['spark'], (result.sent['spark'] ?? 0) - result.dropped);
  assert.ok(result.dropped > 0 && result.conflated > 0);
  assert.ok(result.warnings.includes('flood'));
  assert.ok(result.grown < MB / 2, `${result.grown} bytes more than before`);
});
