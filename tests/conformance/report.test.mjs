// @ts-check
// What a person is told of a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { report } from '../../tools/conformance/report.mjs';

const check = { feature: 'ack', requires: 'Each is answered.', section: '§6' };

test('a report ends on its counts and shows what was sent and what came', () => {
  const text = report('ws://x', [
    { ...check, name: 'one', ending: 'passed', detail: [] },
    { ...check, name: 'two', ending: 'failed', detail: ['sent: this', 'came: that'] },
    { ...check, name: 'three', ending: 'not offered', detail: ['the server has no ack'] },
    { ...check, name: 'four', ending: 'not checked', detail: ['nothing was published'] },
  ]);
  assert.equal(text.split('\n').at(-1), '1 passed, 1 failed, 1 not offered');
  assert.match(text, /Each is answered\. \(§6\)\n {6}sent: this\n {6}came: that/);
  assert.match(text, /^1 not checked: four$/m);
  assert.ok(!text.includes('\u001b'), 'no colours unless they are asked for');
  assert.ok(report('ws://x', [{ ...check, name: 'one', ending: 'passed', detail: [] }], true).includes('\u001b'));
});

test('a report says which features a server has, which are wrong, and which could not be seen', () => {
  const one = (/** @type {string} */ feature, /** @type {import('../../tools/conformance/check.mjs').Ending[]} */ ...endings) =>
    endings.map((ending, n) => ({ ...check, feature, name: `${feature}-${n}`, ending, detail: [] }));
  const text = report('ws://x', [
    ...one('hello', 'passed', 'not offered'),
    ...one('ack', 'passed', 'failed'),
    ...one('reply', 'not offered'),
    ...one('critical', 'not seen', 'not offered'),
  ]);
  for (const line of ['has: hello', 'wrong: ack', 'does not have: reply', 'not known: critical', '1 not seen: critical-0']) {
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
  }
});
