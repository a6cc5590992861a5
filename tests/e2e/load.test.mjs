// @ts-check
// A server with readers that do not keep up, beside many that do; `make load` is the same with thousands.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../tools/load/run.mjs';

const MiB = 1 << 20;
const SLOW = 10;

test('slow readers harm nobody: the others are told everything, in order and soon', async (t) => {
  const { sse, ws, memory, heldBack, cpu } = await run({ sse: 50, ws: 50, slow: SLOW, seconds: 5 });
  for (const [name, told] of Object.entries({ sse, ws })) {
    t.diagnostic(`${name}: ${told.median.toFixed(1)} ms (median), ${told.p99.toFixed(1)} ms (99 %), ${told.events} events`);
    assert.deepEqual([told.events, told.lost], [50 * 25, 0], name);
    // Whoever waited for a slow reader would wait for tens of seconds.
    assert.ok(told.p99 < 3_000, `${name}: ${told.p99} ms`);
  }
  t.diagnostic(`${(memory.most / MiB).toFixed(1)} MiB at most, ${(cpu * 100).toFixed(0)} % of a processor`);
  // That they were slow.
  assert.ok(heldBack > 0, `${heldBack} slow viewers held back`);
  // Their queues are bounded.
  assert.ok(memory.most - memory.bare < 60 * MiB, `grew by ${(memory.most - memory.bare) / MiB} MiB`);
});
