// @ts-check
// Owns what the application sees of a room: frozen members, arrays that stay the same until something changed, and who is
// told, once for all that happened in a frame; must not know why anybody is shown.

import { EverwireError, report } from './everwire_error.js';

/** @typedef {{ readonly userId: string, readonly state: any, readonly status: string, readonly lastSeen: number | null, readonly self: boolean }} Member */
/** @typedef {'join' | 'update' | 'leave'} Change */
/** @typedef {(member: any) => unknown} Handler */

const CHANGES = ['join', 'update', 'leave'];
/** A frame is waited for as long as this. */
const FRAME_MS = 250;

const NONE = new Set();

export class View {
  /** @param {() => Member} me */
  constructor(me) {
    this.makeMe = me;
    /** The others, by slot, in the order in which they came. @type {Map<number, Member>} */
    this.shown = new Map();
    /** As the listeners were last told. @type {Map<number, Member>} */
    this.told = new Map();
    /** Slots that may differ since. @type {Set<number>} */
    this.changed = new Set();
    /** @type {Member | undefined} */
    this.self = undefined;
    /** @type {Member | undefined} */
    this.toldSelf = undefined;
    /** @type {readonly Member[] | undefined} */
    this.all = undefined;
    /** @type {readonly Member[] | undefined} */
    this.rest = undefined;
    /** @type {Set<() => unknown>} */
    this.listeners = new Set();
    /** @type {Map<string, Set<() => unknown>>} */
    this.byId = new Map();
    /** @type {Map<string, Set<Handler>>} */
    this.handlers = new Map(CHANGES.map((change) => [change, new Set()]));
    this.scheduled = false;
    /** @type {number | undefined} */
    this.frame = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  me() {
    return (this.self ??= this.makeMe());
  }

  /** Oneself has changed. */
  renew() {
    this.self = undefined;
    this.all = undefined;
    this.schedule();
  }

  /** @param {number} slot @param {Member} member */
  show(slot, member) {
    this.shown.set(slot, member);
    this.touch(slot);
  }

  /** @param {number} slot */
  takeOff(slot) {
    if (this.shown.delete(slot)) this.touch(slot);
  }

  /** @param {number} slot */
  touch(slot) {
    this.changed.add(slot);
    this.all = this.rest = undefined;
    this.schedule();
  }

  others() {
    return (this.rest ??= Object.freeze([...this.shown.values()]));
  }

  members() {
    return (this.all ??= Object.freeze([this.me(), ...this.shown.values()]));
  }

  /**
   * @param {any} first a listener, or the id of a member
   * @param {any} [second] then the listener
   */
  subscribe(first, second) {
    const [id, listener] = typeof first === 'string' ? [first, second] : [undefined, first];
    if (typeof listener !== 'function') throw invalid('a listener is a function');
    // Of its own, so that the same function may be given twice.
    const own = () => listener();
    if (id === undefined) return add(this.listeners, own);
    const { byId } = this;
    // What it is known to be now: one's own id may turn out to be another before anybody was told of any.
    this.toldSelf ??= this.me();
    const those = byId.get(id) ?? new Set();
    byId.set(id, those);
    const off = add(those, own);
    return () => {
      off();
      if (those.size === 0 && byId.get(id) === those) byId.delete(id);
    };
  }

  /** @param {any} change @param {any} handler */
  on(change, handler) {
    const those = this.handlers.get(change);
    if (those === undefined) throw invalid(`there are ${CHANGES.join(', ')}`);
    if (typeof handler !== 'function') throw invalid('a handler is a function');
    return add(those, (/** @type {Member} */ member) => handler(member));
  }

  /** The listeners are told with the next frame; on a page that shows none, when this task is done. */
  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    if (globalThis.document?.hidden === false && typeof requestAnimationFrame === 'function') {
      this.frame = requestAnimationFrame(() => this.flush());
      // Frames of a page that is not hidden may be kept back all the same: those of a frame out of sight are.
      this.timer = setTimeout(() => this.flush(), FRAME_MS);
    } else {
      queueMicrotask(() => this.flush());
    }
  }

  /** What happened meanwhile is told, as far as it is still so. */
  flush() {
    if (!this.scheduled) return;
    this.scheduled = false;
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    clearTimeout(this.timer);
    /** Only what anybody asked for: there may be thousands. @type {[those: Set<Handler>, member: Member][]} */
    const news = [];
    /** @type {Set<string>} */
    const ids = new Set();
    const note = (/** @type {Change} */ change, /** @type {Member} */ member) => {
      const those = this.handlers.get(change);
      if (those !== undefined && those.size > 0) news.push([those, member]);
      if (this.byId.has(member.userId)) ids.add(member.userId);
    };
    for (const slot of this.changed) {
      const before = this.told.get(slot);
      const now = this.shown.get(slot);
      if (before === now) continue;
      // A slot that is somebody else's meanwhile.
      const same = before?.userId === now?.userId;
      if (before !== undefined && !same) note('leave', before);
      if (now !== undefined) note(same ? 'update' : 'join', now);
      if (now === undefined) this.told.delete(slot);
      else this.told.set(slot, now);
    }
    this.changed.clear();
    const me = this.me();
    if (me !== this.toldSelf) {
      ids.add(me.userId);
      if (this.toldSelf) ids.add(this.toldSelf.userId);
    }
    this.toldSelf = me;
    for (const [those, member] of news) tell(those, member);
    for (const id of ids) tell(this.byId.get(id) ?? NONE);
    tell(this.listeners);
  }

  /** Nobody is told any more. */
  clear() {
    this.listeners.clear();
    this.byId.clear();
    for (const those of this.handlers.values()) those.clear();
    this.flush();
  }
}

/** @param {Set<Handler>} those @param {Member} [member] */
function tell(those, member) {
  for (const each of [...those]) {
    // One of those before may have taken it off.
    if (!those.has(each)) continue;
    try {
      each(member);
    } catch (error) {
      report(error);
    }
  }
}

/** @template T @param {Set<T>} those @param {T} one */
function add(those, one) {
  those.add(one);
  return () => void those.delete(one);
}

/** @param {string} message */
const invalid = (message) => new EverwireError('invalid_handler', message);
