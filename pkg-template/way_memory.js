// @ts-check
// Owns what is stored of places where WebSockets are blocked; must not know what follows. It holds hosts and paths, no
// queries, and is read as what anybody may have written.

const KEY = 'everwire/fallback';
/** Places at most. Those that end first make room. */
const MOST = 16;
const LONGEST = 8_192;

/** @typedef {[until: number, network: number]} Memory by the wall clock */

/** @returns {[place: string, memory: Memory][]} */
function all() {
  try {
    const text = globalThis.localStorage.getItem(KEY) ?? '';
    const found = text.length <= LONGEST ? JSON.parse(text) : {};
    return Object.entries(found).filter(([, memory]) => Array.isArray(memory) && memory.length === 2 && memory.every(Number.isInteger));
  } catch {
    // There is no storage, or nothing that makes sense.
    return [];
  }
}

/** @param {string} place @returns {Memory} zeros for none */
export const recall = (place) => all().find(([name]) => name === place)?.[1] ?? [0, 0];

/** @param {string} place @param {number} until 0: nothing is to be remembered @param {number} network */
export function remember(place, until, network) {
  const before = all();
  const now = Date.now();
  const others = before.filter(([name, memory]) => name !== place && memory[0] > now);
  if (until <= now && others.length === before.length) return;
  const kept = until > now ? [...others, /** @type {[string, Memory]} */ ([place, [until, network]])] : others;
  kept.sort(([, one], [, other]) => other[0] - one[0]);
  try {
    globalThis.localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(kept.slice(0, MOST))));
  } catch {
    // It is full, or not for this page: then it is found out again.
  }
}
