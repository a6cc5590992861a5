// @ts-check
import assert from 'node:assert/strict';
import test from 'node:test';
import { countTests } from './count-tests.mjs';

test('cargo and wasm-bindgen-test: every binary is added up', () => {
  const output = [
    'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out; finished in 0.00s',
  ];
  assert.deepEqual(countTests(output.join('\n')), { passed: 15, failed: 2, skipped: 1 });
});

test('node: the spec and the TAP reporter; a cancelled test has failed', () => {
  const spec = 'ℹ tests 5\nℹ suites 0\nℹ pass 2\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n';
  assert.deepEqual(countTests(spec), { passed: 2, failed: 2, skipped: 1 });
  assert.deepEqual(countTests('# pass 4\n# fail 0\n'), { passed: 4, failed: 0, skipped: 0 });
});

test('Vitest, in colours', () => {
  const output = ' Test Files  1 passed (1)\n\u001b[2m      Tests \u001b[22m 1 failed | 3 passed | 2 skipped (6)\n';
  assert.deepEqual(countTests(output), { passed: 3, failed: 1, skipped: 2 });
});

test('the plain closing line, alone on a line', () => {
  assert.deepEqual(countTests('7 passed, 1 failed\n'), { passed: 7, failed: 1, skipped: 0 });
  assert.deepEqual(countTests('we saw 7 passed, 1 failed there\n'), { passed: 0, failed: 0, skipped: 0 });
});

test('output without a result counts nothing', () => {
  assert.deepEqual(countTests('error[E0425]: cannot find value\nrunning 4 tests\n'), { passed: 0, failed: 0, skipped: 0 });
});
