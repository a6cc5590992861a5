// @ts-check
// The life of a client in a component.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mount, settle, act } from './support/dom.mjs';
import { living, newest, sockets } from './support/network.mjs';

const { Component, createElement: h, Suspense, use, useEffect, useState } = await import('react');
const { useClient, useConnection } = await import('everwire/react');

const nothing = () => {};

/** @param {{ url?: any, options?: any, onClient?: (client: any) => void }} props */
function Page({ url = 'wss://a.example/', options, onClient = nothing }) {
  const client = useClient(url, options);
  onClient(client);
  return useConnection(client).state;
}

for (const strict of [false, true]) {
  test(`${strict ? 'StrictMode opens' : 'a component opens'} one socket`, async () => {
    const page = await mount(h(Page), { strict });
    await settle();
    assert.equal(sockets.length, 1);
    assert.equal(page.text(), 'connecting');
    await act(async () => newest().accept());
    assert.equal(page.text(), 'open');
    await page.unmount();
  });

  test(`a real unmount closes the socket${strict ? ' under StrictMode' : ''}`, async () => {
    const page = await mount(h(Page), { strict });
    await settle();
    await act(async () => newest().accept());
    await page.unmount();
    await settle();
    assert.deepEqual(living(), []);
    assert.equal(sockets.length, 1);
  });
}

test('without a client all that a snapshot says is there', async () => {
  let client = /** @type {any} */ (null);
  let shown = {};
  const Shown = () => {
    shown = useConnection(null);
    return h(Page, { onClient: (made) => (client = made) });
  };
  const page = await mount(h(Shown));
  assert.deepEqual(Object.keys(shown).sort(), Object.keys(client.snapshot()).sort());
  await page.unmount();
});

test('an unmount while connecting leaves no socket behind', async () => {
  const page = await mount(h(Page));
  await settle();
  await page.unmount();
  await settle();
  assert.deepEqual(living(), []);
});

test('StrictMode makes one client and keeps it over its remount', async () => {
  let asked = 0;
  const url = () => `wss://a.example/${++asked}`;
  const seen = new Set();
  const page = await mount(h(Page, { url, onClient: (client) => seen.add(client) }), { strict: true });
  await settle();
  seen.delete(null);
  assert.equal(seen.size, 1);
  assert.equal(asked, 1);
  assert.equal(sockets.length, 1);
  await page.unmount();
});

test('the identity of handlers and options never reconnects', async () => {
  const options = () => ({ token: () => 'secret', shouldReconnect: () => true, onWarning: nothing, protocols: ['a'], connectTimeout: 1_000 });
  const page = await mount(h(Page, { options: options() }));
  for (let n = 0; n < 5; n++) await page.render(h(Page, { options: options() }));
  await settle();
  assert.equal(sockets.length, 1);
  await page.unmount();
});

test('a url function is asked again but its identity never reconnects', async () => {
  const asked = /** @type {string[]} */ ([]);
  const url = (/** @type {string} */ name) => () => {
    asked.push(name);
    return `wss://a.example/${name}`;
  };
  const page = await mount(h(Page, { url: url('first') }));
  await settle();
  await page.render(h(Page, { url: url('second') }));
  await settle();
  assert.deepEqual(asked, ['first']);
  assert.equal(sockets.length, 1);
  await page.unmount();
});

test('a url function belongs to a new destination when the key changes', async () => {
  const page = await mount(h(Page, { url: () => 'wss://a.example/1', options: { key: 1 } }));
  await settle();
  await page.render(h(Page, { url: () => 'wss://a.example/2', options: { key: 2 } }));
  await settle();
  assert.deepEqual(sockets.map(({ url }) => url), ['wss://a.example/1', 'wss://a.example/2']);
  assert.deepEqual(living(), [newest()]);
  await page.unmount();
});

test('a new token keeps the client', async () => {
  const page = await mount(h(Page, { options: { token: 'old' } }));
  await settle();
  await page.render(h(Page, { options: { token: 'new' } }));
  await settle();
  assert.equal(sockets.length, 1);
  await page.unmount();
});

