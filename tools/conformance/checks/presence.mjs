// @ts-check
// Owns the checks of presence and pointers; must not know what members' states mean.

import { randomBytes } from 'node:crypto';
import { NotChecked, must, pause } from '../check.mjs';

/** @typedef {import('../run.mjs').Run} Run */
/** @typedef {import('../peer.mjs').Peer} Peer */
/** @typedef {{ peer: Peer, user: string, list: any }} Member */

/** Long enough to be told from at once, in ms. */
const GRACE = 1_500;
/** What is told together may wait so long, in ms. */
const BEAT = 500;

/** @type {[any, string]} */
const tooLarge = [{ type: 'presence_update', state: { text: 'x'.repeat(4_096) } }, 'bad_state'];

const newUser = () => `conformance-${randomBytes(6).toString('hex')}`;
const isOf = (/** @type {string} */ type, /** @type {string} */ user) => (/** @type {any} */ message) => message?.type === type && message.userId === user;
const isPresence = (/** @type {any} */ message) => typeof message?.type === 'string' && (message.type.startsWith('presence_') || message.type === 'cursor');
const isClock = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) > 0;

/**
 * A connection that is a member, and its list, whose parts are put together.
 *
 * @param {Run} run
 * @param {object} [fields] of the join
 * @returns {Promise<Member>}
 */
async function enter(run, fields = {}) {
  const peer = await run.connect();
  const message = { type: 'presence_join', userId: newUser(), grace: GRACE, ...fields };
  const list = await join(peer, message);
  return { peer, user: list.you, list };
}

/** @param {Peer} peer @param {object} message a join */
async function join(peer, message) {
  const from = peer.mark;
  peer.send(message);
  const last = await peer.hear((message) => message.type === 'presence_list' && message.more !== true, { from });
  must(last !== undefined, message, 'no presence_list without "more"');
  const parts = peer.messages.slice(from).filter((message) => message?.type === 'presence_list');
  return { ...last, members: parts.flatMap(({ members }) => members) };
}

/** Two members who are not the same person, the first of whom knows the second. @param {Run} run @param {object} [fields] of the second's join @returns {Promise<[Member, Member]>} */
async function two(run, fields) {
  const one = await enter(run);
  const other = await enter(run, fields);
  if (one.user === other.user) throw new NotChecked('all connections of this run are one user to the server');
  // What comes within a moment may be told together.
  await one.peer.hear(isOf('presence_join', other.user));
  return [one, other];
}

/** What of presence `peer` heard since `from` about `user`. @param {Peer} peer @param {string} user @param {number} from */
const about = (peer, user, from) => peer.messages.slice(from).filter((message) => isPresence(message) && message.userId === user);

