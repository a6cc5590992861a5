// @ts-check
// Rooms in components: joined once, left once, and rendered again for what is shown and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, mount, settle } from './support/dom.mjs';
import { newest } from './support/network.mjs';
import { PresenceServer } from './support/presence_server.mjs';

const { createElement: h, Suspense, use, useState } = await import('react');
const { useClient } = await import('everwire/react');
const { useMe, useMember, useOthers, usePresence, usePresenceStatus } = await import('everwire/presence/react');
const { connect } = await import('everwire');
const { presence } = await import('everwire/presence');

const url = 'wss://a.example/live';
const me = { userId: 'me' };
/** @param {PresenceServer} server */
const said = (server) => server.heard.map(({ type }) => type.slice(9));

/** Open, and joined. @param {PresenceServer} server */
const open = (server) =>
  act(async () => {
    server.serve(newest());
    await new Promise((done) => setTimeout(done, 5));
  });

/** @param {() => void} what */
const happen = (what) =>
  act(async () => {
    what();
    await new Promise((done) => setTimeout(done, 30));
  });

/** @param {{ show: (room: any) => any }} props */
function Room({ show }) {
  return show(usePresence(useClient(url), me));
}

/** @param {{ room: any }} props */
const Names = ({ room }) => useOthers(room).map(({ userId, status }) => `${userId} ${status}`).join();

for (const strict of [false, true]) {
  const mode = strict ? ' under StrictMode' : '';

  test(`a component is in the room while it is mounted, and joins and leaves once${mode}`, async () => {
    const server = new PresenceServer();
    server.put('ann');
    const Toggle = ({ shown = true }) => {
      const client = useClient(url);
      return shown ? h(Inside, { client }) : 'out';
    };
    const Inside = (/** @type {{ client: any }} */ { client }) => h(Names, { room: usePresence(client, me) });
    const page = await mount(h(Toggle), { strict });
    await open(server);
    assert.equal(page.text(), 'ann here');
    await happen(() => server.put('bob'));
    assert.equal(page.text(), 'ann here,bob here');
    await page.render(h(Toggle, { shown: false }));
    await settle();
    assert.deepEqual([page.text(), said(server)], ['out', ['join', 'leave']]);
    await page.render(h(Toggle));
    await settle();
    assert.deepEqual(said(server), ['join', 'leave', 'join']);
    await page.unmount();
  });
}

test('components with the same client and room share one', async () => {
  const server = new PresenceServer();
  const rooms = new Set();
  const One = (/** @type {{ client: any }} */ { client }) => {
    rooms.add(usePresence(client, me));
    return null;
  };
  const All = ({ count = 3 }) => {
    const client = useClient(url);
    return Array.from({ length: count }, (_, key) => h(One, { client, key }));
  };
  const page = await mount(h(All), { strict: true });
  await open(server);
  rooms.delete(null);
  assert.deepEqual([rooms.size, said(server)], [1, ['join']]);
  await page.render(h(All, { count: 1 }));
  await settle();
  assert.deepEqual(said(server), ['join']);
  await page.unmount();
});

test('another room is another one, and the first is left', async () => {
  const [a, b] = [new PresenceServer({ room: 'a' }), new PresenceServer({ room: 'b' })];
  a.put('ann');
  b.put('bob');
  /** @param {{ name: string }} props */
  const Page = ({ name }) => h(Names, { room: usePresence(useClient(url), name, me) });
  const page = await mount(h(Page, { name: 'a' }), { strict: true });
  await act(async () => {
    a.serve(newest());
    b.serve(newest());
  });
  await settle();
  assert.equal(page.text(), 'ann here');
  await page.render(h(Page, { name: 'b' }));
  await settle();
  assert.equal(page.text(), 'bob here');
  assert.deepEqual([said(a), said(b)], [['join', 'leave'], ['join']]);
  await page.unmount();
});

test('of a thousand rows only that one is rendered whose member changed', async () => {
  const server = new PresenceServer();
  for (let n = 0; n < 1_000; n++) server.put(`m${n}`, { n });
  let rows = 0;
  let lists = 0;
  let counts = 0;
  const Row = (/** @type {{ room: any, id: string }} */ { room, id }) => {
    rows++;
    return `${useMember(room, id)?.state.n} `;
  };
  const List = (/** @type {{ room: any }} */ { room }) => {
    lists++;
    return useOthers(room, (others) => others.map(({ userId }) => userId)).map((id) => h(Row, { room, id, key: id }));
  };
  const Count = (/** @type {{ room: any }} */ { room }) => {
    counts++;
    return `count ${useOthers(room, (others) => others.length)}`;
  };
  const page = await mount(h(Room, { show: (/** @type {any} */ room) => [h(List, { room, key: 1 }), h(Count, { room, key: 2 })] }));
  await open(server);
  assert.match(page.text() ?? '', /999 count 1000$/);
  [rows, lists, counts] = [0, 0, 0];
  await happen(() => {
    for (let n = 0; n < 10; n++) server.put('m7', { n: `x${n}` });
  });
  assert.match(page.text() ?? '', /6 x9 8/);
  assert.deepEqual([rows, lists, counts], [1, 0, 0]);
  await happen(() => server.remove('m8'));
  assert.match(page.text() ?? '', /x9 9 .*count 999$/);
  assert.deepEqual([lists, counts], [1, 1]);
  await page.unmount();
});

