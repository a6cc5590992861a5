// @ts-check
// Runs a command beside a Redis of its own on a free port, which keeps nothing on disk, and ends it with the command.
//
//     node tools/with-redis.mjs COMMAND [ARG ...]
//
// The command finds the address in EVERWIRE_TEST_REDIS.

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, freePort } from './ports.mjs';

const port = await freePort();
const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--databases', '1000'];
const redis = spawn('redis-server', options, { stdio: ['ignore', 'ignore', 'inherit'] });
redis.once('error', (error) => fail(`redis-server: ${error.message}`));
for (let tries = 0; !(await answers(port)); tries += 1) {
  if (tries === 100) fail('redis-server does not answer');
  await sleep(50);
}

const [command = '', ...args] = process.argv.slice(2);
const env = { ...process.env, EVERWIRE_TEST_REDIS: `redis://127.0.0.1:${port}` };
const child = spawn(command, args, { stdio: 'inherit', env });
child.once('error', (error) => fail(`${command}: ${error.message}`));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => child.kill(signal));
child.once('exit', (code) => {
  redis.kill();
  process.exitCode = code ?? 1;
});

/** @param {string} why */
function fail(why) {
  console.error(why);
  redis.kill();
  process.exit(1);
}