for (const [what, first, second] of /** @type {const} */ ([
  ['url', { url: 'wss://a.example/' }, { url: 'wss://b.example/' }],
  ['set of protocols', { options: { protocols: ['a'] } }, { options: { protocols: ['b'] } }],
])) {
  test(`a new ${what} is a new client and closes the old one`, async () => {
    const page = await mount(h(Page, first));
    await settle();
    await act(async () => newest().accept());
    await page.render(h(Page, second));
    await settle();
    assert.equal(sockets.length, 2);
    assert.deepEqual(living(), [newest()]);
    await page.unmount();
    await settle();
    assert.deepEqual(living(), []);
  });
}

test('what was accepted is sent when a new destination closes the old client', async () => {
  /** @type {any} */
  let client;
  const onClient = (/** @type {any} */ now) => (client = now);
  const page = await mount(h(Page, { onClient }));
  await settle();
  const old = newest();
  await act(async () => old.accept());
  client.send({ type: 'draft', text: 'keep me' });
  await page.render(h(Page, { onClient, url: 'wss://b.example/' }));
  await settle();
  assert.deepEqual(old.messages(), [{ type: 'draft', text: 'keep me' }]);
  await page.unmount();
});

test('an effect never sees the client of another destination', async () => {
  const seen = /** @type {[string, string][]} */ ([]);
  const clients = new Map();
  function Room({ url = '' }) {
    const client = useClient(url);
    useEffect(() => {
      if (client === null) return;
      if (!clients.has(client)) clients.set(client, url);
      seen.push([url, clients.get(client)]);
    }, [client, url]);
    return null;
  }
  const page = await mount(h(Room, { url: 'wss://a.example/' }));
  for (const name of ['b', 'c', 'a']) await page.render(h(Room, { url: `wss://${name}.example/` }));
  for (const [url, made] of seen) assert.equal(url, made);
  assert.equal(clients.size, 4);
  await page.unmount();
});

test('there is no connection without a url, and one as soon as there is', async () => {
  const page = await mount(h(Page, { url: null }));
  await settle();
  assert.equal(sockets.length, 0);
  assert.equal(page.text(), 'closed');
  await page.render(h(Page, { url: 'wss://a.example/' }));
  await settle();
  assert.equal(sockets.length, 1);
  await page.render(h(Page, { url: null }));
  await settle();
  assert.deepEqual(living(), []);
  assert.equal(page.text(), 'closed');
  await page.unmount();
});

test('a component that is suspended for a while keeps its connection', async () => {
  /** @type {(value: unknown) => void} */
  let finish = nothing;
  /** @type {(promise: Promise<unknown>) => void} */
  let suspend = nothing;
  function Suspending() {
    const [promise, set] = useState(/** @type {Promise<unknown> | null} */ (null));
    suspend = set;
    const { state } = useConnection(useClient('wss://a.example/'));
    if (promise) use(promise);
    return state;
  }
  const page = await mount(h(Suspense, { fallback: 'wait' }, h(Suspending)), { strict: true });
  await settle();
  await act(async () => newest().accept());
  await act(async () => suspend(new Promise((done) => (finish = done))));
  assert.match(page.text() ?? '', /wait/);
  await settle();
  await act(async () => finish(null));
  await settle();
  assert.equal(page.text(), 'open');
  assert.equal(sockets.length, 1);
  await page.unmount();
  await settle();
  assert.deepEqual(living(), []);
});

test('an option that makes no sense reaches the error boundary', async (t) => {
  t.mock.method(console, 'error', nothing);
  class Boundary extends Component {
    state = { error: /** @type {any} */ (null) };
    static getDerivedStateFromError(/** @type {any} */ error) {
      return { error };
    }
    render() {
      const { error } = this.state;
      return error ? `${error.code}: ${error.message}` : /** @type {any} */ (this.props).children;
    }
  }
  const page = await mount(h(Boundary, null, h(Page, { options: { conectTimeout: 1 } })));
  assert.match(page.text() ?? '', /^invalid_option: .*conectTimeout/);
  assert.equal(sockets.length, 0);
  await page.unmount();
});
