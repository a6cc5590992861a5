// @ts-check
// `make load`: many clients on one server process, without slow readers and with some: memory, processor, latency.
//
//     make load SSE=1000 WS=1000 SLOW=100 DURATION=60

import { run } from './load/run.mjs';

/** @param {string} name @param {number} usual @param {number} most */
function number(name, usual, most) {
  const value = Number(process.env[name] || usual);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`${name} is a number from 1 to ${most}, not ${process.env[name]}`);
  return value;
}

// As many as may look on one stream, and within the words of one.
const sse = number('SSE', 1_000, 2_000);
const ws = number('WS', 1_000, 4_000);
const slow = number('SLOW', 100, 1_000);
const seconds = number('DURATION', 60, 600);

const ms = (/** @type {number} */ value) => value.toFixed(1).padStart(8);
const kib = (/** @type {number} */ value) => `${(value / 1_024).toFixed(1)} KiB`;
const mib = (/** @type {number} */ value) => `${(value / (1 << 20)).toFixed(1)} MiB`;

let isWhole = true;
for (const some of [0, slow]) {
  const fast = { sse: sse - Math.ceil(some / 2), ws: ws - Math.floor(some / 2) };
  console.log(`==> ${fast.sse} viewers of a stream and ${fast.ws} members of a room${some > 0 ? `, and ${some} slow readers` : ''}: 5 events a second each, ${seconds} s`);
  const result = await run({ ...fast, slow: some, seconds });
  const { memory, cpu, heldBack } = result;
  console.log(`    memory: ${mib(memory.bare)} alone, ${kib(memory.perMember)} a WebSocket, ${kib(memory.perViewer)} a viewer, ${mib(memory.most)} at most`);
  console.log(`    processor: ${(cpu * 100).toFixed(0)} % of one${some > 0 ? `; ${heldBack} slow viewers held back` : ''}`);
  console.log(`    latency in ms        median     99 %     most   events    lost`);
  for (const [name, told] of /** @type {const} */ ([['SSE', result.sse], ['WebSocket', result.ws]])) {
    console.log(`    ${name.padEnd(15)} ${ms(told.median)} ${ms(told.p99)} ${ms(told.most)} ${String(told.events).padStart(8)} ${String(told.lost).padStart(7)}`);
    isWhole &&= told.lost === 0;
  }
}
process.exitCode = isWhole ? 0 : 1;
