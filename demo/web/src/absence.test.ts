import assert from 'node:assert/strict';
import { test } from 'node:test';
import { absence } from './absence.ts';

test('within the grace one is offline, after it gone', () => {
  assert.equal(absence(null, 9_000, 5_000).seen, 'here');
  assert.deepEqual([absence(1_000, 1_000, 5_000).seen, absence(1_000, 1_000, 5_000).part], ['offline', 0]);
  assert.match(absence(1_000, 3_500, 5_000).note, /within 3 s/);
  assert.equal(absence(1_000, 6_000, 5_000).seen, 'gone');
});

test('a clock that went back makes nobody more than here', () => {
  const { part, note } = absence(5_000, 1_000, 5_000);
  assert.equal(part, 0);
  assert.match(note, /within 5 s/);
});
