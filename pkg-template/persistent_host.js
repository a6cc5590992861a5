// @ts-check
// Owns when a client takes an identity and its stored messages over, and lets go of them; must not know how they are
// stored, or what the core decides of them.

import { identity } from './chance.js';
import { EverwireError, report } from './everwire_error.js';
import * as fact from './facts.js';
import { OutboxStore } from './outbox_store.js';
import { Entry, nameOf, OutboxWriter, promised, within } from './outbox_writer.js';
import { Receipts } from './receipts.js';
import { Sender } from './sender.js';
import { warning } from './status.js';
import { placeOf, Tenancy } from './tenancy.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {typeof import('./host.js').Host} HostClass */
/** @typedef {import('./outbox_store.js').Message} Message */
/** @typedef {import('./outbox_store.js').Page} Page */
/** @typedef {import('./receipts.js').Outcome} Outcome */
/** An identity that is held, and what is stored under it. @typedef {{ release: () => void, box: OutboxWriter }} Claim */
/** @typedef {import('./outbox_writer.js').Bounds & { user: string, name: string, database: string, onSettled: ((end: { event: any, outcome: Outcome }) => void) | undefined }} Choices */

/** Of the core's `PageEvent::ALL`. */
const PAGE_HIDE = 6;
/** Place of `hello` in the wire's list. */
const HELLO = fact.RESERVED + 2;
/** Of the wire's limits for a name. */
const MOST_EPOCH = 128;
/** An outbox is waited for as long as this, and not longer. */
const CLAIM_MS = 3_000;
/** Of messages that wait for the outbox to be claimed; those beyond go before what it holds. */
const MOST_HELD = 1_000;
/** As bits of a message: those of what is sent by a later page, and of what there is no use in keeping back. */
const HIGH = 1;
const ACK = 4;
const AT_ONCE = 2 + 8;

const ENDED = 'the message ended before it was stored';
const ERRAND = Symbol('errand');
const TAKEN = Object.freeze({ fate: 'unknown', confirmed: false, code: 'taken_over', message: 'another page goes on with it' });

/**
 * A class of hosts with an outbox.
 *
 * @param {HostClass} Base
 * @param {Choices} choices
 */
