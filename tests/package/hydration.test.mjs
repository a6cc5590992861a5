// @ts-check
// The page that a server rendered comes alive.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { act, mount, settle } from './support/dom.mjs';
import { newest, sockets } from './support/network.mjs';

const { createElement: h } = await import('react');
const { useClient, useConnection } = await import('everwire/react');

const Page = () => useConnection(useClient('wss://a.example/')).state;

test('hydration finds what the server rendered, then connects once', async () => {
  const page = await mount(h(Page), { html: 'closed', strict: true });
  await settle();
  assert.deepEqual(page.errors, []);
  assert.equal(page.text(), 'connecting');
  assert.equal(sockets.length, 1);
  await act(async () => newest().accept());
  assert.equal(page.text(), 'open');
  await page.unmount();
});

test('the snapshot is one frozen object until something changes', async () => {
  const { connect } = await import('everwire');
  const client = connect('wss://a.example/');
  assert.ok(Object.isFrozen(client.snapshot()));
  assert.equal(client.snapshot(), client.snapshot());
  let told = 0;
  const before = client.snapshot();
  const stop = client.subscribe(() => told++);
  await settle();
  newest().accept();
  assert.ok(told > 0);
  assert.notEqual(client.snapshot(), before);
  stop();
  const heard = told;
  client.close();
  assert.equal(told, heard);
});
