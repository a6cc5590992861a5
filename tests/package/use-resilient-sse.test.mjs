// @ts-check
// A stream in a component.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { act, mount, settle } from './support/dom.mjs';
import { answer, exchanges, forget, living, newest } from './support/stream_network.mjs';

const { createElement: h } = await import('react');
const { renderToString } = await import('react-dom/server');
const { useResilientSSE } = await import('everwire/stream/react');

afterEach(forget);

/** @type {any} */
let shown;

/** @param {{ url?: any, options?: any }} props */
function Page({ url = 'https://a.example/stream', options }) {
  shown = useResilientSSE(url, { backoff: { base: 1, cap: 1 }, ...options });
  return `${shown.status} ${shown.outcome ?? '-'} ${JSON.stringify(shown.data) ?? '-'}`;
}

/** @param {() => Promise<unknown>} what */
const during = (what) => act(async () => void (await what()));

for (const strict of [false, true]) {
  test(`one request${strict ? ' under StrictMode' : ''}, its events, its end, and nothing left behind`, async () => {
    const page = await mount(h(Page), { strict });
    await settle();
    assert.deepEqual([living().length, page.text()], [1, 'connecting - -']);
    await during(() => newest().accept());
    assert.equal(page.text(), 'connected - -');
    await during(() => newest().send('data: {"n":1}\n\n'));
    assert.equal(page.text(), 'connected - {"n":1}');
    await during(() => newest().send('event: failed\ndata: {"n":2}\n\n'));
    assert.equal(page.text(), 'completed failed {"n":2}');
    await page.unmount();
    await settle();
    assert.deepEqual(living(), []);
  });

  test(`an unmount closes the stream${strict ? ' under StrictMode' : ''}`, async () => {
    const page = await mount(h(Page), { strict });
    await settle();
    await during(() => newest().accept());
    await page.unmount();
    await settle();
    assert.deepEqual(living(), []);
    assert.equal(exchanges.length, 1);
  });
}

test('deltas are appended by a reducer, each once', async () => {
  const options = { method: 'POST', body: '{}', initial: '', reduce: (/** @type {string} */ text, /** @type {any} */ { data }) => text + data.delta };
  const page = await mount(h(Page, { options }), { strict: true });
  await settle();
  await during(() => newest().accept());
  await during(() => newest().send('data: {"delta":"Hel"}\n\ndata: {"delta":"lo"}\n\ndata: [DONE]\n\n'));
  assert.equal(page.text(), 'completed completed "Hello"');
  assert.equal(exchanges.length, 1);
  await page.unmount();
});

test('an end that is stored is shown without a connection', async () => {
  answer(() => Response.json({ status: 'completed', terminalEventType: 'completed', terminalEventData: { sum: 1 } }));
  const page = await mount(h(Page, { options: { recover: 'https://a.example/recover' } }));
  await settle();
  await settle();
  assert.equal(page.text(), 'completed completed {"sum":1}');
  assert.deepEqual(exchanges, []);
  await page.unmount();
});

test('a refusal for good is an error with its reason', async () => {
  const page = await mount(h(Page));
  await settle();
  await during(() => newest().refuse(403));
  assert.deepEqual([shown.status, shown.error.code, shown.attempts], ['error', 'forbidden', 1]);
  await page.unmount();
});

test('a loss is shown as connecting with its reason and the attempts', async () => {
  const page = await mount(h(Page, { options: { backoff: { base: 60_000, cap: 60_000 } } }));
  await settle();
  await during(() => newest().refuse(503));
  assert.deepEqual([shown.status, shown.error.code, shown.attempts], ['connecting', 'unavailable', 1]);
  await page.unmount();
});

test('another url is another stream, other functions are not', async () => {
  const page = await mount(h(Page, { options: { token: () => 'a' } }));
  await settle();
  await during(() => newest().accept());
  await during(() => newest().send('data: old\n\n'));
  await page.render(h(Page, { options: { token: () => 'b' } }));
  await settle();
  assert.equal(exchanges.length, 1);
  await page.render(h(Page, { url: 'https://a.example/other', options: { token: () => 'b' } }));
  await settle();
  assert.deepEqual([exchanges.length, living().length, newest().header('authorization')], [2, 1, 'Bearer b']);
  assert.equal(page.text(), 'connecting - -');
  await page.unmount();
});

test('without a url there is no stream, and on a server none either', async () => {
  const page = await mount(h(Page, { url: null }));
  await settle();
  assert.deepEqual(exchanges, []);
  await page.unmount();
  assert.equal(renderToString(h(Page)), 'connecting - -');
  assert.deepEqual(exchanges, []);
});
