// @ts-check
// Owns the reading of `Retry-After` (RFC 9110 §10.2.3): seconds, or a date; must not know what follows.

/**
 * In milliseconds: how long, or when by the wall clock; not a number where it says neither.
 *
 * @param {Headers} headers
 * @returns {[ms: number, isDate: boolean]}
 */
export function retryAfter(headers) {
  const word = headers.get('retry-after')?.trim() ?? '';
  const isDate = word.endsWith(' GMT');
  return [isDate ? Date.parse(word) : /^\d+$/.test(word) ? +word * 1_000 : NaN, isDate];
}
