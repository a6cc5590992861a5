// @ts-check
// Owns the events that wait for a frame in a flood, their order, and which of them are left out; must not know when events
// wait, or how they are delivered. `core/backlog_model.rs` is this in Rust.

import { report } from './everwire_error.js';

/** What may be left out of a type's events. @typedef {{ key?: string | ((event: any) => unknown), droppable?: boolean }} Rule */
/** @typedef {{ value: any, bytes: number }} Waiting */

/** In milliseconds: where frames stand still although the page is not hidden, which browsers do to frames out of sight. */
const LATE = 250;

export class Backlog {
  /** @param {(value: any) => void} deliver */
  constructor(deliver) {
    this.deliver = deliver;
    /** By type. @type {Map<string, Rule>} */
    this.rules = new Map();
    /** Oldest first; of those that have a key, only the newest. @type {Map<unknown, Waiting>} */
    this.events = new Map();
    /** The keys of those that may be dropped. @type {Set<unknown>} */
    this.droppable = new Set();
    this.bytes = 0;
    this.armed = false;
    this.serve(this.rules);
    this.program(0, 0, 0, 0);
  }

  /** @param {Map<string, Rule>} rules */
  serve(rules) {
    this.rules = rules;
    this.clear();
    this.dropped = 0;
    this.conflated = 0;
  }

  clear() {
    this.events.clear();
    this.droppable.clear();
    this.bytes = 0;
  }

  /** @param {number} slice @param {number} mark @param {number} most @param {number} mostBytes */
  program(slice, mark, most, mostBytes) {
    this.slice = slice;
    this.mark = mark;
    this.most = most;
    this.mostBytes = mostBytes;
    if (slice === 0) this.flush();
  }

  /** @param {any} value @param {number} bytes */
  add(value, bytes) {
    const waiting = { value, bytes };
    const rule = this.rules.get(value?.type);
    const key = (rule && keyOf(rule, value)) ?? waiting;
    if (this.take(key)) this.conflated++;
    this.events.set(key, waiting);
    this.bytes += bytes;
    if (rule?.droppable) this.droppable.add(key);
    if (this.events.size > this.mark) {
      for (const oldest of this.droppable) {
        this.take(oldest);
        this.dropped++;
        break;
      }
    }
    this.drain(() => this.events.size <= this.most && this.bytes <= this.mostBytes);
    this.arm();
  }

  /** Takes out what waits under a key, if anything does. @param {unknown} key */
  take(key) {
    const waiting = this.events.get(key);
    if (waiting === undefined) return false;
    this.events.delete(key);
    this.droppable.delete(key);
    this.bytes -= waiting.bytes;
    return true;
  }

  /** @param {() => boolean} isEnough */
  drain(isEnough) {
    // What a handler adds is met by the same walk, and what it takes is not.
    for (const [key, { value }] of this.events) {
      if (isEnough()) break;
      this.take(key);
      this.deliver(value);
    }
  }

  flush() {
    this.drain(() => false);
  }

  /** Sees to it that there is a next frame. */
  arm() {
    if (this.armed || this.events.size === 0) return;
    this.armed = true;
    const { requestAnimationFrame, cancelAnimationFrame } = globalThis;
    const run = () => {
      clearTimeout(timer);
      cancelAnimationFrame?.(frame);
      this.armed = false;
      const end = performance.now() + this.slice;
      this.drain(() => performance.now() >= end);
      this.arm();
    };
    // Neither a worker of every browser nor Node draws frames.
    const frame = requestAnimationFrame?.(run);
    const timer = setTimeout(run, requestAnimationFrame ? LATE : 16);
  }
}

/** @param {Rule} rule @param {any} event */
function keyOf({ key }, event) {
  try {
    const value = typeof key === 'string' ? event[key] : key?.(event);
    return value === undefined ? undefined : JSON.stringify([event.type, value]);
  } catch (error) {
    report(error);
    return undefined;
  }
}
