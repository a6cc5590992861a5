// @ts-check
// Owns the pointers of a room: one's own on its way out, the others' between two places where they were seen; must not know
// how often anything may be sent, which the pacer says.

import { choicesOf, isWhole, MOST_NAME, refusal } from './entry_options.js';
import { EverwireError, report } from './everwire_error.js';
import { sizeOf } from './outlet.js';
import { Alarm } from './timer.js';

/** @typedef {{ ask(mono: number): number, free(): void }} Pacer */
/** @typedef {{ userId: string, x: number, y: number, node: string | undefined, fromX: number, fromY: number, at: number, span: number }} Track */

/** Of the wire. */
const FAR = 1e6;
/** After a longer pause a pointer is not drawn out over it. */
const LONGEST_SPAN = 200;

/** @type {import('./entry_options.js').Table} */
const OPTIONS = {
  throttle: [50, (value) => isWhole(value, 10, 10_000), 'a whole number from 10 to 10000'],
  smooth: [true, (value) => typeof value === 'boolean', 'false or true'],
};

/** @param {(every: number) => Pacer} makePacer */
export const pointerFrom = (makePacer) =>
  /**
   * @param {any} presence of the url's room
   * @param {any} [options]
   */
  function pointer(presence, options = {}) {
    if (typeof presence?.member !== 'function' || typeof presence.client?.on !== 'function') throw refusal('presence', 'what presence() returned');
    if (presence.room !== undefined) throw refusal('presence', 'of the room of the url, the only one with pointers');
    const { throttle, smooth } = choicesOf('pointer', OPTIONS, options ?? {});
    return new Pointer(presence, makePacer(throttle), throttle, smooth);
  };

class Pointer {
  /** @param {any} presence @param {Pacer} pacer @param {number} throttle @param {boolean} smooth */
  constructor(presence, pacer, throttle, smooth) {
    this.presence = presence;
    this.pacer = pacer;
    this.throttle = throttle;
    this.smooth = smooth;
    /** Not sent yet. @type {object | undefined} */
    this.next = undefined;
    this.alarm = new Alarm(() => this.flush());
    /** @type {Map<string, Track>} */
    this.tracks = new Map();
    /** @type {Set<(cursors: readonly object[]) => unknown>} */
    this.listeners = new Set();
    this.scheduled = false;
    this.stopped = false;
    this.offs = [
      presence.client.on('cursor', (/** @type {any} */ event) => this.hear(event)),
      presence.on('leave', (/** @type {any} */ { userId }) => this.takeOff(userId)),
      presence.on('update', (/** @type {any} */ { userId, status }) => status === 'offline' && this.takeOff(userId)),
    ];
  }

  /** @param {number} x @param {number} y @param {string} [node] */
  move(x, y, node) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) throw refusal('move', 'two finite numbers');
    if (node !== undefined && (typeof node !== 'string' || sizeOf(node) > MOST_NAME)) throw refusal('node', 'a string of at most 128 bytes');
    this.next = { type: 'cursor', x: near(x), y: near(y), node };
    this.flush();
  }

  /** Sends the newest, when it may go. What could not is no longer true when it could. */
  flush() {
    const { next, presence } = this;
    if (next === undefined || this.stopped || !presence.synced || presence.client.state !== 'open') return;
    const due = this.pacer.ask(performance.now());
    if (due > 0) return this.alarm.set(due);
    this.next = undefined;
    const again = () => {
      this.next ??= next;
      this.alarm.set(performance.now() + this.throttle);
    };
    try {
      const receipt = presence.client.send(next, { volatile: true });
      if (receipt.fate === 'dropped') again();
      else if (receipt.fate === 'pending') void receipt.settled.then((/** @type {any} */ { fate }) => fate === 'dropped' && again());
    } catch (error) {
      report(error);
    }
  }

  /** The others' pointers as they are now, between where they were and where they were seen last. */
  cursors(now = performance.now()) {
    return [...this.tracks.values()].map((track) => {
      const { userId, node } = track;
      return Object.freeze({ userId, ...placeOf(track, now), node });
    });
  }

  /** @param {any} listener */
  subscribe(listener) {
    if (typeof listener !== 'function') throw new EverwireError('invalid_handler', 'a listener is a function');
    const own = (/** @type {readonly object[]} */ cursors) => listener(cursors);
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  stop() {
    if (this.stopped) return;
    this.stopped = true;
    for (const off of this.offs) off();
    this.alarm.set(Infinity);
    this.listeners.clear();
    this.tracks.clear();
    this.pacer.free();
  }

  /** @param {any} event */
  hear({ userId, x, y, node }) {
    const member = this.presence.member(userId);
    // Whose members are bounded, the pointers are.
    if (member === undefined || member.self || !Number.isFinite(x) || !Number.isFinite(y)) return;
    const now = performance.now();
    const before = this.tracks.get(userId);
    // Another node has other coordinates.
    const from = this.smooth && before !== undefined && before.node === node ? placeOf(before, now) : { x, y };
    const span = before === undefined ? 0 : Math.min(Math.max(now - before.at, this.throttle), LONGEST_SPAN);
    this.tracks.set(userId, { userId, x, y, node, fromX: from.x, fromY: from.y, at: now, span });
    this.schedule();
  }

  /** @param {string} userId */
  takeOff(userId) {
    if (this.tracks.delete(userId)) this.schedule();
  }

  /** With the next frame, and every one while anything moves; a page that shows none has one when this task is done. */
  schedule() {
    if (this.scheduled || this.stopped) return;
    this.scheduled = true;
    const draw = () => {
      this.scheduled = false;
      if (this.stopped) return;
      const now = performance.now();
      const cursors = this.cursors(now);
      for (const listener of [...this.listeners]) {
        try {
          listener(cursors);
        } catch (error) {
          report(error);
        }
      }
      if (hasFrames() && [...this.tracks.values()].some(({ at, span }) => now < at + span)) this.schedule();
    };
    if (hasFrames()) requestAnimationFrame(draw);
    else queueMicrotask(draw);
  }
}

const hasFrames = () => globalThis.document?.hidden === false && typeof requestAnimationFrame === 'function';

/** @param {Track} track @param {number} now */
function placeOf({ x, y, fromX, fromY, at, span }, now) {
  const part = span > 0 ? Math.min(Math.max((now - at) / span, 0), 1) : 1;
  return { x: fromX + (x - fromX) * part, y: fromY + (y - fromY) * part };
}

/** As far as the wire goes, and as finely as a screen. @param {number} value */
const near = (value) => Math.round(Math.min(Math.max(value, -FAR), FAR) * 1e4) / 1e4;
