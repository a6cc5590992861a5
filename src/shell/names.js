// @ts-check
// Owns the numbers that stand for texts of the peer inside the core; must not know what is named.

/** Epochs that are remembered: the core has a handful in use, and a peer may invent as many as it likes. */
const EPOCHS = 64;

export class Names {
  /** @param {number} key 53 bits that no peer knows */
  constructor(key) {
    this.low = key | 0;
    this.high = (key / 2 ** 32) | 0;
    /** @type {Map<string, number>} */
    this.epochs = new Map();
    this.last = 0;
  }

  /**
   * The number of an epoch: the same for the same text.
   *
   * @param {string} text
   */
  epoch(text) {
    const number = this.epochs.get(text) ?? ++this.last;
    // What is in use stays; what was longest not heard of goes.
    this.epochs.delete(text);
    this.epochs.set(text, number);
    if (this.epochs.size > EPOCHS) this.epochs.delete(/** @type {string} */ (this.epochs.keys().next().value));
    return number;
  }

  /** The epoch of a number; nothing for 0. @param {number} number */
  textOf(number) {
    for (const [text, other] of this.epochs) if (other === number) return text;
    return undefined;
  }

  /**
   * 53 bits that stand for an `$id`, never 0: two lanes of multiplying and shifting, begun with the key.
   *
   * @param {string} id
   */
  fingerprint(id) {
    let { low, high } = this;
    for (let at = 0; at < id.length; at++) {
      low = Math.imul(low ^ id.charCodeAt(at), 0x9e3779b1);
      low ^= low >>> 15;
      high = Math.imul(high ^ low, 0x85ebca77);
      high ^= high >>> 13;
    }
    return (high >>> 11) * 2 ** 32 + (low >>> 0) || 1;
  }
}
