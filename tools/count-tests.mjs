// @ts-check
// Reads from a test runner's output how many tests it ran: cargo test and wasm-bindgen-test, node's
// runner (spec and TAP), Vitest, and the plain closing line that this project's own tools print.

const colours = /\u001b\[[0-9;]*m/g;

/** @param {string} output @returns {{ passed: number, failed: number, skipped: number }} */
export function countTests(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const line of output.replace(colours, '').split(/\r?\n/)) {
    const found = cargo(line) ?? node(line) ?? vitest(line) ?? plain(line);
    if (!found) continue;
    counts.passed += found.passed ?? 0;
    counts.failed += found.failed ?? 0;
    counts.skipped += found.skipped ?? 0;
  }
  return counts;
}

/** @typedef {{ passed?: number, failed?: number, skipped?: number }} Found */

/** @param {string} line @returns {Found | undefined} */
function cargo(line) {
  const found = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
  return found ? { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) } : undefined;
}

/** @param {string} line @returns {Found | undefined} */
function node(line) {
  const found = /^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line.trim());
  if (!found) return undefined;
  const count = Number(found[2]);
  if (found[1] === 'pass') return { passed: count };
  return found[1] === 'skipped' || found[1] === 'todo' ? { skipped: count } : { failed: count };
}

/** @param {string} line @returns {Found | undefined} */
function vitest(line) {
  if (!/^\s*Tests\s+\d+ (?:passed|failed|skipped|todo)\b/.test(line)) return undefined;
  const of = (/** @type {string} */ word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: of('passed'), failed: of('failed'), skipped: of('skipped') + of('todo') };
}

/** @param {string} line @returns {Found | undefined} */
function plain(line) {
  const found = /^(\d+) passed, (\d+) failed$/.exec(line);
  return found ? { passed: Number(found[1]), failed: Number(found[2]) } : undefined;
}
