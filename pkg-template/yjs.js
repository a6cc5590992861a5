// @ts-check
// Owns the binding of a Yjs document to a connection: what is asked, answered and told, and what is known of it. Must not
// know how a connection is kept: it is a client's, with a protocol of its own.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import { applyUpdate, decodeUpdate, encodeStateAsUpdate, encodeStateVector, mergeUpdates } from 'yjs';
import { EverwireError, report } from './everwire_error.js';
import { connect } from './index.js';
import { ANSWER, ASK, ASK_AWARENESS, AWARENESS, DENIED, UPDATE, frame, isAnswer, read } from './yjs_frames.js';
import { checkHeartbeat, readOptions } from './yjs_options.js';

/** Local changes are asked after once nothing was changed for so long, and at the latest after; in milliseconds. */
const QUIET = 1_000;
const LATEST = 10_000;
/** How long what this page kept is waited for, in milliseconds: where it cannot be read, y-indexeddb never says so. */
const PATIENCE = 10_000;
/** Updates that wait as they are; more are merged. */
const WAITING = 100;

/** A question on its way: how many of the local changes its answer proves. @typedef {{ covers: number }} Question */

export class YjsProvider {
  #client;
  #ours;
  #persistence;
  #listeners = new Set();
  /** What is undone at the end. @type {(() => void)[]} */
  #undo = [];
  /** Which connection it is on; 0 for none. */
  #on = 0;
  #ended = false;
  #loaded = false;
  /** What was asked on this connection, and not answered. @type {Question[]} */
  #questions = [];
  /** What the server has, as it last said on this connection. @type {Uint8Array | undefined} */
  #theirs;
  /** Whether this connection was told everything up to when it asked, so that each update goes on from there. */
  #level = false;
  /** Local updates for this connection. @type {Uint8Array[]} */
  #waiting = [];
  #pumping = false;
  /** Local changes so far; of them, those this connection was told, and those the server was proven to have. */
  #changes = 0;
  #told = 0;
  #proven = 0;
  #synced = false;
  /** @type {string | null} */
  #denied = null;
  #complained = false;
  /** When the oldest change that nobody asked after was made. */
  #since = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #snapshot;
  /** @type {(() => void) | undefined} */
  #fulfil;

