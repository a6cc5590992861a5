// @ts-check
// Owns the way back from the text that build.mjs made of the wasm module; must not know what the bytes are.

/**
 * The bytes, a character each or two.
 *
 * @param {string} text
 */
export function inlined(text) {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let more = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // From the space on, without the quotation mark and the backslash.
    const place = code - 32 - (code > 34 ? 1 : 0) - (code > 92 ? 1 : 0);
    if (place > 90) {
      more = 91 * (place - 90);
    } else {
      bytes[length++] = more + place;
      more = 0;
    }
  }
  return bytes.subarray(0, length);
}
