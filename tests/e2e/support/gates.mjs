// @ts-check
// Owns DAGs in which each decision of a person is one message that can be told from all others; must not know who decides.
//
// A gate is decided once: a decision that is applied is one numbered event of the log, with the gate's name, and one that
// would be applied a second time is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * `count` gates `<prefix>1`, `<prefix>2`, …, of which `open` wait from the start: each decided one opens the one `open`
 * places later, so decisions that come in another order than that are refused.
 *
 * @typedef {{ count: number, open?: number }} Gates
 */

/** A decision. @param {string} node */
export const decision = (node) => ({ type: 'human_decision', node_id: node, decision: 'approve' });

/**
 * Writes the DAGs into a folder of their own.
 *
 * @param {import('node:test').TestContext} t
 * @param {Record<string, Record<string, Gates>>} dags each DAG's gates by prefix
 */
export function writeGates(t, dags) {
  const folder = mkdtempSync(join(tmpdir(), 'everwire-gates-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [id, gates] of Object.entries(dags)) {
    const nodes = Object.entries(gates).flatMap(([prefix, { count, open = count }]) =>
      Array.from({ length: count }, (_, index) => ({
        id: `${prefix}${index + 1}`,
        title: `${prefix}${index + 1}`,
        ...(index >= open && { deps: [`${prefix}${index + 1 - open}`] }),
        gate: { description: 'Go on?', expires: 86_400 },
      })),
    );
    writeFileSync(join(folder, `${id}.json`), JSON.stringify({ id, title: id, description: 'Gates.', budget: 1_000, nodes }));
  }
  return folder;
}
