// @ts-check
// Owns where randomness comes from; must not know what it is for.

/** @param {number} count */
const words = (count) => [...crypto.getRandomValues(new Uint32Array(count))];

/** 128 bits that nobody can guess, in hexadecimal. */
export const identity = () => words(4).map((word) => word.toString(16).padStart(8, '0')).join('');

/** A whole number of 53 random bits. */
export function seed() {
  const [high = 0, low = 0] = words(2);
  return (high >>> 11) * 2 ** 32 + low;
}
