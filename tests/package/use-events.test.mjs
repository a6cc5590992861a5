// @ts-check
// Events in components: none is lost, none comes twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, mount, mountForReal, settle } from './support/dom.mjs';
import { greet, newest } from './support/network.mjs';

const { createElement: h, Suspense, use, useState, useTransition } = await import('react');
const { useClient, useEvent, useReducedEvents } = await import('everwire/react');

const url = 'wss://a.example/';
const nothing = () => {};
const numbers = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from }, (_, n) => ({ type: 'tick', n: from + n }));

/** @param {number[]} state @param {any} event */
const collect = (state, event) => (event.type === 'tick' ? [...state, event.n] : state);

/** @param {{ client: any, on: (n: number) => void, type?: string }} props */
function Listener({ client, on, type = 'tick' }) {
  useEvent(client, type, (/** @type {any} */ event) => on(event.n));
  return null;
}

/** @param {{ on: (n: number) => void, type?: string }} props */
function Parent(props) {
  return h(Listener, { client: useClient(url), ...props });
}

/** @param {{ reducer?: any, initial?: any, children?: any }} props */
function Sum({ reducer = collect, initial = [], children = null }) {
  const state = useReducedEvents(useClient(url), reducer, initial);
  return [JSON.stringify(state), children];
}

for (const strict of [false, true]) {
  const mode = strict ? ' under StrictMode' : '';

  test(`the first event reaches a handler of the same commit${mode}`, async () => {
    const seen = /** @type {number[]} */ ([]);
    const page = await mount(h(Parent, { on: (n) => seen.push(n) }), { strict });
    newest().accept();
    newest().deliver(...numbers(0, 3));
    assert.deepEqual(seen, [0, 1, 2]);
    await page.unmount();
  });

  test(`a burst passes the reducer once an event${mode}`, async () => {
    let calls = 0;
    const reducer = (/** @type {number[]} */ state, /** @type {any} */ event) => {
      if (event.type === 'tick') calls++;
      return collect(state, event);
    };
    const page = await mount(h(Sum, { reducer }), { strict });
    await act(async () => {
      newest().accept();
      newest().deliver(...numbers(0, 1_000));
    });
    assert.equal(calls, 1_000);
    assert.deepEqual(JSON.parse(page.text() ?? ''), numbers(0, 1_000).map(({ n }) => n));
    await page.unmount();
  });
}

test('a server that speaks in the very task of the connection is heard', async () => {
  greet((socket) => {
    socket.accept();
    socket.deliver(...numbers(0, 3));
  });
  const seen = /** @type {number[]} */ ([]);
  const page = await mountForReal([h(Parent, { on: (n) => seen.push(n), key: 1 }), h(Sum, { key: 2 })]);
  assert.deepEqual(seen, [0, 1, 2]);
  assert.equal(page.text(), '[0,1,2]');
  await page.unmount();
});

test('no event is lost while React is busy on its own schedule', async () => {
  const page = await mountForReal(h(Sum));
  newest().accept();
  for (let n = 0; n < 200; n++) {
    newest().deliver(...numbers(n, n + 1));
    if (n % 7 === 0) await new Promise((done) => setImmediate(done));
  }
  await page.idle();
  assert.equal(JSON.parse(page.text() ?? '').length, 200);
  await page.unmount();
});

test('batching joins renders and drops no event', async () => {
  let renders = 0;
  function Counted() {
    renders++;
    return h(Sum);
  }
  const page = await mount(h(Counted));
  newest().accept();
  for (let task = 0; task < 10; task++) await act(async () => newest().deliver(...numbers(task * 50, task * 50 + 50)));
  assert.equal(JSON.parse(page.text() ?? '').length, 500);
  assert.ok(renders < 20, `${renders} renders`);
  await page.unmount();
});

