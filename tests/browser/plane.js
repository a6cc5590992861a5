// @ts-check
// The shell's data plane as the test of its model holds it: what becomes of each element, one letter for each.

import { DataPlane } from '../../src/shell/data_plane.js';

export class PlaneUnderTest {
  constructor() {
    this.letters = '';
    const note = (/** @type {string} */ letter) => (/** @type {any} */ value) => void (this.letters += `${letter}${value?.n ?? ''} `);
    const asked = note('a');
    this.plane = new DataPlane((_, value) => asked(value));
    /** Of a spot and of a star the newest of a `k` stands for others, a spark and a star may be dropped. @param {any} event */
    const flow = (event) => ({
      key: ['spot', 'star'].includes(event?.type) && event.k ? `${event.type} ${event.k}` : undefined,
      droppable: ['spark', 'star'].includes(event?.type),
    });
    Object.assign(this.plane.backlog, { flow, mark: 3, most: 7, mostBytes: 350 });
    // As `pong` is: a type of the protocol.
    this.plane.reserve(['ping', 'pong']);
    this.plane.on('*', note('d'));
  }

  /**
   * @param {boolean} pass @param {number} generation @param {number} nextSeq @param {number} credit
   * @param {boolean} envelope @param {boolean} batch @param {boolean} trackTs
   * @param {number} slice
   * @returns what was delivered because nothing waits any more
   */
  registers(pass, generation, nextSeq, credit, envelope, batch, trackTs, slice) {
    this.letters = '';
    this.plane.program(pass, generation, nextSeq, credit, envelope, batch, 1_024, trackTs, false, slice);
    // A frame has time for what the test draws, and for nothing beside it.
    if (slice > 0) this.plane.backlog.left = 0;
    return this.letters;
  }

  /** A frame is drawn, in which handlers have time for so many events. @param {number} count */
  draw(count) {
    this.letters = '';
    this.plane.backlog.drain(() => count-- === 0);
    return this.letters;
  }

  /**
   * What became of the elements of a frame, each by its `n`: `d` delivered, `a` the core was asked.
   *
   * @param {number} generation
   * @param {string} data
   */
  take(generation, data) {
    this.letters = '';
    this.plane.listener(generation)(/** @type {any} */ ({ data, timeStamp: 5 }));
    return this.letters;
  }

  /** The registers that it writes, as text. */
  written() {
    const { nextSeq, credit, greatestTs, backlog } = this.plane;
    return `${nextSeq} ${credit} ${greatestTs} ${backlog.events.size} ${backlog.bytes} ${backlog.dropped} ${backlog.conflated}`;
  }
}
