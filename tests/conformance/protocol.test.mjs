// @ts-check
// What PROTOCOL.md shows is what it says: every example that is written out can be read and has its shape.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { misshapen } from '../../tools/conformance/shapes.mjs';

const text = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');

/** The JSON values that stand one after the other in `lines`, each on as many as it takes. @param {string[]} lines */
function values(lines) {
  /** @type {any[]} */
  const found = [];
  let begun = '';
  for (const line of lines) {
    begun += line;
    try {
      found.push(JSON.parse(begun));
      begun = '';
    } catch {
      // It goes on.
    }
  }
  assert.equal(begun, '', 'an example is not JSON');
  return found;
}

test('the examples of PROTOCOL.md have the shapes that it gives', () => {
  const blocks = [...text.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, block = '']) => block.split('\n'));
  const frames = [...text.matchAll(/^ {4}(?:[SC]'? +)?([[{].*[\]}])$/gm)].map(([, frame = '']) => frame);
  const whole = frames.filter((frame) => !frame.includes('…'));
  assert.ok(blocks.length >= 8 && whole.length >= 30, `${blocks.length} blocks and ${whole.length} frames`);
  const messages = [...blocks.flatMap(values), ...values(whole).flat()];
  for (const message of messages) assert.equal(misshapen(message), null, JSON.stringify(message));
});

test('every dialogue of PROTOCOL.md has its number, from 1 on', () => {
  const numbers = [...text.matchAll(/^### (\d+)\. /gm)].map(([, number]) => Number(number));
  assert.deepEqual(numbers, Array.from({ length: 11 }, (_, n) => n + 1));
});
