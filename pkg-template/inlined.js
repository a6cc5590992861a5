// @ts-check
// Owns the way back from the text that inline.mjs made to the bytes of the module; must not know what an
// instruction is.

/**
 * The text is lists of numbers, a character or two each: 90 characters stand for themselves, after `!` for 90
 * more, after a space for 180 more. The first list is the program: which of the other lists to write, one after
 * the other. In those, a number is
 *
 * - below 256 a byte;
 * - 256 a place for the size of what follows, up to the next such place;
 * - above, the list from whose end the next LEB128 number is taken.
 *
 * @param {string} text
 */
export function inlined(text) {
  const lists = text.split('~').map((part) => {
    const numbers = [];
    let more = 0;
    for (let at = 0; at < part.length; at++) {
      // From the `#` on, without the backslash.
      const place = part.charCodeAt(at) - 34;
      if (place < 0) {
        more = -90 * place;
      } else {
        numbers.push(more + place - (place > 58 ? 2 : 1));
        more = 0;
      }
    }
    return numbers;
  });
  /** @type {any[]} */
  const bytes = [];
  let from = 0;
  for (const entry of lists[0] ?? []) {
    for (let number of lists[entry] ?? []) {
      if (number > 256) {
        const list = lists[number - 256];
        do bytes.push((number = /** @type {any} */ (list?.pop())));
        while (number > 127);
      } else if (number > 255) {
        from = bytes.push(0, 0, 0);
      } else {
        bytes.push(number);
      }
    }
    // Always three bytes; the array to return takes the low eight bits. Before the first place, this is nowhere.
    const size = bytes.length - from;
    bytes[from - 3] = size | 128;
    bytes[from - 2] = (size >> 7) | 128;
    bytes[from - 1] = size >> 14;
  }
  return new Uint8Array(bytes);
}
