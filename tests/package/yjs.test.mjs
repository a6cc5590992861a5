// @ts-check
// A Yjs document bound to a connection, frame by frame: the other end is the test.

import 'fake-indexeddb/auto';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexeddbPersistence } from 'y-indexeddb';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { newest, Socket, sockets } from './support/network.mjs';
import { answer, ask, awareness, read, update } from './support/y_sync.mjs';

Object.assign(globalThis, { WebSocket: Socket });
const { connect } = await import('everwire');
const { YjsProvider } = await import('everwire/yjs');

const URL_A = 'wss://a.example/notes';
const NOTHING = Uint8Array.of(0);
const soon = (ms = 5) => new Promise((done) => setTimeout(done, ms));

/** A server's document, and what a provider says to it. */
function far() {
  const doc = new Y.Doc();
  return { doc, text: doc.getText('t') };
}

/**
 * @param {import('node:test').TestContext} t
 * @param {import('everwire/yjs').YjsConnectionOptions} [options]
 * @param {Y.Doc} [doc]
 */
function bind(t, options, doc = new Y.Doc()) {
  const provider = new YjsProvider(doc, URL_A, { backoff: { base: 1, cap: 1 }, ...options });
  t.after(() => {
    provider.destroy();
    doc.destroy();
  });
  const said = () => /** @type {Uint8Array[]} */ (/** @type {unknown[]} */ (newest().sent)).map(read);
  return {
    provider,
    doc,
    text: doc.getText('t'),
    said,
    /** Kinds of what was said on the newest connection. */
    kinds: () => said().map(({ what }) => what),
    receive: (/** @type {ArrayBuffer} */ frame) => newest().receive(/** @type {any} */ (frame)),
    /** Takes what was said, as a server does. @param {Y.Doc} to */
    give(to) {
      for (const { what, body } of said()) if (what === 'answer' || what === 'update') Y.applyUpdate(to, body);
    },
  };
}

test('a connection begins with what we have, and is in sync with the answer to that', async (t) => {
  const { doc: theirs, text: theirText } = far();
  theirText.insert(0, 'there');
  const { provider, text, kinds, receive } = bind(t);
  newest().accept();
  assert.deepEqual(kinds(), ['ask', 'awareness']);
  receive(ask(Y.encodeStateVector(theirs)));
  assert.deepEqual([kinds(), provider.synced], [['ask', 'awareness', 'answer'], false]);
  receive(update(Y.encodeStateAsUpdate(theirs)));
  assert.deepEqual([text.toString(), provider.synced], ['there', false], 'an update is no answer');
  receive(answer(Y.encodeStateAsUpdate(theirs)));
  assert.deepEqual([provider.synced, provider.unsaved], [true, false]);
  await provider.whenSynced;
  newest().drop();
  assert.equal(provider.synced, false);
  await soon(20);
  newest().accept();
  assert.equal(provider.synced, false, 'the other connection knew');
  receive(answer(NOTHING_UPDATE));
  assert.equal(provider.synced, true);
});

const NOTHING_UPDATE = Y.encodeStateAsUpdate(new Y.Doc());

test('what one task changes goes out as one update, and what the server tells does not go back', async (t) => {
  const { doc: theirs } = far();
  const { text, said, give, receive } = bind(t);
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(NOTHING_UPDATE));
  text.insert(0, 'a');
  text.insert(1, 'b');
  text.insert(2, 'c');
  await soon();
  assert.equal(said().filter(({ what }) => what === 'update').length, 1);
  give(theirs);
  assert.equal(theirs.getText('t').toString(), 'abc');
  theirs.getText('t').insert(0, '>');
  receive(update(Y.encodeStateAsUpdate(theirs)));
  await soon();
  assert.deepEqual([text.toString(), said().filter(({ what }) => what === 'update').length], ['>abc', 1]);
});

test('a change is unsaved until an answer to what was asked after it', async (t) => {
  const { provider, text, kinds, receive } = bind(t);
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(NOTHING_UPDATE));
  const seen = /** @type {boolean[]} */ ([]);
  provider.subscribe(() => seen.push(provider.snapshot().unsaved));
  text.insert(0, 'a');
  assert.equal(provider.unsaved, true);
  await soon();
  text.insert(1, 'b');
  const asked = () => kinds().filter((what) => what === 'ask').length;
  assert.equal(asked(), 1);
  for (let time = 0; time < 200 && asked() < 2; time++) await soon(20);
  assert.equal(asked(), 2, 'it asks by itself, once it is quiet');
  text.insert(2, 'c');
  receive(answer(NOTHING_UPDATE));
  assert.equal(provider.unsaved, true, 'that was asked before the last change');
  for (let time = 0; time < 200 && asked() < 3; time++) await soon(20);
  receive(answer(NOTHING_UPDATE));
  assert.deepEqual([provider.unsaved, seen], [false, [true, false]]);
  assert.equal(provider.snapshot(), provider.snapshot());
});

