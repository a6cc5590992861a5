// @ts-check
// Owns the end of a temporary folder; must not know who wrote to it.

import { rmSync } from 'node:fs';
import { until } from './until.mjs';

/** Removes it, though what a killed process had started may write to it for a moment longer. @param {string} folder */
export async function remove(folder) {
  await until(`${folder} is removed`, () => {
    try {
      rmSync(folder, { recursive: true, force: true });
      return true;
    } catch {
      return false;
    }
  });
}
