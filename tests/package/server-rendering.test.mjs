// @ts-check
// Hooks on a server, and what becomes of its page in a browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createElement as h } from 'react';
import { renderToString } from 'react-dom/server';
import { useClient, useConnection, useEvent, useReducedEvents } from 'everwire/react';

function Page() {
  const client = useClient('wss://a.example/');
  useEvent(client, 'tick', () => {});
  const count = useReducedEvents(client, (/** @type {number} */ n) => n + 1, 0);
  return `${useConnection(client).state} ${count}`;
}

test('a server renders without wasm, socket or warning', (t) => {
  const complaints = /** @type {unknown[]} */ ([]);
  const before = { error: console.error, WebAssembly };
  console.error = (...words) => void complaints.push(words);
  Object.assign(globalThis, { WebAssembly: undefined });
  t.after(() => Object.assign(globalThis, { WebAssembly: before.WebAssembly }) && (console.error = before.error));
  assert.equal(renderToString(h(Page)), 'closed 0');
  assert.deepEqual(complaints, []);
});
