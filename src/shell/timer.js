// @ts-check
// Owns the arming of one timer; must not know what it is for. It may go off before the deadline, which the clock tells.

/** The longest delay that a browser's timer holds; a longer one would go off at once. */
const LONGEST = 2 ** 31 - 1;

/** A timer that is set again only where it must be. */
export class Alarm {
  /** @param {() => void} ring */
  constructor(ring) {
    this.ring = ring;
    /** When it goes off. */
    this.at = Infinity;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /**
   * Sees to it that it rings at `due`, or before; never for `Infinity`.
   *
   * A deadline that moves away is left to the timer already set, which finds nothing due and sets the next: that costs a
   * waking-up now and then, where setting a timer costs more than handling the message that moved it.
   *
   * @param {number} due by `performance.now()`
   */
  set(due) {
    if (due === Infinity) {
      clearTimeout(this.timer);
      this.at = due;
    }
    if (this.at <= due) return;
    clearTimeout(this.timer);
    const now = performance.now();
    // Browsers cut a fraction off, and it would ring too early again and again.
    const delay = Math.min(Math.max(Math.ceil(due - now), 0), LONGEST);
    this.at = now + delay;
    this.timer = setTimeout(() => {
      this.at = Infinity;
      this.ring();
    }, delay);
  }
}
