import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answered, MAX_WHOLE, refused } from './wholeOutput.ts';

test('the answer about the node and the attempt on the screen is shown', () => {
  assert.deepEqual(answered({ node_id: 'a', attempt: 2, output: 'all' }, 'a', 2), { state: 'shown', output: 'all' });
});

test('an answer about another node, another attempt, or without an output is not shown', () => {
  for (const reply of [
    { node_id: 'b', attempt: 2, output: 'all' },
    { node_id: 'a', attempt: 1, output: 'all' },
    { node_id: 'a', attempt: 3, output: 'all' },
    { node_id: 'a', attempt: 2, output: null },
  ]) {
    assert.equal(answered(reply, 'a', 2).state, 'refused');
  }
});

test('an answer is bounded', () => {
  const whole = answered({ node_id: 'a', attempt: 1, output: 'x'.repeat(MAX_WHOLE + 1) }, 'a', 1);
  assert.ok(whole.state === 'shown' && whole.output.length === MAX_WHOLE);
});

test('a refusal is said in words for a person, and else in the words of the server', () => {
  const late = Object.assign(new Error('no reply within 60000 ms'), { code: 'timeout' });
  assert.deepEqual(refused(late), { state: 'refused', message: 'No answer came within a minute.' });
  const own = Object.assign(new Error('not for you'), { code: 'forbidden' });
  assert.deepEqual(refused(own), { state: 'refused', message: 'Not for you.' });
});