test('an event during a render that is thrown away is neither lost nor repeated', async () => {
  /** @type {(go: () => void) => void} */
  let transition = nothing;
  /** @type {(promise: Promise<unknown> | null) => void} */
  let wait = nothing;
  /** @param {{ promise: Promise<unknown> | null }} props */
  const Slow = ({ promise }) => (promise ? String(use(promise)) : '');
  function Concurrent() {
    const [promise, set] = useState(/** @type {Promise<unknown> | null} */ (null));
    const [, start] = useTransition();
    transition = start;
    wait = set;
    return h(Sum, null, h(Slow, { promise, key: 'slow' }));
  }
  /** @type {(value: unknown) => void} */
  let finish = nothing;
  const page = await mount(h(Suspense, { fallback: null }, h(Concurrent)), { strict: true });
  newest().accept();
  await act(async () => newest().deliver(...numbers(0, 2)));
  await act(async () => transition(() => wait(new Promise((done) => (finish = done)))));
  await act(async () => newest().deliver(...numbers(2, 4)));
  assert.equal(page.text(), '[0,1,2,3]');
  await act(async () => {
    newest().deliver(...numbers(4, 5));
    finish(' done');
    newest().deliver(...numbers(5, 6));
  });
  assert.equal(page.text(), '[0,1,2,3,4,5] done');
  await page.unmount();
});

test('a new handler takes over without a new subscription', async () => {
  const seen = /** @type {string[]} */ ([]);
  const page = await mount(h(Parent, { on: (n) => seen.push(`old ${n}`) }));
  newest().accept();
  newest().deliver(...numbers(0, 1));
  await page.render(h(Parent, { on: (n) => seen.push(`new ${n}`) }));
  newest().deliver(...numbers(1, 2));
  assert.deepEqual(seen, ['old 0', 'new 1']);
  await page.unmount();
});

test('a new type replaces the old one', async () => {
  const seen = /** @type {number[]} */ ([]);
  const on = (/** @type {number} */ n) => seen.push(n);
  const page = await mount(h(Parent, { on, type: 'tick' }));
  newest().accept();
  await page.render(h(Parent, { on, type: 'tock' }));
  newest().deliver({ type: 'tick', n: 1 }, { type: 'tock', n: 2 });
  assert.deepEqual(seen, [2]);
  await page.unmount();
});

test('an unmounted handler hears nothing more', async () => {
  const seen = /** @type {number[]} */ ([]);
  const Toggle = ({ shown = true }) => {
    const client = useClient(url);
    return shown ? h(Listener, { client, on: (n) => seen.push(n) }) : null;
  };
  const page = await mount(h(Toggle), { strict: true });
  newest().accept();
  newest().deliver(...numbers(0, 1));
  await page.render(h(Toggle, { shown: false }));
  newest().deliver(...numbers(1, 2));
  assert.deepEqual(seen, [0]);
  await page.unmount();
});

test('a suspended component goes on hearing, and lets go when it is unmounted', async () => {
  const seen = /** @type {number[]} */ ([]);
  /** @type {(promise: Promise<unknown> | null) => void} */
  let wait = nothing;
  /** @type {(value: unknown) => void} */
  let finish = nothing;
  /** @param {{ client: any }} props */
  function Child({ client }) {
    const [promise, set] = useState(/** @type {Promise<unknown> | null} */ (null));
    wait = set;
    useEvent(client, 'tick', (/** @type {any} */ event) => seen.push(event.n));
    if (promise) use(promise);
    return null;
  }
  const Outer = ({ shown = true }) => {
    const client = useClient(url);
    return h(Suspense, { fallback: 'wait' }, shown ? h(Child, { client }) : null);
  };
  const page = await mount(h(Outer));
  newest().accept();
  await act(async () => wait(new Promise((done) => (finish = done))));
  assert.equal(page.text(), 'wait');
  newest().deliver(...numbers(0, 1));
  await act(async () => finish(null));
  newest().deliver(...numbers(1, 2));
  await page.render(h(Outer, { shown: false }));
  await settle();
  newest().deliver(...numbers(2, 3));
  assert.deepEqual(seen, [0, 1]);
  await page.unmount();
});

test('a reducer that throws is reported and keeps the state', async (t) => {
  const reported = /** @type {unknown[]} */ ([]);
  const before = globalThis.reportError;
  globalThis.reportError = (error) => void reported.push(error);
  t.after(() => (globalThis.reportError = before));
  const reducer = (/** @type {number[]} */ state, /** @type {any} */ event) => {
    if (event.n === 1) throw new Error('no');
    return collect(state, event);
  };
  const page = await mount(h(Sum, { reducer }));
  await act(async () => {
    newest().accept();
    newest().deliver(...numbers(0, 3));
  });
  assert.equal(page.text(), '[0,2]');
  assert.match(String(reported[0]), /no/);
  await page.unmount();
});

