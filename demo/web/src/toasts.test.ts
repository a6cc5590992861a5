import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_TOASTS, type Toast, withToast } from './toasts.ts';

test('a toast of the same key takes the place of the earlier one', () => {
  const queued: Toast = { key: 'k', tone: 'amber', title: 'queued' };
  const delivered: Toast = { key: 'k', tone: 'green', title: 'delivered' };
  assert.deepEqual(withToast([queued], delivered), [delivered]);
});

test('a problem is not told twice in the same words; good news about two things is told of both', () => {
  const told: Toast = { key: 'incident', tone: 'red', title: 'A problem', text: 'too late' };
  const refused: Toast = { key: 'command', tone: 'red', title: 'Not applied', text: 'too late' };
  assert.deepEqual(withToast([told], refused), [refused]);
  const [first, second]: Toast[] = [
    { key: 'first', tone: 'green', title: 'The first', text: 'delivered' },
    { key: 'second', tone: 'green', title: 'The second', text: 'delivered' },
  ];
  assert.ok(first && second);
  assert.deepEqual(withToast([first], second), [first, second]);
});

test('toasts are bounded, and one that must stay outlives those that end by themselves', () => {
  let toasts: readonly Toast[] = [{ key: 'stay', tone: 'amber', title: 'stay' }];
  for (let n = 0; n < 20; n += 1) toasts = withToast(toasts, { key: `${n}`, tone: 'red', title: `${n}`, lasts: 1 });
  assert.equal(toasts.length, MAX_TOASTS);
  assert.deepEqual([toasts[0]?.key, toasts.at(-1)?.key], ['stay', '19']);
});
