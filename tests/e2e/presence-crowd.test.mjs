// @ts-check
// A room of 2,000 in a page: what it costs to be told of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPage } from './support/browser.mjs';
import { bundled } from './support/bundle.mjs';
import { serveLab } from './support/lab.mjs';
import { startPeer } from './support/peers.mjs';
import { watchTasks } from './support/tasks.mjs';
import { LONG, pause, until } from './support/until.mjs';

const MEMBERS = 1_999;
/** Changes a second, of all members together; and as many moves of pointers. */
const RATE = 50;
const SECONDS = LONG ? 60 : 10;
/** Of one part of the list, as the reference server has it. */
const PART_BYTES = 64 << 10;
const WALL = 1_700_000_000_000;
/** The page's longest task, in milliseconds of the processor. */
const LONGEST = 50;

const page_ = `
  import { connect } from 'everwire';
  import { pointer, presence } from 'everwire/presence';
  import { useMember, useOthers, usePresence } from 'everwire/presence/react';
  import { useSyncExternalStore } from 'react';
  import { createRoot } from 'react-dom/client';

  const lab = { renders: 0, drawn: 0, told: 0 };
  window.lab = lab;

  const Row = ({ room, id }) => {
    lab.renders++;
    const member = useMember(room, id);
    return <li>{member?.userId} {member?.status} {member?.state.n}</li>;
  };
  const List = ({ room }) => {
    const count = useOthers(room, (others) => others.length);
    const first = useOthers(room, (others) => others.slice(0, 100).map(({ userId }) => userId));
    return <><p>{count}</p><ul>{first.map((id) => <Row room={room} id={id} key={id} />)}</ul></>;
  };
  const Page = ({ client }) => {
    const room = usePresence(client, { state: { name: 'the one who looks' } });
    lab.room = room;
    return room && <List room={room} />;
  };
  lab.start = (url) => {
    const client = connect(url);
    lab.client = client;
    document.body.innerHTML = '<div></div>';
    createRoot(document.body.firstChild).render(<Page client={client} />);
  };
  lab.look = () => {
    lab.room.subscribe(() => lab.told++);
    pointer(lab.room).subscribe((cursors) => (lab.drawn += cursors.length > 0));
  };
`;

const id = (/** @type {number} */ n) => n.toString(16).padStart(32, '0');
/** @param {number} n @param {number} change */
const member = (n, change) => ({ userId: id(n), clock: WALL + change, state: { name: `Somebody ${n}`, color: '#8af', n: change }, lastSeen: WALL + change });

/** The list, in parts. @param {string} you */
function* list(you) {
  const all = [{ userId: you, clock: WALL, lastSeen: WALL }, ...Array.from({ length: MEMBERS }, (_, n) => member(n + 1, 0))].map((one) => JSON.stringify(one));
  while (all.length > 0) {
    let bytes = 0;
    const part = all.splice(0, Math.max(1, all.findIndex((text) => (bytes += text.length) > PART_BYTES) + 1 || all.length));
    yield `{"type":"presence_list","you":"${you}","members":[${part.join()}]${all.length > 0 ? ',"more":true' : ''}}`;
  }
}

describe('presence', () => {
  test(`${MEMBERS} members and ${RATE} changes a second make no task of over ${LONGEST} ms`, async (t) => {
    let bytes = 0;
    const peer = await startPeer(t, (socket) => {
      socket.on('message', (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong', ts: message.ts }));
        if (message.type === 'presence_join') for (const part of list(message.userId)) socket.send(part);
      });
    });
    const { origin } = await serveLab(t, { script: await bundled(page_) });
    const { page } = await openPage(t);
    await page.goto(origin);
    await page.waitForFunction(() => 'lab' in window);
    const lab = (/** @type {string} */ what) => page.evaluate((name) => Reflect.get(Reflect.get(window, 'lab'), name), what);
    // From the first connection on: with both modules compiled, the list, and everything drawn.
    const tasksOf = await watchTasks(page);
    await page.evaluate((url) => Reflect.get(window, 'lab').start(url), peer.url);
    await until('everybody is there', async () => (await page.textContent('p').catch(() => '')) === `${MEMBERS}`, { within: 20_000, every: 50 });
    await pause(500);
    await page.evaluate(() => Reflect.get(window, 'lab').look());

    const began = performance.now();
    let change = 0;
    while (performance.now() - began < SECONDS * 1_000) {
      for (; change < ((performance.now() - began) / 1_000) * RATE; change++) {
        const of = 1 + ((change * 7) % MEMBERS);
        const text = JSON.stringify({ type: 'presence_update', ...member(of, change + 1) });
        bytes += text.length;
        for (const socket of peer.server?.clients ?? []) {
          socket.send(text);
          socket.send(JSON.stringify({ type: 'cursor', userId: id(of % 40 + 1), x: change, y: change, node: 'a' }));
        }
      }
      await pause(20);
    }
    await until('the last change', async () => page.evaluate((n) => Reflect.get(window, 'lab').room.others().some((/** @type {any} */ { state }) => state.n === n), change));
    const tasks = (await tasksOf()).sort((one, other) => other.own - one.own);
    const [renders, told, drawn] = [await lab('renders'), await lab('told'), await lab('drawn')];
    t.diagnostic(`${change} changes of ${(bytes / change).toFixed(0)} bytes; listeners were told ${told} times, pointers drawn in ${drawn} frames, ${renders} rows rendered`);
    t.diagnostic(`${tasks.length} tasks, the longest of them had the processor for ${tasks.slice(0, 5).map(({ own }) => own.toFixed(1)).join(', ')} ms; by the clock the longest took ${Math.max(...tasks.map(({ took }) => took)).toFixed(0)} ms`);
    assert.ok(told > 0 && told <= change && drawn > 0);
    assert.deepEqual(tasks.filter(({ own }) => own > LONGEST), []);
  });
});
