// @ts-check
// Runs the suites of suites.mjs one after the other and ends on the line `N passed, N failed`.
//
// A suite that cannot be built, crashes, runs out of time or reports no test counts as one failed.
// ONLY=host,browser runs those suites (a name, or the part of it before a dash).

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { countTests } from './count-tests.mjs';
import { suites } from './suites.mjs';

/** @typedef {import('./suites.mjs').Suite} Suite */
/** @typedef {{ passed: number, failed: number, skipped: number, note: string }} Result */

const started = Date.now();
let stopping = false;

/** @type {{ suite: Suite, result: Result, seconds: number }[]} */
const done = [];
for (const suite of chosen(process.env['ONLY'])) {
  if (stopping) break;
  const from = Date.now();
  const result = await runSuite(suite);
  done.push({ suite, result, seconds: secondsSince(from) });
  print(`\n--- ${suite.name}: ${describe(result)} in ${secondsSince(from)} s`);
}
finish();

/** @param {string | undefined} only */
function chosen(only) {
  const names = only?.split(/[\s,]+/).filter(Boolean) ?? [];
  if (names.length === 0) return suites;
  /** @param {Suite} suite @param {string} name */
  const matches = (suite, name) => suite.name === name || suite.name.startsWith(`${name}-`);
  const unknown = names.filter((name) => !suites.some((suite) => matches(suite, name)));
  if (unknown.length > 0) {
    print(`There is no suite ${unknown.join(', ')}; there are: ${suites.map((suite) => suite.name).join(', ')}`);
    print('0 passed, 1 failed');
    process.exit(2);
  }
  return suites.filter((suite) => names.some((name) => matches(suite, name)));
}

/** @param {Suite} suite @returns {Promise<Result>} */
async function runSuite(suite) {
  print(`\n=== ${suite.name}: ${suite.title} (at most ${suite.minutes} min)\n`);
  const failure = (/** @type {string} */ note) => ({ passed: 0, failed: 1, skipped: 0, note });

  if (suite.needs.length > 0) {
    const made = await run([process.env['MAKE'] ?? 'make', '--silent', ...suite.needs], 30, outsideMake());
    if (made.problem) return failure(`make ${suite.needs.join(' ')}: ${made.problem}`);
  }
  const command = suite.command ?? nodeTest(suite.files ?? '');
  if (command.length === 0) return failure(`no test file in ${suite.files}`);

  const { output, problem } = await run(command, suite.minutes, { ...process.env, ...suite.env });
  const counts = countTests(output);
  if (problem && counts.failed === 0) return { ...counts, failed: 1, note: problem };
  if (counts.passed + counts.failed === 0) return failure('reported no test');
  return { ...counts, note: problem ?? '' };
}

/** @param {string} folder */
function nodeTest(folder) {
  let files;
  try {
    files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  const tests = files.filter((file) => /\.test\.m?js$/.test(file) && !file.includes('node_modules')).sort();
  if (tests.length === 0) return [];
  // One file at a time, whatever the machine has: what is measured in one would be disturbed by the others.
  return ['node', '--test', '--test-concurrency=1', '--test-reporter=spec', ...tests.map((file) => join(folder, file))];
}

/** What a nested make may not inherit: the job server of the one that started us. */
function outsideMake() {
  const env = { ...process.env };
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES']) delete env[name];
  return env;
}

/**
 * Runs a command in a process group of its own, shows and keeps its output, and leaves nothing of the group behind.
 * @param {string[]} command @param {number} minutes @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ output: string, problem?: string }>}
 */
function run(command, minutes, env) {
  return new Promise((resolve) => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env });
    const kill = (/** @type {NodeJS.Signals} */ signal) => {
      try {
        if (child.pid) process.kill(-child.pid, signal);
      } catch {
        // The group has ended by itself.
      }
    };
    const stop = () => {
      stopping = true;
      kill('SIGKILL');
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);

    let output = '';
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      kill('SIGKILL');
    }, minutes * 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
        output += text;
        process.stdout.write(text);
      });
    }
    /** @param {string} [problem] */
    const end = (problem) => {
      clearTimeout(limit);
      process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
      resolve(problem ? { output, problem } : { output });
    };
    child.on('error', (error) => end(`could not start ${program}: ${error.message}`));
    // A browser that a crashed test left behind would hold the pipes open: end the group with its leader.
    child.on('exit', () => setTimeout(() => kill('SIGKILL'), 200));
    child.on('close', (code, signal) => {
      if (stopping) end('interrupted');
      else if (late) end(`ran out of its ${minutes} minutes`);
      else if (code !== 0) end(signal ? `ended by ${signal}` : `exit status ${code}`);
      else end();
    });
  });
}

function finish() {
  const width = Math.max(...suites.map((suite) => suite.name.length));
  print('\n=== all suites\n');
  for (const { suite, result, seconds } of done) {
    print(`${result.failed > 0 ? 'FAIL' : 'ok  '}  ${suite.name.padEnd(width)}  ${seconds} s  ${describe(result)}`);
  }
  const total = (/** @type {'passed' | 'failed'} */ key) => done.reduce((sum, { result }) => sum + result[key], 0);
  const failed = total('failed') + (stopping && total('failed') === 0 ? 1 : 0);
  print(`\nin ${Math.round(secondsSince(started) / 6) / 10} minutes`);
  print(`${total('passed')} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** @param {Result} result */
function describe({ passed, failed, skipped, note }) {
  return [`${passed} ok`, `${failed} not ok`, skipped ? `${skipped} skipped` : '', note].filter(Boolean).join(', ');
}

/** @param {number} from */
function secondsSince(from) {
  return Math.round((Date.now() - from) / 1000);
}

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}