/** @type {import('../check.mjs').Group} */
export const presence = {
  feature: 'presence',
  about: 'who is here, and where they point',
  checks: [
    {
      name: 'presence-list',
      requires: 'A join is answered by the list, with "you", and with oneself among the members, each with userId, clock and lastSeen.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const state = { name: 'n', nested: { list: [1, 'x', null] } };
        const { list, user } = await enter(run, { state });
        const me = list.members.find((/** @type {any} */ { userId }) => userId === user);
        must(typeof user === 'string' && me !== undefined, 'a join', list);
        must(JSON.stringify(me.state) === JSON.stringify(state), { state }, me);
        for (const member of list.members) must(typeof member.userId === 'string' && isClock(member.clock) && isClock(member.lastSeen), 'a join', member);
        must(new Set(list.members.map((/** @type {any} */ { userId }) => userId)).size === list.members.length, 'a join', 'a member twice');
      },
    },
    {
      name: 'presence-told',
      requires: 'A join and each change of a state are told to who joined, with a clock that grows, without $id and $seq, and to nobody else.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const looker = await run.connect();
        const one = await enter(run);
        const from = one.peer.mark;
        const other = await enter(run, { state: { n: 0 } });
        if (one.user === other.user) throw new NotChecked('all connections of this run are one user to the server');
        const joined = await one.peer.hear(isOf('presence_join', other.user), { from });
        must(joined !== undefined && isClock(joined.clock) && joined.state?.n === 0, 'a join of another', joined ?? 'nothing');
        other.peer.send({ type: 'presence_update', state: { n: 1 } });
        const updated = await one.peer.hear((message) => isOf('presence_update', other.user)(message) && message.state?.n === 1, { from });
        must(updated !== undefined, 'a state of another', 'nothing');
        must(updated.clock > joined.clock, `clock ${joined.clock}, and a change`, `clock ${updated.clock}`);
        for (const message of [joined, updated]) must(message.$seq === undefined && message.$id === undefined, 'presence', message);
        const told = looker.messages.find(isPresence);
        must(told === undefined, 'no join', told);
      },
    },
    {
      name: 'presence-away',
      requires: 'A member all of whose connections are away is told as "away".',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const [one, other] = await two(run);
        other.peer.send({ type: 'presence_update', away: true });
        const away = await one.peer.hear((message) => isOf('presence_update', other.user)(message) && message.status === 'away');
        must(away !== undefined, { type: 'presence_update', away: true }, about(one.peer, other.user, 0));
        other.peer.send({ type: 'presence_update', away: false });
        const here = await one.peer.hear((message) => isOf('presence_update', other.user)(message) && message.clock > away.clock);
        must(here !== undefined && here.status === undefined, { type: 'presence_update', away: false }, here ?? 'nothing');
      },
    },
    {
      name: 'presence-grace',
      requires: 'A member whose connection is lost is "offline" at once and leaves after its grace, once and not before.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const [one, other] = await two(run);
        const from = one.peer.mark;
        const cut = performance.now();
        await other.peer.cut();
        const offline = await one.peer.hear((message) => isOf('presence_update', other.user)(message) && message.status === 'offline', { from, within: GRACE });
        const left = await one.peer.hear(isOf('presence_leave', other.user), { from, within: GRACE + run.patience });
        const after = performance.now() - cut;
        must(left !== undefined, `a cut, and a grace of ${GRACE} ms`, 'no presence_leave');
        must(after >= GRACE - 50, `a cut, and a grace of ${GRACE} ms`, `presence_leave after ${after.toFixed(0)} ms`);
        must(offline !== undefined, 'a cut', 'nothing before presence_leave');
        must(left.clock > offline.clock, `clock ${offline.clock}, and a leave`, left);
        await pause(BEAT);
        const leaves = about(one.peer, other.user, from).filter(({ type }) => type === 'presence_leave');
        must(leaves.length === 1, 'a cut', `${leaves.length} leaves`);
      },
    },
    {
      name: 'presence-return',
      requires: 'Who is back within its grace did not leave: nobody is told of a leave or a join.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const [one, other] = await two(run);
        const from = one.peer.mark;
        await other.peer.cut();
        await pause(GRACE / 5);
        const back = await enter(run, { userId: other.user });
        must(back.user === other.user, `userId ${other.user} again`, `you: ${back.user}`);
        await pause(GRACE + BEAT);
        const told = about(one.peer, other.user, from).filter(({ type }) => type !== 'presence_update');
        must(told.length === 0, 'a cut, and a return', told);
      },
    },
    {
      name: 'presence-leave',
      requires: 'presence_leave is a leave at once, and who left is told nothing more.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const [one, other] = await two(run, { grace: 60_000 });
        other.peer.send({ type: 'presence_leave' });
        const left = await one.peer.hear(isOf('presence_leave', other.user));
        must(left !== undefined, { type: 'presence_leave' }, 'nothing');
        await run.settled(other.peer);
        const from = other.peer.mark;
        one.peer.send({ type: 'presence_update', state: { n: 1 } });
        await pause(BEAT);
        const told = other.peer.messages.slice(from).filter(isPresence);
        must(told.length === 0, 'a change after presence_leave', told);
      },
    },
    {
      name: 'presence-tabs',
      requires: 'Two connections of one user are one member, which is there as long as one of them is.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const [one, other] = await two(run, { grace: 0 });
        const tab = await enter(run, { userId: other.user, grace: 0 });
        const times = tab.list.members.filter((/** @type {any} */ { userId }) => userId === other.user).length;
        must(times === 1, `two connections of ${other.user}`, `${times} members`);
        const from = one.peer.mark;
        await other.peer.cut();
        await pause(BEAT);
        const told = about(one.peer, other.user, from).find(({ type }) => type === 'presence_leave');
        must(told === undefined, 'the cut of one of two', told);
        await tab.peer.cut();
        must((await one.peer.hear(isOf('presence_leave', other.user), { from })) !== undefined, 'the cut of both', 'no presence_leave');
      },
    },
    {
      name: 'presence-refused',
      requires: 'What cannot be done is answered by presence_refused with a code, and changes nothing.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const { peer, user } = await enter(run, { state: { n: 1 } });
        /** @type {[any, string][]} */
        const bad = [
          [{ type: 'presence_update', state: 7 }, 'bad_state'],
          // Where a frame may hold it at all.
          ...(run.hello?.limits?.frame < 8_192 ? [] : [tooLarge]),
          [{ type: 'presence_join', userId: user, room: 7 }, 'bad_room'],
          [{ type: 'presence_update', room: 'conformance-never-joined' }, 'not_joined'],
        ];
        for (const [message, code] of bad) {
          const from = peer.mark;
          peer.send(message);
          const refused = await peer.hear(({ type }) => type === 'presence_refused', { from });
          must(refused?.code === code, message, refused ?? (peer.isOpen ? 'nothing' : `the connection closed with ${peer.code}`));
        }
        const again = await join(peer, { type: 'presence_join', userId: user });
        const me = again.members.find((/** @type {any} */ { userId }) => userId === user);
        must(me?.state?.n === 1, 'refused states, and a join', me);
      },
    },
    {
      name: 'presence-rooms',
      requires: 'Rosters of different names have nothing to do with each other; what is told of one names it.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const outside = await enter(run);
        const room = newUser();
        const [one, other] = await two(run, {});
        const from = outside.peer.mark;
        await join(one.peer, { type: 'presence_join', userId: one.user, room, grace: 0 });
        const list = await join(other.peer, { type: 'presence_join', userId: other.user, room, grace: 0, state: { n: 7 } });
        must(list.room === room && list.members.length === 2, { type: 'presence_join', room }, list);
        const joined = await one.peer.hear((message) => isOf('presence_join', other.user)(message) && message.room === room);
        must(joined !== undefined, 'a join in a room', about(one.peer, other.user, 0));
        await pause(BEAT);
        const told = outside.peer.messages.slice(from).filter((message) => isPresence(message) && (message.room !== undefined || message.state?.n === 7));
        must(told.length === 0, 'a join in another room', told);
      },
    },
    {
      name: 'presence-cursor',
      requires: 'A pointer is told to the others who joined, the newest of each, with x and y within a million; not to who moved it.',
      section: '§18',
      needs: ['presence'],
      make: async (run) => {
        const looker = await run.connect();
        const [one, other] = await two(run);
        for (let n = 0; n <= 20; n += 1) other.peer.send({ type: 'cursor', x: n + 0.5, y: -n, node: 'n' });
        const isLast = (/** @type {any} */ message) => isOf('cursor', other.user)(message) && message.x === 20.5;
        const moved = await one.peer.hear(isLast);
        must(moved?.y === -20 && moved.node === 'n' && moved.$seq === undefined, { type: 'cursor', x: 20.5, y: -20, node: 'n' }, moved ?? 'nothing');
        other.peer.send({ type: 'cursor', x: 1e9, y: -1e9 });
        const far = await one.peer.hear((message) => isOf('cursor', other.user)(message) && message.x > 100);
        must(far?.x === 1_000_000 && far.y === -1_000_000, { type: 'cursor', x: 1e9, y: -1e9 }, far ?? 'nothing');
        for (const peer of [other.peer, looker]) {
          const own = peer.messages.find(isOf('cursor', other.user));
          must(own === undefined, peer === looker ? 'no join' : 'its own pointer', own);
        }
      },
    },
  ],
};
