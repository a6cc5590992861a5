// @ts-check
// The shell's data plane as the test of its model holds it: what becomes of each element, one letter for each.

import { DataPlane } from '../../src/shell/data_plane.js';

export class PlaneUnderTest {
  constructor() {
    this.letters = '';
    this.plane = new DataPlane(() => void (this.letters += 'a'));
    // As `pong` is: a type of the protocol.
    this.plane.reserve(['ping', 'pong']);
    this.plane.on('*', () => void (this.letters += 'd'));
  }

  /**
   * @param {boolean} pass @param {number} generation @param {number} nextSeq @param {number} credit
   * @param {boolean} envelope @param {boolean} batch @param {boolean} trackTs
   */
  registers(pass, generation, nextSeq, credit, envelope, batch, trackTs) {
    this.plane.program(pass, generation, nextSeq, credit, envelope, batch, 1_024, trackTs, false);
  }

  /**
   * What became of the elements of a frame: `d` delivered, `a` the core was asked.
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
    return `${this.plane.nextSeq} ${this.plane.credit} ${this.plane.greatestTs}`;
  }
}
