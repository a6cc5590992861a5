// @ts-check
// Validators of the Standard Schema: zod's, valibot's, and one written by hand.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import * as v from 'valibot';
import * as z from 'zod';
import { Socket, forget, newest, sockets } from './support/network.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { schemas } = await import('everwire/schemas');

/** @typedef {import('node:test').TestContext} TestContext */

afterEach(forget);

const HELLO = { type: 'hello', v: 1, features: ['batch', 'ack', 'seq'], epoch: 'e', seq: 0, keep: 60_000, limits: { frame: 65_536, inflight: 256 } };

/** Amounts as text become numbers. */
const ofZod = z.strictObject({ type: z.literal('price'), amount: z.string().transform(Number).pipe(z.number()) });
const ofValibot = v.strictObject({ type: v.literal('price'), amount: v.pipe(v.string(), v.transform(Number), v.number('not a number')) });
/** @type {import('everwire/schemas').StandardSchema<{ type: 'price', amount: string }, { type: 'price', amount: number }>} */
const ofHand = {
  '~standard': {
    version: 1,
    vendor: 'hand',
    validate(/** @type {any} */ value) {
      const amount = Number(value.amount);
      const stranger = Object.keys(value).find((name) => !['type', 'amount'].includes(name));
      if (stranger) return { issues: [{ message: `unknown ${stranger}` }] };
      return Number.isNaN(amount) ? { issues: [{ message: 'not a number', path: ['amount'] }] } : { value: { type: 'price', amount } };
    },
  },
};

/** @param {TestContext} t @param {any} validate */
function open(t, validate) {
  /** @type {{ code: string, message: string }[]} */
  const warnings = [];
  /** @type {import('everwire').Options} */
  const options = { validate, onWarning: (warning) => warnings.push(warning) };
  const client = connect('wss://a.example/', options);
  t.after(() => client.close({ drain: 0 }));
  /** @type {any[]} */
  const seen = [];
  client.on('*', (event) => seen.push(event));
  newest().accept();
  return { client, seen, warnings };
}

for (const [name, price] of /** @type {const} */ ([['zod', ofZod], ['valibot', ofValibot], ['hand', ofHand]])) {
  test(`${name}: what passes is delivered as its schema makes it, the protocol's own fields left out`, (t) => {
    const { seen } = open(t, schemas({ in: { price } }));
    newest().deliver(HELLO, { type: 'price', amount: '5', $seq: 1 }, { type: 'other', amount: 'x', $seq: 2 });
    assert.deepEqual(seen, [{ type: 'price', amount: 5 }, { type: 'other', amount: 'x', $seq: 2 }]);
  });

  test(`${name}: what does not pass is counted, told of once, and not delivered`, (t) => {
    const { client, seen, warnings } = open(t, schemas({ in: { price } }));
    const changed = t.mock.fn();
    client.subscribe(changed);
    newest().deliver(HELLO);
    changed.mock.resetCalls();
    newest().deliver({ type: 'price', amount: 'dear', $seq: 1 }, { type: 'price', amount: 'dear', $seq: 2 });
    assert.deepEqual(seen, []);
    assert.equal(client.snapshot().invalid, 2);
    assert.equal(changed.mock.callCount(), 2);
    assert.deepEqual(warnings.map(({ code }) => code), ['invalid_event']);
    assert.match(warnings[0]?.message ?? '', /"price".*amount: /);
    newest().deliver({ type: 'price', amount: '6', $seq: 3 });
    assert.equal(seen.length, 1, 'it was seen, and is no hole');
  });

  test(`${name}: what is sent passes first, or is refused with the issues`, (t) => {
    const { client } = open(t, schemas({ out: { price } }));
    client.send({ type: 'price', amount: '5' });
    client.send({ type: 'other', amount: 'x' });
    assert.deepEqual(newest().messages(), [{ type: 'price', amount: 5 }, { type: 'other', amount: 'x' }]);
    assert.throws(() => client.send({ type: 'price', amount: 'dear' }), { code: 'invalid_event', message: /"price".*amount: / });
    assert.equal(newest().messages().length, 2);
  });
}

test('a critical event that does not pass is acknowledged: it would come again for ever', async (t) => {
  const { seen } = open(t, schemas({ in: { price: ofHand } }));
  newest().deliver(HELLO, { type: 'price', amount: 'dear', $id: 's.1' });
  await Promise.resolve();
  assert.deepEqual(seen, []);
  assert.match(newest().sent.join(), /"ack","id":"s\.1"/);
});

