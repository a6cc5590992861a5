// @ts-check
// Streams by the browser's EventSource.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, next } from './support/stream_client.mjs';
import { newest, settled, sources } from './support/stream_network.mjs';

test('an event without an id does not move the place on an EventSource, and an empty id does', async () => {
  const { client } = await ask({ transport: 'eventsource', lastEventId: '7' });
  assert.equal(new URL(sources[0]?.url ?? '').searchParams.get('lastEventId'), '7');
  sources[0]?.onopen?.();
  sources[0]?.tell('message', 'a', '');
  assert.equal(client.lastEventId, '7');
  sources[0]?.tell('message', 'b', '8');
  assert.equal(client.lastEventId, '8');
  sources[0]?.tell('message', 'c', '');
  assert.equal(client.lastEventId, '', 'the stream took it back');
});

test('an EventSource is asked with the last id in its url, and its own retries are not used', async () => {
  const { client, events } = await ask({ transport: 'eventsource', credentials: 'include' });
  client.on('price', () => {});
  const [first] = sources;
  assert.deepEqual([first?.url, first?.options], ['https://a.example/stream', { withCredentials: true }]);
  first?.onopen?.();
  assert.equal(client.state, 'open');
  first?.tell('price', '{"a":1}', 'é 1');
  first?.onerror?.();
  assert.equal(first?.readyState, 2);
  for (let tries = 0; sources.length < 2 && tries < 500; tries++) await settled();
  assert.equal(new URL(sources[1]?.url ?? '').searchParams.get('lastEventId'), 'é 1');
  first?.tell('price', '{"a":2}', '2');
  assert.deepEqual(events.map(({ data }) => data), [{ a: 1 }]);
});

test('the request in the place of an EventSource asks what that would have asked: another origin may allow no more', async () => {
  await ask({ transport: 'eventsource', lastEventId: '7' });
  sources[0]?.onerror?.();
  const request = await next();
  assert.deepEqual([request.header('last-event-id'), new URL(request.request.url).searchParams.get('lastEventId')], [null, '7']);
});

test('comments in the place of an EventSource, which hears none, are no reason to miss them later', async () => {
  const { client } = await ask({ transport: 'eventsource' });
  sources[0]?.onerror?.();
  await (await next()).accept();
  await newest().send(': still here\n\n');
  assert.deepEqual([client.state, client.snapshot().freshness], ['open', 'unknown']);
});

test('an EventSource that did not open is followed by a request that shows why', async () => {
  const { client } = await ask({ transport: 'eventsource' });
  sources[0]?.onerror?.();
  await (await next()).refuse(403);
  assert.equal(client.snapshot().reason.code, 'forbidden');
});