export function persistent(Base, choices) {
  return class PersistentHost extends Base {
    begin() {
      if (this.options.protocol === 'raw') {
        throw new EverwireError('invalid_option', 'option "persist": not with protocol "raw", where nobody acknowledges');
      }
      super.begin();
      // All of it is made here: the first fact is told before a constructor of this class could run.
      // What is being sent to a client that was closed makes it begin.
      /** @type {number} */
      const persisting = /** @type {any} */ (this).more?.persisting ?? 0;
      /** @type {Tenancy} */
      this.more = new Tenancy(this.options[ERRAND], persisting, this.writer(null, { client: this.client, place: '', user: '', life: 0, made: 0 }));
      this.receipts.end = (id, outcome, data) => Receipts.prototype.end.call(this.receipts, id, this.ended(id, outcome), data);
      this.sender.send = (event, options) => this.send(event, options);
    }

    get own() {
      return /** @type {Tenancy} */ (this.more);
    }

    /** @param {OutboxStore | null} store @param {Page} page */
    writer(store, page) {
      return new OutboxWriter(store, page, choices, (why, cause) => {
        this.warn(warning('not_persisted', why));
        return new EverwireError('not_persisted', why, false, cause);
      });
    }

    /** An application's function that throws must not take what is being stored with it. @param {any} what */
    warn(what) {
      try {
        super.warn(what);
      } catch (error) {
        report(error);
      }
    }

    // ------------------------------------------------------------------------------------------------- what is sent

    /** @param {any} event @param {any} options */
    send(event, options) {
      const { persist = false, ...others } = options ?? {};
      if (typeof persist !== 'boolean') throw new EverwireError('invalid_option', 'option "persist": false or true');
      const { sender } = this;
      if (!persist) return Sender.prototype.send.call(sender, event, options && others);
      // This message alone: the application may send others before this returns.
      const commit = (/** @type {Parameters<Sender['commit']>} */ ...what) => {
        this.own.persisting = what[0];
        sender.commit(...what);
      };
      const receipt = Sender.prototype.send.call(Object.create(sender, { commit: { value: commit } }), event, { ...others, ack: true });
      // It ended before it was accepted.
      if (!('stored' in receipt)) promised(receipt).end(new EverwireError('not_persisted', ENDED));
      return receipt;
    }

    /** @param {number} kind @param {any[]} rest */
    tell(kind, ...rest) {
      if (kind !== fact.SEND) {
        super.tell(kind, ...rest);
        if (kind === fact.PAGE && rest[0] === PAGE_HIDE) this.letGo();
        return;
      }
      const [id, , flags, ttl] = rest;
      const stored = id === this.own.persisting ? promised(this.receipts.open.get(id)) : undefined;
      const sent = performance.now();
      let told = false;
      const act = () => {
        if (told) return;
        told = true;
        // Aborted meanwhile.
        if (!this.receipts.open.has(id)) return stored?.end(new EverwireError('not_persisted', ENDED));
        // Its time goes by while it is held.
        if (ttl !== undefined) rest[3] = Math.max(0, Math.ceil(ttl - (performance.now() - sent)));
        if (stored) this.store(stored, ...rest);
        super.tell(kind, ...rest);
      };
      if (this.own.held === undefined || flags & AT_ONCE) return act();
      if (ttl < CLAIM_MS) setTimeout(act, ttl);
      if (this.own.held.push(act) >= MOST_HELD) this.releaseHeld();
    }

    /** @param {import('./outbox_writer.js').Stored} stored @param {any[]} message */
    store(stored, ...[id, bytes, flags, ttl]) {
      if (this.own.closed) stored.end(new EverwireError('not_persisted', 'close() was called before'));
      else this.own.box.accept(id, this.receipts.textOf(id) ?? '', bytes, flags, ttl, stored);
    }

    releaseHeld() {
      const { held = [] } = this.own;
      this.own.held = undefined;
      for (const act of held) act();
    }

    /** @param {[generation: number, text: any, n: number, again: boolean, joined: boolean, receipt: number]} what */
    transmit(...what) {
      const [generation, , n, again, , receipt] = what;
      const entry = this.own.box.entries.get(receipt);
      this.own.box.number(entry, n, again, this.own.hello);
      this.own.box.queue({ generation, entry, plain: n === 0, go: () => super.transmit(...what) });
    }

    /** @param {number} generation */
    abandon(generation) {
      this.own.box.leave(generation);
      super.abandon(generation);
    }

    /** @param {number} kind @param {any} value @param {number} generation @param {number} bytes */
    hear(kind, value, generation, bytes) {
      // What the core does not take is not stored with every message either.
      if (kind === HELLO && generation === this.plane.generation && !this.plane.envelope) {
        const { epoch = null, keep = null } = value;
        const isEpoch = epoch === null || (typeof epoch === 'string' && epoch.length <= MOST_EPOCH);
        if (isEpoch && (keep === null || typeof keep === 'number')) this.own.hello = { epoch, keep };
      }
      super.hear(kind, value, generation, bytes);
    }

    /**
     * The end of a message, as this page tells it.
     *
     * @param {number} id
     * @param {Outcome} outcome
     */
    ended(id, outcome) {
      const entry = this.own.box.entries.get(id);
      if (this.own.leaving) {
        this.own.box.end(id, true);
        return TAKEN;
      }
      if (entry === undefined) return outcome;
      // What close() ends, a later page goes on with; and what an earlier one stored, another has room for. A server may
      // refuse a message that was sent with any code.
      const restored = entry.stored === null;
      const { code, fate } = outcome;
      const stays = fate === 'rejected' ? restored && code === 'queue_full' && entry.message.n === 0 : code === 'closed';
      this.own.box.end(id, stays);
      if (restored && !stays) tellEnd(entry.message, outcome);
      if (this.own.errand && this.own.box.entries.size === 0) void Promise.resolve().then(() => this.close({ drain: 0 }));
      return outcome;
    }

    // ------------------------------------------------------------------------------------------------ the identity

    /** The providers are asked when the identity is known. @param {number} call */
    resolve(call) {
      this.own.hidden = false;
      if (this.own.release !== undefined) return super.resolve(call);
      const { core } = this;
      this.own.claiming ??= this.claim().finally(() => {
        this.own.claiming = undefined;
      });
      void this.own.claiming.then(() => core === this.core && core !== undefined && super.resolve(call));
    }

    /** Never rejects. */
    async claim() {
      const { core, own } = this;
      const { box, fresh, errand } = own;
      let late = false;
      const claimed = fresh ? this.first(() => late || core !== this.core) : this.again();
      try {
        const claim = await within(CLAIM_MS, claimed);
        if (core !== this.core || own.closed) return claim.release();
        this.hold(claim);
      } catch (cause) {
        late = true;
        // An outbox that comes late holds what is sent from then on.
        void claimed.then((claim) => (fresh && !errand && own === this.more && own.release === null ? this.hold(claim) : claim.release()), () => {});
        if (core !== this.core) return;
        own.release = null;
        // Nothing is left to do under that identity.
        if (errand) return this.close({ drain: 0 });
        if (fresh) {
          this.warn(warning('not_persisted', `there is no outbox here (${nameOf(cause)}); messages are sent, and lost with the page`));
        } else {
          this.takeNew(box.store);
        }
      }
      own.fresh = false;
      this.releaseHeld();
      if (own.hidden) this.letGo();
    }

    /** @param {Claim} claim */
    hold({ release, box }) {
      Object.assign(this.own, { release, box });
      if (!this.own.errand && !this.own.hidden) void this.runErrands().catch(() => {});
    }

    /**
     * An earlier page's identity, with what it left; else this page's, which is all that can be had late.
     *
     * @param {() => boolean} isLate
     * @returns {Promise<Claim>}
     */
    async first(isLate) {
      const { client } = this;
      const { errand } = this.own;
      const place = placeOf(this.url, choices.name);
      const store = await OutboxStore.open(choices.database);
      for (const orphan of await store.orphans(place, choices.user)) {
        if (isLate()) break;
        if (errand && orphan.client !== errand.client) continue;
        const release = await store.lock(orphan.client);
        if (release === null) continue;
        const found = await orRelease(release, store.adopt(orphan.client));
        if (found && !isLate()) {
          this.restore(store, found.page, found.messages);
          this.own.box.lastId = Math.max(this.own.box.lastId, found.lastId);
          return { release, box: this.own.box };
        }
        release();
      }
      const release = await store.lock(client);
      if (release === null) throw new Error('taken');
      if (errand && !isLate()) void Promise.resolve().then(() => this.close({ drain: 0 }));
      return { release, box: this.writer(store, { client, place, user: choices.user, life: 0, made: Date.now() }) };
    }

    /**
     * @param {OutboxStore} store
     * @param {Page} page
     * @param {Message[]} messages
     */
    restore(store, page, messages) {
      const now = Date.now();
      this.client = page.client;
      this.own.box = this.writer(store, page);
      this.own.box.known = true;
      const sent = messages.filter(({ n }) => n > 0).sort((one, other) => one.n - other.n);
      // The one sent first: if the server remembers that, it remembers the others.
      const first = sent.map((message) => message.sent).sort((one, other) => (one?.at ?? 0) - (other?.at ?? 0))[0];
      super.tell(fact.ADOPT, page.life, Math.max(0, now - (first?.at ?? now)), 0, first?.hello ?? {});
      for (const message of [...sent, ...messages.filter(({ n }) => n === 0)]) {
        const id = ++this.receipts.last;
        const { text, n, again, bytes, flags, until } = message;
        this.own.box.add(id, new Entry(message, null));
        if (until <= now) {
          this.own.box.end(id, false);
          const fate = n > 0 ? 'unknown' : 'expired';
          tellEnd(message, { fate, confirmed: false, code: 'expired', message: 'its time, or the option age, was over before a page went on with it' });
          continue;
        }
        this.receipts.add(id, text);
        if (n > 0) super.tell(fact.RESTORE, id, n, 2 * bytes + +again, until - now);
        else super.tell(fact.SEND, id, bytes, (flags & HIGH) | ACK, until - now);
      }
      if (this.own.errand && this.own.box.entries.size === 0) void Promise.resolve().then(() => this.close({ drain: 0 }));
    }

    /** The identity that this page has let go of, unless another one has gone on with it. @returns {Promise<Claim>} */
    async again() {
      const { box } = this.own;
      const { store, page } = box;
      if (store === null) throw new Error('nothing is stored here');
      await box.flush();
      const release = await store.lock(page.client);
      if (release && (await orRelease(release, store.isAsLeft(page, box.known)))) return { release, box };
      release?.();
      throw new Error('taken');
    }

    /** Another page goes on with what this one stored; this one begins anew. @param {OutboxStore | null} store */
    takeNew(store) {
      if (store === null) return;
      this.own.leaving = true;
      for (const id of [...this.own.box.entries.keys()]) super.tell(fact.ABORT, id);
      this.client = identity();
      this.own.box = this.writer(store, { ...this.own.box.page, client: this.client, life: 0, made: Date.now() });
      super.tell(fact.ADOPT, 0, 0, 0, {});
      this.own.leaving = false;
      const { own } = this;
      void store.lock(this.client).then((release) => void (own.release = release), () => {});
    }

    /** What other pages left is settled under their identities, one after another. */
    async runErrands() {
      const { store, page } = this.own.box;
      if (store === null) return;
      for (const orphan of await store.orphans(page.place, page.user)) {
        if (this.own.closed || orphan.client === page.client) continue;
        await new Promise((done) => {
          const errand = { client: orphan.client, done: () => done(undefined) };
          this.own.helper = new PersistentHost(this.makeCore, this.url, { ...this.options, [ERRAND]: errand });
        });
      }
      await store.sweep(Date.now());
    }

    /** The identity is anybody's, once what has changed is written. */
    letGo() {
      const { release, box } = this.own;
      this.own.hidden = true;
      if (release === undefined) return;
      this.own.release = undefined;
      void box.flush().then(() => release?.());
    }

    /** @param {any} options */
    close(options) {
      // What was sent before is closed with the rest.
      this.releaseHeld();
      super.close(options);
      this.own.closed = true;
      this.own.helper?.close({ drain: 0 });
    }

    rest() {
      super.rest();
      this.letGo();
      this.own.errand?.done();
    }

    awake() {
      const wasClosed = this.core === undefined;
      super.awake();
      if (wasClosed) {
        this.own.closed = true;
        this.own.held = undefined;
      }
    }

    retry() {
      this.awake();
      this.own.closed = false;
      if (this.own.fresh) this.own.held ??= [];
      super.retry();
    }
  };

  /** @param {Message} message @param {Outcome} outcome */
  function tellEnd({ text }, outcome) {
    try {
      choices.onSettled?.({ event: JSON.parse(text), outcome });
    } catch (error) {
      report(error);
    }
  }
}

/**
 * Nothing is held for what cannot be read.
 *
 * @template T @param {() => void} release @param {Promise<T>} read @returns {Promise<T>}
 */
function orRelease(release, read) {
  read.catch(release);
  return read;
}
