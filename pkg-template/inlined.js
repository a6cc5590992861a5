// @ts-check
// Owns the way back from the text that inline.mjs made to the bytes of the module; must not know what an
// instruction is.

/** @typedef {{ text: string, at: number }} List */

/**
 * The text is lists of numbers, mostly a character each: 90 characters stand for 0 to 89, each `!` before adds 90,
 * each space 180. The first list is the program: which of the following lists to write, one
 * after the other. In those, a number is
 *
 * - below 256 a byte, less 88: so that letters take one character;
 * - 256 a place for the size of what follows, up to the next such place;
 * - above, the list, counted from the last, which has the LEB128 number to write next.
 *
 * @param {string} text
 */
export function inlined(text) {
  const lists = text.split('~').map((text) => ({ text, at: 0 }));
  /** @type {(list: any) => number} */
  const next = (list) => {
    // From the `#` on, without the backslash.
    const place = list.text.charCodeAt(list.at++) - 34;
    return place < 0 ? next(list) - 90 * place : place - (place > 58 ? 2 : 1);
  };
  const more = (/** @type {List} */ list) => list.at < list.text.length;

  const bytes = new Uint8Array(text.length * 2);
  let length = 0;
  let from = 0;
  const [program] = /** @type {[List]} */ (lists);
  while (more(program)) {
    const entry = /** @type {List} */ (lists[next(program)]);
    for (entry.at = 0; more(entry); ) {
      const number = next(entry);
      if (number > 256) {
        while ((bytes[length++] = next(lists.at(256 - number))) > 127);
      } else if (number > 255) {
        from = length += 3;
      } else {
        bytes[length++] = number + 88;
      }
    }
    // Always three bytes, of each of which the array takes eight bits. Before the first place, this is nowhere.
    const size = length - from;
    bytes[from - 3] = size | 128;
    bytes[from - 2] = (size >> 7) | 128;
    bytes[from - 1] = size >> 14;
  }
  return bytes.subarray(0, length);
}
