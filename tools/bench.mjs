// @ts-check
// `make bench`: bytes, what they are made of, what an inbound event costs, and one out of an event stream.

import { execFileSync } from 'node:child_process';
import { events } from './bench/events.mjs';
import { inbound } from './bench/inbound.mjs';
import { composition, overLimit, sizes } from './bench/sizes.mjs';
import { engines } from './webdriver.mjs';

const mostOverFloor = 1.15;
const mostOverOther = 1.1;

const bytes = await sizes();
console.log('\nBytes of the released package (bundled by esbuild, minified)\n');
console.table(table(bytes.map(({ what, ...rest }) => [what, rest])));
const complaints = overLimit(bytes);

console.log('What core.wasm is made of (code, after wasm-opt)\n');
console.table(table(composition().slice(0, 25).map(({ group, ...rest }) => [group, rest])));

console.log(`CPU per inbound event in µs, beside a bare WebSocket + JSON.parse + handler map (at most ${mostOverFloor} times it)\n`);
for (const engine of engines) {
  const prices = await inbound(engine);
  console.table(table(Object.entries(prices).map(([perFrame, price]) => [`${engine}, ${perFrame} a frame`, rounded(price)])));
  for (const [perFrame, { ratio }] of Object.entries(prices)) {
    if (ratio > mostOverFloor) complaints.push(`${engine}, ${perFrame} a frame: ${ratio.toFixed(2)} times the floor`);
  }
}

console.log(`An event out of the bytes of a stream in ns, beside eventsource-parser, in the middle one of five pages (at most ${mostOverOther} times it)\n`);
for (const engine of engines) {
  const prices = await events(engine);
  console.table(table(Object.entries(prices).map(([what, price]) => [`${engine}, ${what}`, rounded(price)])));
  for (const [what, { ratio }] of Object.entries(prices)) {
    if (ratio > mostOverOther) complaints.push(`${engine}, ${what}: ${ratio.toFixed(2)} times eventsource-parser`);
  }
}

console.log('Event streams scanned on the host\n');
const fast = ['--config', 'profile.release.opt-level=3', '--config', 'profile.release.lto=false'];
execFileSync('cargo', ['run', '--quiet', '--release', ...fast, '--example', 'event_stream'], { stdio: 'inherit' });

for (const complaint of complaints) console.log(`over: ${complaint}`);
process.exitCode = complaints.length > 0 ? 1 : 0;

/** @param {Record<string, number>} price */
function rounded(price) {
  return Object.fromEntries(Object.entries(price).map(([key, value]) => [key, Number(value.toFixed(2))]));
}

/** @param {[string, object][]} rows */
function table(rows) {
  return Object.fromEntries(rows);
}