test('what is changed without a connection goes with the next one, and before that it is unsaved', async (t) => {
  const { doc: theirs } = far();
  const { provider, text, give, kinds, receive } = bind(t);
  text.insert(0, 'offline');
  newest().accept();
  assert.ok(provider.unsaved && !kinds().includes('update'));
  receive(ask(NOTHING));
  give(theirs);
  assert.equal(theirs.getText('t').toString(), 'offline');
  receive(answer(NOTHING_UPDATE));
  assert.deepEqual([provider.synced, provider.unsaved], [true, true], 'it was asked before the server was told');
  const asked = () => kinds().filter((what) => what === 'ask').length;
  for (let time = 0; time < 200 && asked() < 2; time++) await soon(20);
  receive(answer(NOTHING_UPDATE));
  assert.equal(provider.unsaved, false);
});

test('what was asked on a connection that was lost proves nothing on the next', async (t) => {
  const { provider, text, kinds, receive } = bind(t);
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(NOTHING_UPDATE));
  text.insert(0, 'a');
  const asked = () => kinds().filter((what) => what === 'ask').length;
  for (let time = 0; time < 200 && asked() < 2; time++) await soon(20);
  newest().drop();
  await soon(20);
  newest().accept();
  receive(answer(NOTHING_UPDATE));
  assert.deepEqual([provider.synced, provider.unsaved], [true, true], 'the update may have been lost with the question');
});

test('an answer that a full connection does not take is given once it takes more', async (t) => {
  const { text, kinds, receive } = bind(t);
  newest().accept();
  receive(answer(NOTHING_UPDATE));
  newest().bufferedAmount = 8 << 20;
  // It is measured when something is sent.
  text.insert(0, 'x'.repeat(2 << 20));
  await soon(50);
  const before = kinds().length;
  receive(ask(NOTHING));
  await soon(50);
  assert.ok(!kinds().slice(before).includes('answer'));
  newest().bufferedAmount = 0;
  const given = () => kinds().slice(before).includes('answer');
  for (let time = 0; time < 200 && !given(); time++) await soon(20);
  assert.ok(given());
});

test('a document that has something already is unsaved', (t) => {
  const { doc } = far();
  doc.getText('t').insert(0, 'x');
  assert.equal(bind(t, {}, doc).provider.unsaved, true);
  assert.equal(bind(t).provider.unsaved, false);
});

test('the heartbeat is a step 1, what others say is no answer to it, and what it brings counts', async (t) => {
  const { doc: theirs } = far();
  const heartbeat = { idle: 100, confirm: 100, timeout: 50, misses: 2 };
  const { provider, text, kinds, receive } = bind(t, { heartbeat });
  newest().accept();
  receive(answer(NOTHING_UPDATE));
  for (let time = 0; time < 50 && kinds().filter((what) => what === 'ask').length < 2; time++) await soon(10);
  theirs.getText('t').insert(0, 'missed');
  receive(answer(Y.encodeStateAsUpdate(theirs)));
  assert.deepEqual([text.toString(), provider.client.snapshot().peer], ['missed', 'simple']);
  const first = newest();
  for (let time = 0; time < 100 && newest() === first; time++) {
    receive(update(NOTHING_UPDATE));
    await soon(10);
  }
  assert.notEqual(newest(), first, 'a server that talks and does not answer is given up');
});

test('who is there is told on every connection, counts higher each time, and nobody is there without one', async (t) => {
  const them = new Awareness(new Y.Doc());
  t.after(() => them.destroy());
  them.setLocalState({ name: 'them' });
  const theirs = () => awareness(encodeAwarenessUpdate(them, [them.clientID]));
  const { provider, said, receive } = bind(t);
  provider.awareness.setLocalState({ name: 'us' });
  newest().accept();
  receive(theirs());
  assert.deepEqual(provider.awareness.getStates().get(them.clientID), { name: 'them' });
  const ours = () => said().filter(({ what }) => what === 'awareness');
  assert.equal(ours().length, 1, 'what is heard is not echoed');
  applyAwarenessUpdate(them, /** @type {any} */ (ours()[0]).body, null);
  const before = them.meta.get(provider.awareness.clientID)?.clock;
  newest().drop();
  assert.deepEqual([...provider.awareness.getStates().keys()], [provider.awareness.clientID]);
  await soon(20);
  newest().accept();
  applyAwarenessUpdate(them, /** @type {any} */ (ours()[0]).body, null);
  assert.ok(Number(them.meta.get(provider.awareness.clientID)?.clock) > Number(before));
  receive(theirs());
  assert.deepEqual(provider.awareness.getStates().get(them.clientID), { name: 'them' }, 'by the same count as before the loss');
});