test('what answers with a promise passes nothing, and says which type it is', async (t) => {
  const rejected = t.mock.fn();
  process.on('unhandledRejection', rejected);
  t.after(() => process.off('unhandledRejection', rejected));
  const price = { '~standard': { version: 1, vendor: 'hand', validate: () => Promise.reject(new Error('late')) } };
  const { client, seen, warnings } = open(t, schemas(/** @type {any} */ ({ in: { price }, out: { price } })));
  newest().deliver({ type: 'price' });
  assert.deepEqual(seen, []);
  assert.match(warnings[0]?.message ?? '', /"price".*asynchronous/);
  assert.throws(() => client.send({ type: 'price' }), { code: 'invalid_event', message: /"price".*asynchronous/ });
  await new Promise((done) => setImmediate(done));
  assert.equal(rejected.mock.callCount(), 0);
});

test('a schema that throws harms nobody', (t) => {
  const price = { '~standard': { version: 1, vendor: 'hand', validate() { throw new Error('no'); } } };
  const { client, seen } = open(t, schemas(/** @type {any} */ ({ in: { price }, out: { price } })));
  newest().deliver({ type: 'price' }, { type: 'other' });
  assert.deepEqual(seen, [{ type: 'other' }]);
  assert.throws(() => client.send({ type: 'price' }), { code: 'invalid_event', message: /failed/ });
});

test('an onWarning that throws keeps nothing from anybody', (t) => {
  const report = t.mock.fn();
  Object.assign(globalThis, { reportError: report });
  t.after(() => Reflect.deleteProperty(globalThis, 'reportError'));
  const onWarning = () => {
    throw new Error('mine');
  };
  const validate = /** @type {any} */ (schemas({ in: { price: ofHand } }));
  const client = connect('wss://a.example/', { validate, onWarning });
  t.after(() => client.close({ drain: 0 }));
  const seen = t.mock.fn();
  client.on('tick', seen);
  newest().accept();
  newest().deliver(HELLO);
  newest().receive(JSON.stringify([{ type: 'price', amount: 'dear', $seq: 1 }, { type: 'tick', $seq: 2 }, { type: 'tick', $seq: 3 }]));
  assert.equal(seen.mock.callCount(), 2);
  assert.equal(report.mock.callCount(), 1);
});

test('a client may be closed by what does not pass', (t) => {
  /** @type {any} */
  const stops = { '~standard': { version: 1, vendor: 'hand', validate: () => (client.close({ drain: 0 }), { issues: [] }) } };
  const first = schemas({ in: { price: stops } });
  let client = connect('wss://a.example/', { validate: /** @type {any} */ (first), onWarning: () => {} });
  newest().accept();
  newest().deliver({ type: 'price' });
  assert.equal(client.snapshot().reason?.code, 'closed_by_application', 'by the schema');
  const listener = t.mock.fn(() => client.state);
  const second = schemas({ in: { price: ofHand } });
  client = connect('wss://a.example/', { validate: /** @type {any} */ (second), onWarning: () => client.close({ drain: 0 }) });
  client.subscribe(listener);
  newest().accept();
  newest().deliver({ type: 'price', amount: 'dear' });
  assert.equal(client.snapshot().reason?.code, 'closed_by_application', 'by onWarning');
  assert.deepEqual(listener.mock.calls.at(-1)?.result, 'closed');
});

test('clients with the same schemas are each told', (t) => {
  const validate = schemas({ in: { price: ofHand } });
  const each = [open(t, validate), open(t, validate)];
  for (const socket of sockets) socket.deliver({ type: 'price', amount: 'dear' });
  assert.deepEqual(each.map(({ warnings }) => warnings.length), [1, 1]);
});

test('however many issues there are, the words are few', (t) => {
  const issues = Array.from({ length: 1_000 }, () => ({ message: 'x'.repeat(10_000), path: [{ key: 'a' }, 5] }));
  const price = { '~standard': { version: 1, vendor: 'hand', validate: () => ({ issues }) } };
  const { client } = open(t, schemas(/** @type {any} */ ({ out: { price } })));
  assert.throws(
    () => client.send({ type: 'price' }),
    (/** @type {Error} */ { message }) => message.length < 800 && message.includes('a.5: x') && message.includes('997 more'),
  );
});

test('hostile types are only names', (t) => {
  const { seen } = open(t, schemas({ in: { price: ofHand } }));
  newest().deliver({ type: '__proto__' }, { type: 'constructor' });
  newest().receive('[1]');
  assert.equal(seen.length, 3);
});

test('what is no schema is named', () => {
  const refused = (/** @type {any} */ options, /** @type {RegExp} */ message) =>
    assert.throws(() => schemas(options), { code: 'invalid_option', message });
  refused({ in: { price: {} } }, /"in\.price".*Standard Schema/);
  refused({ out: { price: null } }, /"out\.price"/);
  refused({ in: 5 }, /"in"/);
  refused({ both: {} }, /"both": is not known/);
  refused(5, /"schemas"/);
  assert.throws(() => connect('wss://a.example/', { validate: /** @type {any} */ ({}) }), { code: 'invalid_option', message: /"validate": a function/ });
});
