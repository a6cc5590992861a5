// @ts-check
// Owns what a person reads of a run; must not know how a check is made.

/** @typedef {import('./check.mjs').Result} Result */
/** @typedef {import('./check.mjs').Ending} Ending */

/** @type {Record<Ending, { mark: string, words: string, colour: number }>} */
const endings = {
  passed: { mark: '+', words: 'has it', colour: 32 },
  failed: { mark: '!', words: 'WRONG', colour: 31 },
  'not offered': { mark: '-', words: 'does not have it', colour: 90 },
  'not seen': { mark: '?', words: 'not seen', colour: 33 },
  'not checked': { mark: '?', words: 'not checked', colour: 33 },
};

/**
 * @param {string} url
 * @param {Result[]} results
 * @param {boolean} [isColoured]
 */
export function report(url, results, isColoured = false) {
  const paint = (/** @type {number} */ colour, /** @type {string} */ text) => (isColoured ? `\u001b[${colour}m${text}\u001b[0m` : text);
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = [`${url} and PROTOCOL.md, version 1`];
  for (const feature of new Set(results.map((result) => result.feature))) {
    lines.push('', paint(1, feature));
    for (const { name, requires, section, ending, detail } of results.filter((result) => result.feature === feature)) {
      const { mark, words, colour } = endings[ending];
      lines.push(`  ${paint(colour, mark)} ${name.padEnd(width)}  ${paint(colour, words)}`);
      if (ending === 'failed') lines.push(`      ${requires} (${section})`);
      for (const line of ending === 'passed' ? [] : detail) lines.push(`      ${line}`);
    }
  }
  const count = (/** @type {Ending} */ ending) => results.filter((result) => result.ending === ending).length;
  lines.push('', ...summary(results));
  for (const ending of /** @type {const} */ (['not seen', 'not checked'])) {
    const names = results.filter((result) => result.ending === ending).map(({ name }) => name);
    if (names.length > 0) lines.push(`${names.length} ${ending}: ${names.join(', ')}`);
  }
  lines.push(`${count('passed')} passed, ${count('failed')} failed, ${count('not offered')} not offered`);
  return lines.join('\n');
}

/**
 * The features, each in one of the lines: one wrong check makes a feature wrong, and one that passed is enough to have it.
 *
 * @param {Result[]} results
 */
function summary(results) {
  /** @type {[string, (endings: Ending[]) => boolean][]} */
  const kinds = [
    ['wrong', (endings) => endings.includes('failed')],
    ['has', (endings) => endings.includes('passed')],
    ['not known', (endings) => endings.some((ending) => ending === 'not seen' || ending === 'not checked')],
    ['does not have', () => true],
  ];
  const features = [...new Set(results.map(({ feature }) => feature))].map((feature) => {
    const endings = results.filter((result) => result.feature === feature).map(({ ending }) => ending);
    return { feature, kind: kinds.find(([, fits]) => fits(endings))?.[0] };
  });
  return ['has', 'wrong', 'does not have', 'not known'].flatMap((kind) => {
    const names = features.filter((feature) => feature.kind === kind).map(({ feature }) => feature);
    return names.length === 0 ? [] : [`${kind}: ${names.join(', ')}`];
  });
}