test('a selector decides what is worth a render', async () => {
  const server = new PresenceServer();
  server.put('ann', { typing: false, x: 0 });
  let renders = 0;
  const Typing = (/** @type {{ room: any }} */ { room }) => {
    renders++;
    return useOthers(room, (others) => others.filter(({ state }) => state.typing).map(({ userId }) => userId)).join() || 'nobody';
  };
  const page = await mount(h(Room, { show: (/** @type {any} */ room) => h(Typing, { room }) }));
  await open(server);
  renders = 0;
  for (let x = 0; x < 5; x++) await happen(() => server.put('ann', { typing: false, x }));
  assert.deepEqual([renders, page.text()], [0, 'nobody']);
  await happen(() => server.put('ann', { typing: true }));
  assert.deepEqual([renders, page.text()], [1, 'ann']);
  await page.unmount();
});

test('oneself, and how the room stands', async () => {
  const server = new PresenceServer({ user: 'known' });
  /** @type {any} */
  let room;
  const Me = (/** @type {{ room: any }} */ { room }) => `${useMe(room)?.userId} ${useMe(room)?.state.n} ${usePresenceStatus(room)}`;
  const page = await mount(h(Room, { show: (/** @type {any} */ given) => h(Me, { room: (room = given) }) }), { strict: true });
  assert.equal(page.text(), 'me undefined joining');
  await open(server);
  await settle();
  assert.equal(page.text(), 'known undefined synced');
  await happen(() => room.set({ n: 1 }));
  assert.equal(page.text(), 'known 1 synced');
  await happen(() => newest().drop());
  assert.equal(page.text(), 'known 1 stale');
  await page.unmount();
});

test('a suspended component stays in the room', async () => {
  const server = new PresenceServer();
  /** @type {(promise: Promise<unknown> | null) => void} */
  let wait = () => {};
  /** @type {(value: unknown) => void} */
  let finish = () => {};
  const Inside = (/** @type {{ client: any }} */ { client }) => {
    const [promise, set] = useState(/** @type {Promise<unknown> | null} */ (null));
    wait = set;
    const room = usePresence(client, me);
    if (promise) use(promise);
    return h(Names, { room });
  };
  const Outer = () => h(Suspense, { fallback: 'wait' }, h(Inside, { client: useClient(url) }));
  const page = await mount(h(Outer));
  await open(server);
  await act(async () => wait(new Promise((done) => (finish = done))));
  await settle();
  assert.equal(page.text(), 'wait');
  await happen(() => server.put('ann'));
  await act(async () => finish(null));
  assert.deepEqual([page.text(), said(server)], ['ann here', ['join']]);
  await page.unmount();
});

test('hiding the page is being away, and so is doing nothing, until something is done', async (t) => {
  const server = new PresenceServer();
  const client = connect(url, { heartbeat: false });
  const room = presence(client, { ...me, throttle: 0, idle: 1_000 });
  t.after(() => {
    room.leave();
    client.close({ drain: 0 });
    Reflect.deleteProperty(globalThis.document, 'hidden');
  });
  server.serve(newest());
  await settle();
  const states = () => server.heard.map(({ away }) => away);
  const window = /** @type {any} */ (globalThis);
  const hide = (/** @type {boolean} */ hidden) => {
    Object.defineProperty(globalThis.document, 'hidden', { value: hidden, configurable: true });
    globalThis.document.dispatchEvent(new window.window.Event('visibilitychange'));
  };
  hide(true);
  assert.deepEqual([states(), room.me().status], [[undefined, true], 'away']);
  hide(false);
  assert.deepEqual([states(), room.me().status], [[undefined, true, false], 'here']);
  await new Promise((done) => setTimeout(done, 1_100));
  assert.deepEqual(states(), [undefined, true, false, true]);
});

test('null is nobody, everywhere', async () => {
  const Nobody = () => {
    const room = usePresence(null);
    return `${room} ${useOthers(room).length} ${useMember(room, 'ann')} ${useMe(room)} ${usePresenceStatus(room)}`;
  };
  const page = await mount(h(Nobody), { strict: true });
  assert.equal(page.text(), 'null 0 undefined undefined joining');
  await page.unmount();
});
