// @ts-check
// `make load PRESENCE=1999`: many members in one roster of one server process: bytes for each change, memory, processor, latency.
//
//     make load PRESENCE=1999 RATE=50 DURATION=30

import { run } from './load/presence.mjs';

/** @param {string} name @param {number} usual @param {number} most */
function number(name, usual, most) {
  const value = Number(process.env[name] || usual);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`${name} is a number from 1 to ${most}, not ${process.env[name]}`);
  return value;
}

const members = number('PRESENCE', 1_999, 4_000);
const rate = number('RATE', 50, 1_000);
const seconds = number('DURATION', 30, 600);

const kib = (/** @type {number} */ value) => `${(value / 1_024).toFixed(1)} KiB`;

console.log(`==> ${members} members of one roster and one who looks: ${rate} changes a second in all, ${seconds} s`);
const { entered, list, changes, told, frames, bytesAChange, megabytesASecond, cpu, memory, latency } = await run({ members, rate, seconds });
console.log(`    all joined in ${(entered / 1_000).toFixed(1)} s; the list: ${list.members} members, ${kib(list.bytes)}, ${list.ms.toFixed(0)} ms`);
console.log(`    ${changes} changes, ${told} told in ${frames} frames: ${bytesAChange.toFixed(1)} bytes a change and connection, ${megabytesASecond.toFixed(1)} MiB a second in all`);
console.log(`    memory: ${kib(memory.perMember)} a member, ${(memory.most / (1 << 20)).toFixed(1)} MiB in all; processor: ${(cpu * 100).toFixed(0)} % of one`);
console.log(`    latency in ms: median ${latency.median.toFixed(1)}, 99 % ${latency.p99.toFixed(1)}, most ${latency.most.toFixed(1)}`);
