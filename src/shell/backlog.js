// @ts-check
// Owns what handlers have of a frame's time in a flood, the events that wait for the next one, their order, and which of
// them are left out; must not know when there is a flood, or how events are delivered. `core/backlog_model.rs` is this in
// Rust, `core/flood.rs` says why so many.

/**
 * What may be left out, of an event: it has a key by which a newer one stands for it, or may be dropped.
 * @typedef {(event: any) => { key?: string | undefined, droppable?: boolean | undefined } | undefined} Flow
 */
/** @typedef {{ value: any, bytes: number }} Waiting */

/** In milliseconds: where frames stand still although the page is not hidden, as they do in a frame out of sight. */
const LATE = 250;
/** In events: of how many one frame's time is taken, and how many a frame may have that is not timed. */
const SAMPLE = 128;
const LONG = 32;

export class Backlog {
  slice = 0;
  mark = 1_000;
  most = 10_000;
  mostBytes = 8 << 20;
  dropped = 0;
  conflated = 0;
  bytes = 0;
  /** What handlers have left of this frame, in milliseconds: while nothing waits, events go straight to them. */
  left = Infinity;
  /** What they took so far, of events that went straight. */
  busy = 0;
  /** When the socket's frame came that is being read, and how many of its events went straight since it was timed. */
  from = 0;
  straight = 0;
  untimed = 0;
  armed = false;
  /** @type {Flow | undefined} */
  flow = undefined;
  /** Oldest first; of those that have a key, only the newest. @type {Map<unknown, Waiting>} */
  events = new Map();
  /** The keys of those that may be dropped. @type {Set<unknown>} */
  droppable = new Set();

  /** @param {(value: any) => void} deliver */
  constructor(deliver) {
    this.deliver = deliver;
  }

  /** @param {number} slice */
  program(slice) {
    if (slice === this.slice) return;
    this.slice = slice;
    if (slice === 0) this.drain(() => false);
    this.left = slice || Infinity;
  }

  /** Whether an event may go straight to its handlers, where `left` says that there was time. */
  hasTime() {
    if (++this.straight > LONG) {
      this.straight = 1;
      if (performance.now() - this.from > this.left) this.left = 0;
    }
    return this.left > 0;
  }

  /**
   * A frame of the socket's is read. Asking for the time costs as much as an event, so one frame stands for others that are
   * short, and a long one is timed from within.
   *
   * @param {number} events
   * @returns {number} for how many frames of its length its time counts; 0 if it is not taken
   */
  begin(events) {
    this.straight = 0;
    this.untimed += events;
    const share = this.untimed / events;
    if (events <= LONG && this.untimed < SAMPLE) return 0;
    this.untimed = 0;
    this.from = performance.now();
    return share;
  }

  /** Its events are delivered, or wait. @param {number} share */
  spend(share) {
    const took = share * (performance.now() - this.from);
    this.busy += took;
    this.left -= took;
    if (this.slice > 0) this.arm();
  }

  /** @param {any} value @param {number} bytes */
  add(value, bytes) {
    const waiting = { value, bytes };
    const rule = this.flow?.(value);
    const key = rule?.key ?? waiting;
    if (this.take(key)) this.conflated++;
    this.events.set(key, waiting);
    this.bytes += bytes;
    // What comes now comes after it.
    this.left = 0;
    if (rule?.droppable) this.droppable.add(key);
    if (this.events.size > this.mark) {
      const [oldest] = this.droppable;
      if (this.take(oldest)) this.dropped++;
    }
    this.drain(() => this.events.size <= this.most && this.bytes <= this.mostBytes);
    this.arm();
  }

  /** Takes out what waits under a key, if anything does. @param {unknown} key */
  take(key) {
    const waiting = this.events.get(key);
    if (waiting === undefined) return false;
    this.bytes -= waiting.bytes;
    this.droppable.delete(key);
    return this.events.delete(key);
  }

  /** @param {() => boolean} isEnough */
  drain(isEnough) {
    // What a handler brings about is met by the same walk.
    for (const [key, { value }] of this.events) {
      if (isEnough()) break;
      this.take(key);
      this.deliver(value);
    }
  }

  clear() {
    for (const key of this.events.keys()) this.take(key);
  }

  /** Sees to it that there is a next frame. */
  arm() {
    if (this.armed) return;
    this.armed = true;
    // Neither Node nor a worker of every browser draws frames.
    const { requestAnimationFrame, cancelAnimationFrame } = /** @type {Partial<typeof globalThis>} */ (globalThis);
    const run = () => {
      clearTimeout(timer);
      cancelAnimationFrame?.(frame);
      this.armed = false;
      const end = performance.now() + this.slice;
      this.drain(() => performance.now() >= end);
      if (this.events.size > 0) this.arm();
      else if (this.slice > 0) this.left = end - performance.now();
    };
    // What a page has put in the place of the browser's function may call back at once.
    let frame = 0;
    const timer = setTimeout(run, requestAnimationFrame ? LATE : 16);
    frame = requestAnimationFrame?.(run) ?? 0;
  }
}
