import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeOf, type Coming, remembering, SHOWN, spokenComings } from './comings.ts';

const told = (userId: string, change: Coming['change']) => ({ userId, name: userId.toUpperCase(), change });

test('the last few are kept, the newest first', () => {
  let comings: readonly Coming[] = [];
  for (let n = 1; n <= 10; n += 1) comings = remembering(comings, { ...told(`p${n}`, 'joined'), at: n });
  assert.equal(comings.length, SHOWN);
  assert.deepEqual([comings[0]?.userId, comings[0]?.number], ['p10', 10]);
});

test('a loss and a return are told, what becomes of our own connection is not', () => {
  assert.equal(changeOf('here', 'offline'), 'lost');
  assert.equal(changeOf('offline', 'here'), 'back');
  assert.equal(changeOf('here', 'stale'), null);
  assert.equal(changeOf('stale', 'here'), null);
  assert.equal(changeOf('here', 'away'), null);
});

test('one sentence says who came and who left', () => {
  assert.equal(spokenComings([told('a', 'joined'), told('b', 'joined')]), 'A and B joined.');
  assert.equal(spokenComings([told('a', 'joined'), told('b', 'left')]), 'A joined. B left.');
  assert.equal(spokenComings([told('a', 'left'), told('b', 'left'), told('c', 'left')]), '3 people left.');
});

test('who came and went, and who blinked, is not worth a word', () => {
  assert.equal(spokenComings([told('a', 'joined'), told('a', 'left')]), '');
  assert.equal(spokenComings([told('a', 'left'), told('a', 'joined')]), '');
  assert.equal(spokenComings([told('a', 'lost'), told('a', 'back')]), '');
});
