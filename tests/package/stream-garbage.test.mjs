// @ts-check
// Streams that nobody holds, and those that were many.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { forget, newest, settled } from './support/stream_network.mjs';

/** The memories of the modules that were instantiated. @type {WebAssembly.Memory[]} */
const memories = [];
const { Instance } = WebAssembly;
Object.assign(WebAssembly, {
  Instance: class extends Instance {
    /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} [imports] */
    constructor(module, imports) {
      super(module, imports);
      for (const each of Object.values(this.exports)) if (each instanceof WebAssembly.Memory) memories.push(each);
    }
  },
});
const { stream } = await import('everwire/stream');

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

/** Collects, and lets the finalizers run, which are tasks of their own. */
async function collect() {
  for (let round = 0; round < 5; round++) {
    gc();
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** @param {(client: import('everwire/stream').Stream) => unknown} end */
async function live(end) {
  const client = stream('https://a.example/');
  client.on('message', () => client.state);
  client.subscribe(() => client.snapshot());
  await settled();
  await newest().accept();
  await newest().send('id: 1\ndata: {"a":1}\n\ndata: not comp');
  await end(client);
  forget();
  return new WeakRef(client);
}

for (const [how, end] of /** @type {[string, (client: any) => unknown][]} */ ([
  ['was closed', (client) => client.close()],
  ['told its end', () => newest().send('lete\n\nevent: completed\ndata: x\n\n')],
])) {
  test(`a stream that ${how} and that nobody holds is collected, though its handlers mention it`, async () => {
    const remains = await live(end);
    await collect();
    assert.equal(remains.deref(), undefined);
  });
}

test('a stream that nobody holds goes on delivering', async () => {
  let heard = 0;
  (() => stream('https://a.example/').on('message', () => heard++))();
  await settled();
  await newest().accept();
  await collect();
  await newest().send('data: a\n\n');
  assert.equal(heard, 1);
  await newest().send('data: [DONE]\n\n');
});

test('streams that were closed leave nothing in the memory of the module', async () => {
  for (let n = 0; n < 10; n++) await live((client) => client.close());
  const before = memories.map(({ buffer }) => buffer.byteLength);
  assert.equal(before.length, 1);
  for (let n = 0; n < 100; n++) await live((client) => client.close());
  assert.deepEqual(memories.map(({ buffer }) => buffer.byteLength), before);
});
