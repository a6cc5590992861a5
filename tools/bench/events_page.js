// @ts-check
// In a browser: the price of an event out of the bytes of a stream, for everwire and for `eventsource-parser`, each with
// a TextDecoder of its own. Both get the same chunks, by turns.

// @ts-expect-error The bench says where it is.
import * as core from 'everwire-stream-core';
// @ts-expect-error
import { eventStreamFrom } from 'everwire-event-stream';
import { createParser } from 'eventsource-parser';

const rounds = 240;
const warmUp = 60;
/** Bytes of one round. */
const most = 400_000;

const encoder = new TextEncoder();

/** @type {(n: number, word: string) => string} */
const json = (n, word) => `data: {"type":"node_state","node_id":"node-${n % 50}","status":"running","output":"${word.repeat(10)}","seq":${n}}\n\n`;

/** @type {[what: string, chunk: number, event: (n: number) => string][]} */
const streams = [
  ['JSON of 150 bytes, 16 KB a chunk', 16_384, (n) => json(n, 'xxxxxxx')],
  ['JSON of 150 bytes, one a chunk', 0, (n) => json(n, 'xxxxxxx')],
  ['with type and id, 16 KB a chunk', 16_384, (n) => `event: progress\nid: ${n}\n${json(n, 'xxxxx')}`],
  ['a token, one a chunk', 0, (n) => `data: {"choices":[{"delta":{"content":" tok${n % 100}"}}]}\n\n`],
  ['Chinese, 16 KB a chunk', 16_384, (n) => json(n, '漢字')],
];

run().then(
  (result) => Object.assign(window, { result }),
  (error) => Object.assign(window, { result: { error: String(error?.stack ?? error) } }),
);

async function run() {
  core.initSync({ module: await (await fetch('/core.wasm')).arrayBuffer() });
  const EventStream = eventStreamFrom(core);
  let counted = 0;
  let length = 0;

  /** Milliseconds of a round. @param {Uint8Array[]} chunks */
  const ours = (chunks) => {
    const stream = new EventStream({
      onEvent: (/** @type {string} */ _, /** @type {string} */ data) => {
        counted += 1;
        length += data.length;
      },
    });
    const from = performance.now();
    for (const chunk of chunks) stream.push(chunk);
    const took = performance.now() - from;
    stream.end();
    return took;
  };
  /** @param {Uint8Array[]} chunks */
  const theirs = (chunks) => {
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent: ({ data }) => {
        counted += 1;
        length += data.length;
      },
    });
    const from = performance.now();
    for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
    return performance.now() - from;
  };

  // One a page: what an engine learns of one stream it does not forget for the next.
  const place = Number(location.search.slice(1));
  const [what, size, event] = /** @type {typeof streams[number]} */ (streams[place]);
  const { chunks, events } = make(size, event);
  /** @type {number[]} */
  const own = [];
  /** @type {number[]} */
  const other = [];
  for (let round = 0; round < rounds + warmUp; round += 1) {
    const oursFirst = round % 2 === 0;
    counted = 0;
    length = 0;
    const first = (oursFirst ? ours : theirs)(chunks);
    const said = [counted, length];
    const second = (oursFirst ? theirs : ours)(chunks);
    if (said[0] !== events || counted !== 2 * events || length !== 2 * Number(said[1])) throw new Error(`${said} and ${counted}, ${length} of ${events} events`);
    if (round < warmUp) continue;
    own.push(oursFirst ? first : second);
    other.push(oursFirst ? second : first);
    // The page must answer who asks for the result.
    if (round % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  const price = { ours: (middle(own) / events) * 1e6, theirs: (middle(other) / events) * 1e6, ratio: middle(own) / middle(other) };
  return { what, price, isLast: place === streams.length - 1 };
}

/** A stream in chunks of `size` bytes, or of one event each for 0. @param {number} size @param {(n: number) => string} event */
function make(size, event) {
  /** @type {Uint8Array[]} */
  const all = [];
  let bytes = 0;
  for (let n = 0; bytes < most; n += 1) {
    const next = encoder.encode(event(n));
    bytes += next.length;
    all.push(next);
  }
  if (size === 0) return { chunks: all, events: all.length };
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const next of all) {
    whole.set(next, at);
    at += next.length;
  }
  const chunks = [];
  for (let from = 0; from < bytes; from += size) chunks.push(whole.slice(from, from + size));
  return { chunks, events: all.length };
}

/** The mean of the middle half. @param {number[]} values */
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b).slice(values.length / 4, -values.length / 4);
  return sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
}
