// @ts-check
// Owns the numbers of a channel's actors; must not know what an actor did. A number means the same actor until nothing in
// the channel means it any more.

export class CausalNames {
  /** @param {number} most */
  constructor(most) {
    this.most = most;
    /** @type {Map<string, number>} */
    this.numbers = new Map();
    /** By number. @type {string[]} */
    this.names = [];
    /** Numbers that nobody has any more. @type {number[]} */
    this.free = [];
  }

  /**
   * Sees to it that all `names` have numbers; false where there are too many of them.
   *
   * @param {Iterable<string>} names
   * @param {() => ArrayLike<number>} used the numbers that mean something, each followed by what does not matter
   */
  add(names, used) {
    const others = [...names].filter((name) => !this.numbers.has(name));
    if (this.numbers.size + others.length > this.most) this.sweep(new Set(names), used());
    if (this.numbers.size + others.length > this.most) return false;
    for (const name of others) {
      const number = this.free.pop() ?? this.names.length;
      this.names[number] = name;
      this.numbers.set(name, number);
    }
    return true;
  }

  /** @param {Set<string>} wanted @param {ArrayLike<number>} used */
  sweep(wanted, used) {
    const inUse = new Set();
    for (let place = 0; place < used.length; place += 2) inUse.add(used[place]);
    for (const [name, number] of this.numbers) {
      if (inUse.has(number) || wanted.has(name)) continue;
      this.numbers.delete(name);
      this.free.push(number);
    }
  }

  /** @param {string} name */
  numberOf(name) {
    return /** @type {number} */ (this.numbers.get(name));
  }

  /** @param {number | undefined} number */
  nameOf(number) {
    return this.names[/** @type {number} */ (number)] ?? '';
  }

  /** Actors and counts by turns, as numbers. @param {ReadonlyMap<string, number>} counts */
  numbered(counts) {
    return Float64Array.from([...counts].flatMap(([name, count]) => [this.numberOf(name), count]));
  }

  /** The same back: by names, in their order. @param {ArrayLike<number>} flat */
  named(flat) {
    /** @type {[string, number][]} */
    const entries = [];
    for (let place = 0; place < flat.length; place += 2) entries.push([this.nameOf(flat[place]), flat[place + 1] ?? 0]);
    return entries.sort(([one], [other]) => (one < other ? -1 : 1)).flat();
  }
}
