// @ts-check
// Owns what is done to processes that die one after the other, while a client sends; must not know how it is connected.

import { pause, stopwatch } from './until.mjs';

/** @typedef {import('everwire').Client} Client */

/**
 * Pauses a run and resumes it by turns, while one process after the other is killed.
 *
 * @param {Awaited<ReturnType<typeof import('./nodes.mjs').startNodes>>} nodes
 * @param {Client} client
 * @param {number} ms for so long
 * @returns {Promise<{ kills: number, fates: string[], expected: string[] }>} what became of each command, and what is told of them
 */
export async function commandWhileProcessesDie(nodes, client, ms) {
  let over = false;
  /** @type {string[]} */
  const fates = [];
  const commanding = (async () => {
    while (!over || fates.length % 2 === 1) {
      const type = fates.length % 2 === 0 ? 'pause_execution' : 'resume_execution';
      fates.push((await client.send({ type }, { ack: true }).settled).fate);
      await pause(10);
    }
  })();
  let kills = 0;
  for (const watch = stopwatch(); watch() < ms; ) {
    await pause(1_500);
    process.kill(nodes.pid((kills % 3) + 1), 'SIGKILL');
    kills += 1;
    await pause(3_500);
  }
  over = true;
  await commanding;
  return { kills, fates, expected: fates.map((_, index) => (index % 2 === 0 ? 'paused' : 'running')) };
}
