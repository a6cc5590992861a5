// @ts-check
// `make mutants`: a sample of the mutants that cargo-mutants makes of src/core, against the host's tests of the crate.
//
// SAMPLE  which: `3/9` is every ninth from the fourth on

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A share of the mutants that were built has to be noticed. */
const LEAST_CAUGHT = 0.9;
/** In seconds. A mutant that makes a test go on for ever is noticed too. */
const TIMEOUTS = ['--timeout', '150', '--build-timeout', '600'];

const folder = process.env['CARGO_TARGET_DIR'] ?? 'target';
const sample = ['--shard', process.env['SAMPLE'] || '3/9', '--sharding', 'round-robin'];
const args = ['mutants', '--package', 'everwire', ...sample, ...TIMEOUTS, '--baseline', 'skip', '--output', folder];
const { error } = spawnSync('cargo', args, { stdio: 'inherit' });
if (error) throw error;

/** @type {{ caught: number, timeout: number, missed: number, unviable: number }} */
const { caught, timeout, missed, unviable } = JSON.parse(readFileSync(`${folder}/mutants.out/outcomes.json`, 'utf8'));
const noticed = caught + timeout;
const share = noticed / Math.max(1, noticed + missed);
console.log(readFileSync(`${folder}/mutants.out/missed.txt`, 'utf8'));
console.log(`${noticed} of ${noticed + missed} mutants were noticed (${Math.round(share * 100)} %), ${unviable} could not be built`);
process.exitCode = share >= LEAST_CAUGHT ? 0 : 1;
