// @ts-check
// Owns a page in Node: happy-dom, React's act, sockets of objects. Imported before React and everwire,
// which look at the globals when they are imported.

import { afterEach } from 'node:test';
import { Window } from 'happy-dom';
import { forget, Socket } from './network.mjs';

const window = new Window({ url: 'https://app.example/' });
const { document, navigator } = window;
for (const [name, value] of Object.entries({ window, document, navigator, WebSocket: Socket, IS_REACT_ACT_ENVIRONMENT: true })) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

const { createElement, act, StrictMode } = await import('react');
const { createRoot, hydrateRoot } = await import('react-dom/client');

export { act };

/** What is still mounted: a test that failed leaves it, and its clients would keep the process alive. @type {Set<() => Promise<void>>} */
const mounted = new Set();

afterEach(async () => {
  for (const unmount of mounted) await unmount();
  forget();
});

/** @typedef {import('react').ReactNode} ReactNode */

/** Lets every task that is due run, and React answer it. */
export const settle = () => act(() => new Promise((done) => setTimeout(done, 5)));

/**
 * Renders as an application does, with React's own scheduling, which `act` makes simpler than it is.
 *
 * @param {ReactNode} node
 */
export async function mountForReal(node) {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  const element = globalThis.document.createElement('div');
  const root = createRoot(element);
  root.render(node);
  const idle = () => new Promise((done) => setTimeout(done, 30));
  await idle();
  async function unmount() {
    mounted.delete(unmount);
    root.unmount();
    await idle();
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  }
  mounted.add(unmount);
  return { text: () => element.textContent, idle, unmount };
}

/**
 * Renders into a new element.
 *
 * @param {ReactNode} first
 * @param {{ strict?: boolean, html?: string }} [options] `html`: what a server rendered, to be hydrated
 */
export async function mount(first, { strict = false, html } = {}) {
  const element = globalThis.document.createElement('div');
  globalThis.document.body.append(element);
  const wrap = (/** @type {ReactNode} */ node) => (strict ? createElement(StrictMode, null, node) : node);
  /** @type {unknown[]} */
  const errors = [];
  const options = {
    onRecoverableError: (/** @type {unknown} */ error) => void errors.push(error),
  };
  /** @type {import('react-dom/client').Root} */
  let root;
  if (html === undefined) {
    root = createRoot(element, options);
    await act(async () => root.render(wrap(first)));
  } else {
    element.innerHTML = html;
    root = await act(async () => hydrateRoot(element, wrap(first), options));
  }
  async function unmount() {
    mounted.delete(unmount);
    await act(async () => root.unmount());
    element.remove();
  }
  mounted.add(unmount);
  return {
    errors,
    text: () => element.textContent,
    render: (/** @type {ReactNode} */ node) => act(async () => root.render(wrap(node))),
    unmount,
  };
}
