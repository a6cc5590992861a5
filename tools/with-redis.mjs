// @ts-check
// Runs a command beside a Redis of its own on a free port, which keeps nothing on disk, and ends it with the command.
//
//     node tools/with-redis.mjs COMMAND [ARG ...]
//
// The command finds the address in EVERWIRE_TEST_REDIS.

import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const port = await freePort();
const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--databases', '1000'];
const redis = spawn('redis-server', options, { stdio: ['ignore', 'ignore', 'inherit'] });
redis.once('error', (error) => fail(`redis-server: ${error.message}`));
for (let tries = 0; !(await answers()); tries += 1) {
  if (tries === 100) fail('redis-server does not answer');
  await sleep(50);
}

const [command = '', ...args] = process.argv.slice(2);
const env = { ...process.env, EVERWIRE_TEST_REDIS: `redis://127.0.0.1:${port}` };
const child = spawn(command, args, { stdio: 'inherit', env });
child.once('error', (error) => fail(`${command}: ${error.message}`));
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

/** @returns {Promise<boolean>} */
function answers() {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
