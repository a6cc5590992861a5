import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanName, COLOURS, colourOf, initialsOf, MAX_NAME, nameOf, whereabouts } from './person.ts';

test('who wrote no name has one that every page makes of the id alike', () => {
  assert.equal(nameOf('0123456789abcdef', {}), nameOf('0123456789abcdef', null));
  assert.match(nameOf('0123456789abcdef', {}), /^[A-Z][a-z]+ [A-Z][a-z]+$/);
  assert.equal(nameOf('x', { name: ' Ada  Lovelace ' }), 'Ada Lovelace');
  assert.match(nameOf('x', { name: 7 }), /^[A-Z]/);
});

test('a name is one line of bounded length, whatever was sent', () => {
  assert.equal(cleanName('a\nb\u202ec\u0000'), 'a b c');
  assert.equal([...cleanName('😀'.repeat(400))].length, MAX_NAME);
  assert.equal(cleanName({ toString: () => 'no' }), '');
});

test('ids are spread over the colours', () => {
  const counts = new Array<number>(COLOURS).fill(0);
  for (let n = 0; n < 1_000; n += 1) counts[colourOf(`tab-${n}`)]! += 1;
  assert.ok(counts.every((count) => count > 50), String(counts));
});

test('two letters stand for a name', () => {
  assert.equal(initialsOf('Ada Lovelace'), 'AL');
  assert.equal(initialsOf('ada'), 'A');
});

test('it is said where somebody is, and at which node', () => {
  assert.equal(whereabouts({ page: 'room' }), 'In this room');
  assert.equal(whereabouts({ page: 'dashboard' }), 'On the dashboard');
  assert.equal(whereabouts({ page: 'dashboard', node: 'First' }), 'On the dashboard, at “First”');
  assert.equal(whereabouts({ page: 'dashboard', node: 7 }), 'On the dashboard');
  assert.equal(whereabouts({ page: 'dashboard', node: `\u202ea\nb${'😀'.repeat(80)}` }), `On the dashboard, at “a b${'😀'.repeat(61)}”`);
  assert.equal(whereabouts('nonsense'), '');
});
