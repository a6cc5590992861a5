import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nothing, reduceAnswer, refusal } from './answerState.ts';

const event = (type: string, data: unknown) => ({ type, data });
const told = [event('connected', {}), event('delta', { text: 'one ' }), event('delta', { text: 'two' })].reduce(reduceAnswer, nothing);

test('deltas are put together, and an end that was heard adds nothing', () => {
  assert.equal(told.text, 'one two');
  const done = reduceAnswer(told, event('completed', { text: 'one two', words: 2 }));
  assert.deepEqual(done, { ...told, outcome: 'completed', recovered: false });
});

test('an end that nobody heard has the whole text', () => {
  for (const before of [nothing, told]) {
    const done = reduceAnswer(before, event('completed', { text: 'one two three' }));
    assert.deepEqual([done.text, done.outcome, done.recovered], ['one two three', 'completed', true]);
  }
});

test('a failure keeps what was told and says why', () => {
  const failed = reduceAnswer(told, event('failed', { code: 'producer_lost', message: 'gone' }));
  assert.deepEqual([failed.text, failed.outcome], ['one two', 'failed']);
  assert.match(failed.why, /is gone/);
});

test('what is no event of an answer changes nothing', () => {
  for (const other of [event('interrupted', { code: 'x' }), event('message', 'x')]) assert.equal(reduceAnswer(told, other), told);
  assert.equal(reduceAnswer(told, event('delta', 'nonsense')).text, told.text);
});

test('a refusal says when to come back', () => {
  assert.equal(refusal(429, 'too_fast', '3'), 'Too many questions at once. Try again in 3 s.');
});
