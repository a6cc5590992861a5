// @ts-check
// Owns a wait that a machine or a page that stands still does not use up; must not know what is waited for.

/** A timer that is overdue runs before what came meanwhile. Of several in a row a standstill ends one. */
const PARTS = 5;

/**
 * Calls when so much time has passed for the page. Returns what calls it off.
 *
 * @param {number} ms
 * @param {() => void} act
 */
export function lapse(ms, act) {
  let left = PARTS;
  const next = () => setTimeout(() => (--left > 0 ? (timer = next()) : act()), ms / PARTS);
  let timer = next();
  return () => clearTimeout(timer);
}