  /** @param {any} doc @param {any} to @param {any} [options] */
  constructor(doc, to, options = {}) {
    const { awareness, persistence, connection, given } = readOptions(doc, to, options);
    this.doc = doc;
    this.#persistence = persistence;
    this.#changes = doc.store.clients.size > 0 ? 1 : 0;
    this.whenSynced = /** @type {Promise<void>} */ (new Promise((fulfil) => (this.#fulfil = fulfil)));
    this.#snapshot = this.#facts();
    // Before the client's own, which may end the connection: the others are told that nobody looks any more.
    this.#listen('pagehide', () => {
      this.#flush();
      this.#leave();
    });
    this.#listen('pageshow', () => this.#announce());
    this.#ours = !given;
    try {
      this.#client = given ? to : connect(to, { ...connection, protocol: 'raw', heartbeat: this.#heartbeat(connection.heartbeat) });
    } catch (error) {
      for (const undo of this.#undo) undo();
      throw error;
    }
    this.awareness = awareness ?? new Awareness(doc);
    const update = (/** @type {Uint8Array} */ bytes, /** @type {unknown} */ origin) => {
      if (origin !== this) this.#changed(bytes);
    };
    const people = (/** @type {{ added: number[], updated: number[], removed: number[] }} */ { added, updated, removed }) => {
      // Of the others the server knows. That it is wrong of ourselves is said by the same event.
      if ([...added, ...updated, ...removed].includes(this.awareness.clientID)) this.#introduce();
    };
    const end = () => this.destroy();
    doc.on('update', update);
    doc.on('destroy', end);
    this.awareness.on('update', people);
    this.#undo.push(
      () => doc.off('update', update),
      () => doc.off('destroy', end),
      () => this.awareness.off('update', people),
      this.#client.on('message', (/** @type {string | ArrayBuffer} */ data) => void this.#hear(data)),
      this.#client.subscribe(() => this.#look()),
    );
    if (awareness === undefined) this.#undo.push(() => this.awareness.destroy());
    const loaded = () => {
      clearTimeout(patience);
      // What comes after all is a change like others.
      if (this.#loaded) return;
      this.#loaded = true;
      if (this.#on > 0 && !this.#ended) this.#begin();
    };
    const without = (/** @type {unknown} */ error) => {
      report(error);
      loaded();
    };
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let patience;
    if (persistence === undefined) this.#loaded = true;
    else {
      patience = setTimeout(() => without(new EverwireError('timeout', 'what this page kept of the document is not read yet; it goes on without', true)), PATIENCE);
      this.#undo.push(() => clearTimeout(patience));
      persistence.whenSynced.then(loaded, without);
    }
    this.#look();
  }

  get client() {
    return this.#client;
  }

  get persistence() {
    return this.#persistence;
  }

  get synced() {
    return this.#synced;
  }

  get unsaved() {
    return this.#changes > this.#proven;
  }

  snapshot() {
    return this.#snapshot;
  }

  /** @param {any} listener */
  subscribe(listener) {
    if (typeof listener !== 'function') throw new EverwireError('invalid_handler', 'a listener is a function');
    // The same function may listen twice.
    const entry = { listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  destroy() {
    if (this.#ended) return;
    this.#flush();
    this.#leave();
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const undo of this.#undo.splice(0)) undo();
    this.#lose();
    if (this.#ours) this.#client.close();
  }

  /** @param {any} given */
  #heartbeat(given = true) {
    if (given === false) return false;
    checkHeartbeat(given);
    return {
      ...(given === true ? undefined : given),
      ping: () => {
        this.#questions.push({ covers: this.#told });
        return frame(ASK, encodeStateVector(this.doc));
      },
      // What it is true of is not delivered. What answers no ping of ours proves no less.
      isPong: (/** @type {string | ArrayBuffer} */ data) => isAnswer(data) && this.#hear(data),
    };
  }

  /** @param {string} type @param {() => void} act */
  #listen(type, act) {
    // On a server and in workers there is no page.
    if (typeof document === 'undefined') return;
    addEventListener(type, act, true);
    this.#undo.push(() => removeEventListener(type, act, true));
  }

  /** Which connection it is on now. */
  #look() {
    const { state, connects } = this.#client.snapshot();
    const on = state === 'open' && !this.#ended ? connects : 0;
    if (on === this.#on) return;
    if (this.#on > 0) this.#lose();
    this.#on = on;
    if (on > 0 && this.#loaded) this.#begin();
    this.#note();
  }

  #begin() {
    this.#ask();
    // It may have asked while what this page kept was being read.
    if (this.#theirs !== undefined) this.#answer();
    this.#announce();
  }

  /** Nobody is known any more, and what they say when they are back counts, whatever it counted before. */
  #lose() {
    this.#on = 0;
    this.#questions = [];
    this.#theirs = undefined;
    this.#level = false;
    this.#waiting = [];
    this.#told = this.#proven;
    this.#synced = false;
    this.#complained = false;
    const { awareness } = this;
    const others = [...awareness.states.keys()].filter((id) => id !== awareness.clientID);
    removeAwarenessStates(awareness, others, this);
    for (const id of others) awareness.meta.delete(id);
    this.#note();
  }

  /** Whether it was an answer. @param {string | ArrayBuffer} data */
  #hear(data) {
    if (this.#ended) return false;
    this.#look();
    let answered = false;
    try {
      const { kind, body } = read(data);
      if (kind === ASK) {
        this.#theirs = body.slice();
        if (this.#loaded) this.#answer();
      } else if (kind === ANSWER || kind === UPDATE) {
        this.#apply(body);
        answered = kind === ANSWER;
        const question = answered ? this.#questions.shift() : undefined;
        if (question !== undefined) this.#prove(question);
        // It asked before anybody listened, or does not: then it is told everything.
        if (question !== undefined && this.#loaded && this.#theirs === undefined) this.#answer();
      } else if (kind === AWARENESS) {
        applyAwarenessUpdate(this.awareness, body, this);
      } else if (kind === ASK_AWARENESS) {
        this.#introduce();
      } else if (kind === DENIED) {
        this.#denied = new TextDecoder().decode(body);
      }
    } catch (error) {
      // Once is enough: a server that speaks something else does so in every frame.
      if (!this.#complained) report(new EverwireError('malformed_frame', 'a frame is none of the y-sync protocol', false, error));
      this.#complained = true;
    }
    this.#note();
    return answered;
  }

  /** What the application does when it hears of a change may throw; the change is made all the same. @param {Uint8Array} update */
  #apply(update) {
    try {
      applyUpdate(this.doc, update, this);
    } catch (error) {
      decodeUpdate(update);
      report(error);
    }
  }

  /** @param {Question} question */
  #prove({ covers }) {
    this.#proven = Math.max(this.#proven, covers);
    if (!this.#loaded) return;
    this.#synced = true;
    this.#denied = null;
    this.#fulfil?.();
  }

  #ask() {
    const question = { covers: this.#told };
    this.#questions.push(question);
    this.#send(frame(ASK, encodeStateVector(this.doc)), () => {
      this.#questions = this.#questions.filter((other) => other !== question);
    });
  }

  /** Tells the server what it does not have. */
  #answer() {
    this.#waiting = [];
    this.#level = true;
    this.#told = this.#changes;
    this.#send(frame(ANSWER, encodeStateAsUpdate(this.doc, this.#theirs)));
    this.#wonder();
  }

  /** @param {Uint8Array} update */
  #changed(update) {
    this.#changes++;
    if (this.#on > 0 && this.#loaded) {
      this.#waiting.push(update);
      if (this.#waiting.length > WAITING) this.#waiting = [mergeUpdates(this.#waiting)];
      this.#pump();
    }
    this.#note();
  }

  /** Tells what waits, once the connection can take more. */
  #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#client.ready.then(() => {
      this.#pumping = false;
      this.#flush();
    });
  }

  #flush() {
    const [first, ...others] = this.#waiting;
    if (first === undefined || this.#on === 0) return;
    this.#waiting = [];
    if (this.#level) this.#told = this.#changes;
    this.#send(frame(UPDATE, others.length === 0 ? first : mergeUpdates([first, ...others])));
    this.#wonder();
  }

  /** Sees to it that it is known whether the server has what was changed. */
  #wonder() {
    if (this.#on === 0 || this.#told <= this.#proven) return;
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        const asked = this.#questions.some(({ covers }) => covers >= this.#told);
        if (this.#on > 0 && this.#told > this.#proven && !asked) this.#ask();
      },
      Math.max(0, Math.min(QUIET, this.#since + LATEST - now)),
    );
  }

  /** Says once more that we are here. What counts is that it counts higher than when we were lost. */
  #announce() {
    const state = this.awareness.getLocalState();
    if (this.#on > 0 && state !== null) this.awareness.setLocalState(state);
  }

  #introduce() {
    const { awareness } = this;
    if (this.#on > 0 && this.#loaded && awareness.meta.has(awareness.clientID)) this.#send(frame(AWARENESS, encodeAwarenessUpdate(awareness, [awareness.clientID])));
  }

  /** Says that we are not here any more, of what may go on elsewhere in the page. */
  #leave() {
    const { awareness } = this;
    if (this.#on > 0 && awareness.meta.has(awareness.clientID)) this.#send(frame(AWARENESS, encodeAwarenessUpdate(awareness, [awareness.clientID], new Map())));
  }

  /**
   * Now or never: what a connection was not told, it is told by what it asks. Where one takes nothing more for a moment, all
   * of it is told anew, once it does.
   *
   * @param {Uint8Array} bytes @param {() => void} [failed]
   */
  #send(bytes, failed) {
    const on = this.#on;
    const receipt = this.#client.send(bytes, { volatile: true });
    if (receipt.fate === 'sent') return;
    receipt.settled.then(async (/** @type {{ fate: string }} */ { fate }) => {
      if (fate === 'sent') return;
      failed?.();
      if (on !== this.#on || this.#ended) return;
      this.#level = false;
      this.#told = this.#proven;
      await this.#client.ready;
      if (on !== this.#on || this.#level || this.#ended) return;
      this.#begin();
    });
  }

  #facts() {
    return Object.freeze({ synced: this.#synced, unsaved: this.unsaved, denied: this.#denied });
  }

  #note() {
    const { synced, unsaved, denied } = this.#snapshot;
    if (synced === this.#synced && unsaved === this.unsaved && denied === this.#denied) return;
    this.#snapshot = this.#facts();
    for (const { listener } of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        report(error);
      }
    }
  }
}
