// @ts-check
// Event streams as a page reads them: what the standard says, however the bytes are cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { EventStream, growMemory } from './support/event_stream.mjs';

/** @typedef {[what: string, ...rest: (string | number)[]]} Said */

const encoder = new TextEncoder();

/** What a stream of these chunks says. @param {Uint8Array[]} chunks @param {number} [limit] */
function heard(chunks, limit) {
  /** @type {Said[]} */
  const said = [];
  const stream = new EventStream(
    {
      onEvent: (type, data, id) => said.push(['event', type, data, id]),
      onId: (id) => said.push(['id', id]),
      onRetry: (ms) => said.push(['retry', ms]),
      onComment: () => said.push(['comment']),
    },
    limit,
  );
  for (const chunk of chunks) stream.push(chunk);
  stream.end();
  return said;
}

/** The same by another's parser, where it keeps the last id as the standard does. @param {Uint8Array} bytes */
function expected(bytes) {
  /** @type {Said[]} */
  const said = [];
  let last = '';
  const parser = createParser({
    onId: (id) => {
      last = id;
      said.push(['id', id]);
    },
    onEvent: ({ id, event, data }) => {
      if (id !== undefined) said.pop();
      said.push(['event', event ?? 'message', data, last]);
    },
    onRetry: (ms) => said.push(['retry', Math.min(ms, 0xffffffff)]),
    onComment: () => said.push(['comment']),
  });
  // It takes bytes of a mark in the text for one, and a CR at the end for half of an end of line.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  parser.feed(/^[\ufeff\u00ef]/.test(text) ? `\ufeff${text}` : text);
  return said;
}

