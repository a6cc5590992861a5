// @ts-check
// Owns a crowd of members in one roster, who change their states by turns; must not know who looks at them.

import { UPGRADE, message, open } from './clients.mjs';

/** So many connect at once. */
const AT_ONCE = 50;
/** How often each says that it is still there, in milliseconds. */
const RENEWAL = 15_000;
/** How often those are looked for whose turn it is, in milliseconds. */
const STEP = 100;

/**
 * `count` members, each on a connection of its own; `rate` changes of state a second in all, each numbered by `n` from 1.
 * What the members are told is read and thrown away.
 *
 * @param {number} port
 * @param {{ count: number, rate: number, path?: string, said?: (n: number) => void }} how `said`: a change left just now
 */
export async function crowd(port, { count, rate, path = '/api/dags/quick/stream', said = () => {} }) {
  /** @type {import('node:net').Socket[]} */
  const members = [];
  let bytes = 0;
  /** @type {string | null} */
  let broken = null;
  let isOver = false;
  const enter = async (/** @type {number} */ at) => {
    const socket = await open(port, path, UPGRADE, (piece) => (bytes += piece.length));
    members[at] = socket;
    socket.once('close', () => (broken ??= isOver ? null : `member ${at} was sent away`));
    socket.write(message({ type: 'hello', v: 1, features: ['batch'], client: `crowd-${process.pid}-${at}` }));
    socket.write(message({ type: 'presence_join', userId: `member-${at}`, state: { n: 0 } }));
  };
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => enter(from + at)));
  }
  let renewed = 0;
  let changed = 0;
  let begun = Infinity;
  const joined = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // By the clock, so that a timer that is late makes up for it.
    for (const due = Math.floor(((now - joined) / RENEWAL) * count); renewed < due; renewed += 1) {
      members[renewed % count]?.write(message({ type: 'presence_update' }));
    }
  }, STEP);
  const changes = setInterval(() => {
    for (const due = Math.floor(((performance.now() - begun) / 1_000) * rate); changed < due; ) {
      changed += 1;
      // Neighbours in the list do not change one after the other.
      members[(changed * 7_919) % count]?.write(message({ type: 'presence_update', state: { n: changed } }));
      said(changed);
    }
  }, 1_000 / Math.max(rate, 1));
  return {
    /** Begins to change. */
    begin: () => void (begun = performance.now()),
    /** Changes no more; how many changes there were. */
    pause: () => ((begun = Infinity), changed),
    /** What all of them were told so far. */
    bytes: () => bytes,
    /** What went wrong, or null. */
    broken: () => broken,
    close() {
      isOver = true;
      clearInterval(timer);
      clearInterval(changes);
      for (const member of members) member.destroy();
    },
  };
}