test('a new destination starts from the initial state', async () => {
  /** @param {{ to: string }} props */
  const Room = ({ to }) => JSON.stringify(useReducedEvents(useClient(to), collect, () => [-1]));
  const page = await mount(h(Room, { to: 'wss://a.example/' }));
  await act(async () => {
    newest().accept();
    newest().deliver(...numbers(0, 2));
  });
  assert.equal(page.text(), '[-1,0,1]');
  await page.render(h(Room, { to: 'wss://b.example/' }));
  assert.equal(page.text(), '[-1]');
  await act(async () => {
    newest().accept();
    newest().deliver(...numbers(7, 8));
  });
  assert.equal(page.text(), '[-1,7]');
  await page.unmount();
});

test('a resync passes the reducer once, and repeated events do not', async () => {
  const passed = /** @type {any[]} */ ([]);
  const reducer = (/** @type {number} */ sum, /** @type {any} */ event) => {
    passed.push(event.type);
    return event.type === 'resync' ? event.state.sum : sum + event.n;
  };
  const page = await mount(h(Sum, { reducer, initial: 0 }), { strict: true });
  const tick = (/** @type {number} */ seq) => ({ type: 'tick', n: 1, $seq: seq });
  await act(async () => {
    newest().accept();
    newest().deliver({
      type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], epoch: 'e', seq: 3, keep: 60_000,
      heartbeat: { by: 'client', every: 15_000 }, limits: { frame: 65_536, inflight: 256 },
    });
  });
  assert.match(newest().sent.join(), /"resync_request"/);
  await act(async () => {
    newest().deliver({ type: 'resync', epoch: 'e', from: null, to: 3, kept: false, events: [], state: { sum: 40 } });
    newest().deliver(tick(4), tick(4), tick(5));
  });
  assert.deepEqual(passed, ['resync', 'tick', 'tick']);
  assert.equal(page.text(), '42');
  await page.unmount();
});

test('in a flood every event passes once and in order, a render shows many, and who has gone hears nothing that waited', async (t) => {
  /** @type {(() => void)[]} */
  const frames = [];
  Object.assign(globalThis, { requestAnimationFrame: (/** @type {() => void} */ run) => frames.push(run), cancelAnimationFrame: nothing });
  t.after(() => ['requestAnimationFrame', 'cancelAnimationFrame'].forEach((name) => Reflect.deleteProperty(globalThis, name)));
  const gone = /** @type {number[]} */ ([]);
  let renders = 0;
  /** @param {{ client: any }} props */
  function Count({ client }) {
    renders++;
    const seen = useReducedEvents(client, collect, []);
    return `${seen.length} ${seen.every((/** @type {number} */ n, /** @type {number} */ at) => n === at)}`;
  }
  /** @param {{ shown?: boolean }} props */
  function Outer({ shown = true }) {
    const client = useClient(url);
    return [h(Count, { client, key: 1 }), shown && h(Listener, { client, on: (n) => gone.push(n), key: 2 })];
  }
  const page = await mount(h(Outer));
  newest().accept();
  newest().deliver({ type: 'hello', v: 1, features: ['batch'], keep: 60_000, limits: { frame: 65_536 } });
  await act(async () => newest().receive(JSON.stringify(numbers(0, 1_000))));
  await act(async () => newest().receive(JSON.stringify(numbers(1_000, 1_500))));
  await act(async () => newest().receive(JSON.stringify(numbers(1_500, 2_500))));
  const before = gone.length;
  assert.ok(before < 2_500, 'some wait');
  await page.render(h(Outer, { shown: false }));
  renders = 0;
  for (let frame = 0; frame < 1_000 && frames.length > 0; frame++) await act(async () => frames.splice(0).forEach((run) => run()));
  assert.equal(page.text(), '2500 true');
  assert.equal(gone.length, before);
  assert.ok(renders < 200, `${renders} renders`);
  await page.unmount();
});