/** Whole numbers below a bound, the same in every run. */
function chance(seed = 1) {
  return (/** @type {number} */ below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

/** @param {Uint8Array} bytes @param {() => number} size */
function cut(bytes, size) {
  const chunks = [];
  for (let at = 0; at < bytes.length; ) {
    const length = size();
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

const pieces = [
  '\n', '\n', '\n\n', '\r', '\r\n', 'data:', 'data: ', 'data', 'dat', 'event:', 'event: ', 'id:', 'id: ', 'id', 'retry: ', ':', ' ', 'x',
  '15', '99999999999999999999', '\0', '\ufeff', 'é', '漢', '😀', 'hello, world', 'data: one\ndata: two\nevent: e\nid: 7\n\n',
].map((piece) => encoder.encode(piece));
pieces.push(...[[0xef, 0xbb], [0xef], [0xbf], [0xf0, 0x9f, 0x98], [0xe6, 0xbc], [0xed, 0xa0, 0x80], [0xc0], [0xe0, 0x80], [0xf4, 0x90], [0xff]].map((bytes) => new Uint8Array(bytes)));

test('random streams say what another parser hears, in any pieces', () => {
  const below = chance();
  for (let round = 0; round < 20_000; round++) {
    const bytes = new Uint8Array(Array.from({ length: below(30) }, () => [.../** @type {Uint8Array} */ (pieces[below(pieces.length)])]).flat());
    const most = 1 + below(12);
    assert.deepEqual(heard(cut(bytes, () => 1 + below(most))), expected(bytes), JSON.stringify([...bytes]));
  }
});

test('every cut of a stream says the same', () => {
  const bytes = encoder.encode('\ufeff: hi\r\nretry: 7\r\nid: é😀\r\rdata: 漢字\r\ndata:\u{1f600}\nevent: tick\n\nid:\ndata: {"a":1}\r\n\r\n');
  const whole = [['comment'], ['retry', 7], ['id', 'é😀'], ['event', 'tick', '漢字\n😀', 'é😀'], ['event', 'message', '{"a":1}', '']];
  for (let one = 0; one <= bytes.length; one++) {
    for (let two = one; two <= bytes.length; two++) {
      assert.deepEqual(heard([bytes.subarray(0, one), bytes.subarray(one, two), bytes.subarray(two)]), whole, `${one}, ${two}`);
    }
  }
});

test('a chunk of any length is read, and an event over many chunks', () => {
  const data = 'x'.repeat(200_000);
  const many = Array.from({ length: 5_000 }, (_, n) => `id: ${n}\ndata: ${n}\n\n`).join('');
  const bytes = encoder.encode(`data: ${data}\n\n${many}`);
  for (const chunks of [[bytes], cut(bytes, () => 1_000)]) {
    const said = heard(chunks);
    assert.deepEqual([said.length, said[0], said.at(-1)], [5_001, ['event', 'message', data, ''], ['event', 'message', '4999', '4999']]);
  }
});

test('an event that is a chunk by itself is what it is among others, up to the longest that is scanned at once', () => {
  for (const length of [0, 1, 16_375, 16_376, 16_377, 40_000]) {
    for (const data of ['x'.repeat(length), '漢'.repeat(length / 3), `ü😀${'x'.repeat(Math.max(0, length - 6))}`]) {
      const alone = encoder.encode(`data: ${data}\n\n`);
      const [one, two] = [['event', 'message', data, ''], ['event', 'tick', `first\n${data}`, '7']];
      assert.deepEqual(heard([alone, alone, encoder.encode('id: 7\nevent: tick\ndata: first\n'), alone]), [one, one, two], `${length}`);
      assert.deepEqual(heard([encoder.encode('data: 1'), encoder.encode('\n\n'), alone]), [['event', 'message', '1', ''], one], `${length}`);
    }
  }
});

test('what is too long ends the stream with an error, and what came before was handed out', () => {
  /** @type {string[]} */
  const said = [];
  const stream = new EventStream({ onEvent: (_, data) => said.push(data) }, 20);
  const error = { name: 'EverwireError', code: 'event_too_long', retryable: false, message: /longer than the limit/ };
  assert.throws(() => stream.push(encoder.encode(`data: ok\n\n:${'x'.repeat(20)}`)), error);
  assert.throws(() => stream.push(encoder.encode('\n\ndata: no\n\n')), error);
  assert.deepEqual(said, ['ok']);
  stream.end();
  stream.push(encoder.encode('data: no\n\n'));
  assert.deepEqual(said, ['ok']);
});

test('many lines of data are one event, and bounded as one', () => {
  const lines = encoder.encode('data: 1234\n'.repeat(10));
  assert.equal(heard([lines, encoder.encode('\n')], 100).length, 1);
  assert.throws(() => heard([lines], 99), { code: 'event_too_long' });
});

test('a handler that throws harms nobody', () => {
  const errors = /** @type {any[]} */ ([]);
  const before = globalThis.reportError;
  globalThis.reportError = (error) => errors.push(error);
  try {
    /** @type {string[]} */
    const said = [];
    const fail = () => {
      throw new Error('no');
    };
    const stream = new EventStream({
      onEvent(_, data) {
        said.push(data);
        fail();
      },
      onId: fail,
      onRetry: fail,
      onComment: fail,
    });
    stream.push(encoder.encode(':\nretry: 1\nid: 1\n\ndata: a\n\ndata: b\n\ndata: '));
    stream.push(encoder.encode('c\n\n'));
    assert.deepEqual([said, errors.length], [['a', 'b', 'c'], 6]);
    // More than one scan tells.
    stream.push(encoder.encode('data: d\n\n'.repeat(1_500)));
    assert.deepEqual([said.length, errors.length], [1_503, 1_506]);
    const last = new EventStream({
      onEvent() {
        last.end();
        fail();
      },
    });
    last.push(encoder.encode('data: e\n\ndata: f\n\n'));
    assert.equal(errors.length, 1_507);
  } finally {
    globalThis.reportError = before;
  }
});

test('what a handler pushes comes after what is under way', () => {
  /** @type {string[]} */
  const said = [];
  const scratch = encoder.encode('data: y\n\n');
  /** @type {any} */
  const stream = new EventStream({
    onEvent(_, data) {
      said.push(data);
      if (data !== 'a') return;
      stream.push(scratch);
      scratch.fill(0);
      stream.push(encoder.encode('data: z\n\n'));
    },
  });
  stream.push(encoder.encode('data: a\n\ndata: b\n\n'));
  assert.deepEqual(said, ['a', 'b', 'y', 'z']);
});

test('nothing comes after the end, wherever it is called', () => {
  /** @type {string[]} */
  const said = [];
  /** @type {any} */
  const stream = new EventStream({
    onEvent(_, data) {
      said.push(data);
      stream.push(encoder.encode('data: c\n\n'));
      stream.end();
      stream.end();
    },
  });
  stream.push(encoder.encode('data: a\n\ndata: b\n\n'));
  stream.push(encoder.encode('data: d\n\n'));
  assert.deepEqual(said, ['a']);
});

test('a memory that grows meanwhile is followed', () => {
  /** @type {string[]} */
  const said = [];
  const stream = new EventStream({
    onEvent(_, data) {
      said.push(data);
      growMemory();
    },
  });
  stream.push(encoder.encode('data: a\n\ndata: b\n\n'));
  growMemory();
  stream.push(encoder.encode('data: c\n\n'));
  assert.deepEqual(said, ['a', 'b', 'c']);
});
