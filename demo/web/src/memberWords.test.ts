import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberView, ownView, roomView } from './memberWords.ts';

const clock = (at: number) => `t${at}`;

test('each way to stand has a word and a tone of its own', () => {
  const views = (['here', 'away', 'offline', 'stale'] as const).map((status) => memberView(status, 7, clock));
  assert.equal(new Set(views.map(({ word }) => word)).size, 4);
  assert.equal(new Set(views.map(({ tone }) => tone)).size, 4);
});

test('when somebody was last heard is said where it matters and is known', () => {
  assert.match(memberView('offline', 7, clock).note, /t7/);
  assert.equal(memberView('offline', null, clock).note, 'Connection lost');
  assert.equal(memberView('here', 7, clock).note, '');
});

test('a room without a connection is not called live', () => {
  assert.equal(roomView('synced', 0, '').word, 'Live');
  assert.match(roomView('synced', 1, '').note, /One other/);
  assert.equal(roomView('stale', 3, '').tone, 'amber');
  assert.equal(roomView('refused', 0, 'full').note, 'full');
});

test('oneself is here only once the server has said so', () => {
  assert.equal(ownView('joining', 'here').word, 'Joining');
  assert.equal(ownView('synced', 'away').word, 'Away');
  assert.equal(ownView('stale', 'here').word, 'Offline');
  assert.equal(ownView('unsupported', 'here').word, 'Alone');
});