test('a server that says we are gone is told that we are not', (t) => {
  const { provider, said, receive } = bind(t);
  newest().accept();
  const { awareness: ours } = provider;
  const count = () => said().filter(({ what }) => what === 'awareness').length;
  assert.equal(count(), 1);
  const them = new Awareness(new Y.Doc());
  t.after(() => them.destroy());
  applyAwarenessUpdate(them, encodeAwarenessUpdate(ours, [ours.clientID]), null);
  them.states.delete(ours.clientID);
  them.meta.set(ours.clientID, { clock: 99, lastUpdated: 0 });
  receive(awareness(encodeAwarenessUpdate(them, [ours.clientID])));
  assert.deepEqual([count(), ours.getLocalState()], [2, {}]);
});

test('what this page kept is read before anything is asked; if it cannot be, it goes on without', async (t) => {
  let fulfil = () => {};
  const { provider, text, kinds, receive } = bind(t, { persistence: { whenSynced: new Promise((done) => (fulfil = () => done(null))) } });
  newest().accept();
  receive(ask(NOTHING));
  text.insert(0, 'kept');
  await soon();
  assert.deepEqual([kinds(), provider.unsaved], [[], true]);
  fulfil();
  await soon();
  assert.deepEqual(kinds(), ['ask', 'answer', 'awareness']);

  const errors = /** @type {unknown[]} */ ([]);
  globalThis.reportError = (error) => errors.push(error);
  const other = bind(t, { persistence: { whenSynced: Promise.reject(new Error('no')) } });
  newest().accept();
  await soon();
  assert.deepEqual([other.kinds(), errors.length], [['ask', 'awareness'], 1]);
});

test('edits of a page that ended without a connection are those of the next one', async (t) => {
  const first = new Y.Doc();
  const kept = new IndexeddbPersistence('notes', first);
  const page = bind(t, { persistence: kept }, first);
  await kept.whenSynced;
  page.text.insert(0, 'offline');
  await soon(50);
  page.provider.destroy();
  await kept.destroy();

  const second = new Y.Doc();
  const again = new IndexeddbPersistence('notes', second);
  t.after(() => again.destroy());
  const { doc: theirs } = far();
  const { give, receive, provider } = bind(t, { persistence: again }, second);
  newest().accept();
  await again.whenSynced;
  await soon(50);
  receive(ask(NOTHING));
  give(theirs);
  assert.deepEqual([theirs.getText('t').toString(), provider.unsaved], ['offline', true]);
});

test('what this page kept and cannot be read holds nothing up for longer than ten seconds', async (t) => {
  const errors = /** @type {any[]} */ ([]);
  globalThis.reportError = (error) => errors.push(error);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const doc = new Y.Doc();
  let fulfil = () => {};
  const { text, said, receive } = bind(t, { heartbeat: false, persistence: { whenSynced: new Promise((done) => (fulfil = () => done(null))) } }, doc);
  newest().accept();
  receive(ask(NOTHING));
  t.mock.timers.tick(9_000);
  assert.equal(said().length, 0);
  t.mock.timers.tick(1_000);
  assert.deepEqual([said().map(({ what }) => what), errors.map(({ code }) => code)], [['ask', 'answer', 'awareness'], ['timeout']]);
  text.insert(0, 'late');
  fulfil();
  for (let turn = 0; turn < 20; turn++) await null;
  assert.deepEqual(said().slice(3).map(({ what }) => what), ['update'], 'what comes after all is a change like others');
});

test('a client that was asked before there was a provider tells everything', (t) => {
  const { doc: theirs } = far();
  const client = connect(URL_A, { protocol: 'raw' });
  t.after(() => client.close({ drain: 0 }));
  newest().accept();
  newest().receive(/** @type {any} */ (ask(NOTHING)));
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'before');
  const provider = new YjsProvider(doc, client);
  t.after(() => doc.destroy());
  newest().receive(/** @type {any} */ (answer(NOTHING_UPDATE)));
  for (const { what, body } of /** @type {any[]} */ (newest().sent).map(read)) if (what === 'answer' || what === 'update') Y.applyUpdate(theirs, body);
  assert.deepEqual([theirs.getText('t').toString(), provider.synced], ['before', true]);
});

test('what was changed just before the end is told', (t) => {
  const { doc: theirs } = far();
  const { provider, text, give, receive } = bind(t);
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(NOTHING_UPDATE));
  text.insert(0, 'last words');
  provider.destroy();
  give(theirs);
  assert.equal(theirs.getText('t').toString(), 'last words');
});

