// @ts-check
// Owns the streams of a test, which are closed when it ends; must not know what is tested.

import { afterEach } from 'node:test';
import { exchanges, forget, newest, settled } from './stream_network.mjs';

export const { EverwireError, stream } = await import('everwire/stream');

/** @type {Set<any>} */
const made = new Set();

afterEach(() => {
  for (const each of made) each.close();
  made.clear();
  forget();
});

/** Retries as soon as they are allowed, so that nobody waits. */
const soon = { backoff: { base: 1, cap: 1 }, breaker: false };

/** @param {any} [options] @param {any} [url] */
export async function ask(options, url = 'https://a.example/stream') {
  const client = /** @type {any} */ (stream(url, { ...soon, ...options }));
  made.add(client);
  /** @type {any[]} */
  const events = [];
  client.on('*', (/** @type {any} */ event) => events.push(event));
  await settled();
  return { client, events };
}

/** The request after a loss. */
export async function next() {
  for (let tries = 0; exchanges.at(-1)?.over !== false && tries < 500; tries++) await settled();
  const request = newest();
  if (request.over) throw new Error('nobody asks again');
  return request;
}

/** A handler for longer than a page can spend on each of thousands. */
export function slow() {
  const end = performance.now() + 0.03;
  while (performance.now() < end);
}