test('an application that throws when it hears of a change changes nothing of that', (t) => {
  const errors = /** @type {any[]} */ ([]);
  globalThis.reportError = (error) => errors.push(error);
  const { doc: theirs, text: theirText } = far();
  theirText.insert(0, 'there');
  const { provider, text, receive } = bind(t);
  text.observe(() => {
    throw new Error('the application');
  });
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(Y.encodeStateAsUpdate(theirs)));
  assert.deepEqual([text.toString(), provider.synced, errors.map(({ message }) => message)], ['there', true, ['the application']]);
});

test('destroy says goodbye, lets go of the document, and closes only what it opened', async (t) => {
  const own = bind(t);
  newest().accept();
  const socket = newest();
  own.provider.destroy();
  own.provider.destroy();
  assert.deepEqual([own.kinds(), own.provider.client.state !== 'open'], [['ask', 'awareness', 'awareness'], true]);
  assert.match(new TextDecoder().decode(own.said().at(-1)?.body), /null$/);
  own.text.insert(0, 'x');
  await soon();
  assert.equal(socket.sent.length, 3);

  const client = connect(URL_A, { protocol: 'raw' });
  t.after(() => client.close({ drain: 0 }));
  newest().accept();
  const doc = new Y.Doc();
  const provider = new YjsProvider(doc, client);
  assert.deepEqual(/** @type {any[]} */ (newest().sent).map(read).map(({ what }) => what), ['ask', 'awareness'], 'it is open already');
  newest().receive(/** @type {any} */ (answer(NOTHING_UPDATE)));
  assert.equal(provider.synced, true);
  doc.destroy();
  assert.deepEqual([client.state, provider.synced], ['open', false]);
});

test('a connection that takes no more for a moment is told everything once it does', async (t) => {
  const { doc: theirs } = far();
  const { provider, text, kinds, give, receive } = bind(t, { heartbeat: { idle: 100, confirm: 100 } });
  newest().accept();
  receive(ask(NOTHING));
  receive(answer(NOTHING_UPDATE));
  const socket = newest();
  socket.bufferedAmount = 8 << 20;
  for (let time = 0; time < 20; time++) {
    text.insert(0, 'x'.repeat(100_000));
    await soon(10);
  }
  const during = kinds().filter((what) => what === 'update').length;
  assert.ok(during < 20, `${during} updates`);
  assert.equal(provider.unsaved, true);
  socket.bufferedAmount = 0;
  for (let time = 0; time < 300 && theirs.getText('t').length < 2_000_000; time++) {
    await soon(20);
    give(theirs);
  }
  assert.equal(theirs.getText('t').length, text.length);
});

test('frames that make no sense are reported once, and nothing is lost', (t) => {
  const errors = /** @type {any[]} */ ([]);
  globalThis.reportError = (error) => errors.push(error);
  const { provider, text, receive } = bind(t);
  newest().accept();
  text.insert(0, 'mine');
  for (const bytes of [[], [0], [0, 3, 0], [0, 1, 5, 1], [0, 2, 2, 255, 255], [1, 1, 9], [255, 255, 255, 255, 255, 255, 255, 255, 255]]) receive(Uint8Array.from(bytes).buffer);
  newest().receive('a text');
  receive(Uint8Array.of(7, 1, 2).buffer);
  assert.deepEqual(errors.map(({ code }) => code), ['malformed_frame']);
  receive(Uint8Array.of(2, 0, 2, 110, 111).buffer);
  assert.equal(provider.snapshot().denied, 'no');
  receive(answer(NOTHING_UPDATE));
  assert.deepEqual([provider.synced, provider.snapshot().denied, text.toString()], [true, null, 'mine']);
});

test('what makes no sense is refused before anything is connected', (t) => {
  const count = sockets.length;
  const doc = new Y.Doc();
  t.after(() => doc.destroy());
  const client = /** @type {any} */ ({ snapshot() {} });
  for (const [wrong, to, options] of /** @type {any[]} */ ([
    [{}, URL_A],
    [doc, URL_A, 7],
    [doc, URL_A, { awareness: {} }],
    [doc, URL_A, { persistence: {} }],
    [doc, URL_A, { protocol: 'raw' }],
    [doc, URL_A, { heartbeat: { ping: 'x' } }],
    [doc, URL_A, { heartbeat: 5 }],
    [doc, URL_A, { validate: () => {} }],
    [doc, URL_A, { backof: {} }],
    [doc, client, { backoff: {} }],
  ])) {
    assert.throws(() => new YjsProvider(wrong, to, options), { code: 'invalid_option' });
  }
  assert.equal(sockets.length, count);
  const other = connect(URL_A);
  t.after(() => other.close({ drain: 0 }));
  assert.throws(() => new YjsProvider(doc, /** @type {any} */ (other)), { code: 'invalid_option' });
  const { provider } = bind(t);
  assert.throws(() => provider.subscribe(/** @type {any} */ (7)), { code: 'invalid_handler' });
});
