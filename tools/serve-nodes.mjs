// @ts-check
// Starts NODES server processes on one Redis behind nginx, and prints one address last, once it answers. A process that
// dies is started again, so that it may be killed to see what happens. Ends all it started on Ctrl-C.
//
// Redis: REDIS_URL, else one of its own that keeps nothing on disk. What is said on the command line is said to each server.

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, freePort } from './ports.mjs';

const target = resolve(process.env['CARGO_TARGET_DIR'] ?? 'target');
const folder = join(target, 'nodes');
const data = join(folder, 'data');
const count = Number(process.env['NODES'] ?? 3);
const port = Number(process.env['PORT'] ?? 8787);
/** How soon a process that died is started again, in milliseconds. */
const AGAIN = 3_000;

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {Map<string, ChildProcess>} */
const running = new Map();
let stopping = false;

if (!Number.isInteger(count) || count < 2 || count > 16) fail(`NODES is a number from 2 to 16, not ${process.env['NODES']}`);
process.once('SIGINT', stop).once('SIGTERM', stop);

// What is kept in a Redis of our own goes with it, and so do the folders of its runs.
if (!process.env['REDIS_URL']) rmSync(data, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const redis = process.env['REDIS_URL'] || (await startRedis());
/** @type {number[]} */
const ports = [];
for (let node = 1; node <= count; node += 1) ports.push(await freePort());
for (const [index, its] of ports.entries()) startNode(index + 1, its);
startNginx();
await ready();

async function startRedis() {
  const its = await freePort();
  say(`Redis on 127.0.0.1:${its}; it keeps nothing on disk`);
  start('redis', 'redis-server', ['--port', `${its}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: ['ignore', 'ignore', 'inherit'] });
  // A node that finds none ends.
  for (let tries = 0; !stopping && !(await answers(its)); tries += 1) {
    if (tries === 100) fail('redis does not answer');
    await sleep(50);
  }
  return `redis://127.0.0.1:${its}`;
}

/** @param {number} node @param {number} its */
function startNode(node, its) {
  if (stopping) return;
  const name = `node ${node}`;
  const args = ['--port', `${its}`, '--proxy-port', '0', '--behind', `${port}`, '--data', data, ...process.argv.slice(2)];
  const child = start(name, join(target, 'debug/everwire-server'), args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PORT: '', REDIS_URL: redis },
  });
  say(`${name} on 127.0.0.1:${its}: to see it die, kill -9 ${child.pid}`);
  child.once('exit', (code, signal) => {
    if (stopping) return;
    // Not killed: it said why, and would again.
    if (signal === null) return fail(`${name} ended (${code})`);
    say(`${name} ended (${signal}); it is started again in ${AGAIN / 1_000} s`);
    setTimeout(() => startNode(node, its), AGAIN);
  });
}

function startNginx() {
  if (stopping) return;
  const nodes = ports.map((its) => `    server 127.0.0.1:${its} max_fails=1 fail_timeout=1s;`).join('\n');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `  ${what}_temp_path ${join(folder, what)};`);
  const configuration = join(folder, 'nginx.conf');
  // A stream of either kind lasts, is passed on as it comes, and upgrades if it asks to.
  writeFileSync(
    configuration,
    `daemon off;
pid ${join(folder, 'nginx.pid')};
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
${temporary.join('\n')}
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream nodes {
${nodes}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://nodes;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_connect_timeout 1s;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
}
`,
  );
  say(`nginx on 127.0.0.1:${port}, in front of ${count} nodes (${configuration})`);
  start('nginx', 'nginx', ['-p', folder, '-e', 'stderr', '-c', configuration], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // Where Debian has it, which is not everybody's path.
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
}

/**
 * In a process group of its own: a Ctrl-C of the terminal reaches this program alone, which ends the others in order.
 * @param {string} name @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} options
 */
function start(name, program, args, options) {
  const child = spawn(program, args, { ...options, detached: true });
  running.set(name, child);
  child.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
    fail(error.code === 'ENOENT' ? `${name} did not start: ${program} is not installed` : `${name} did not start: ${error.message}`);
  });
  child.once('exit', (code, signal) => {
    if (running.get(name) === child) running.delete(name);
    if (!stopping && !name.startsWith('node ')) fail(`${name} ended (${signal ?? code})`);
  });
  return child;
}

async function ready() {
  const address = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 150 && !stopping; tries += 1) {
    await sleep(100);
    const answers = await Promise.all([port, ...ports].map((its) => fetch(`http://127.0.0.1:${its}/healthz`).then((answer) => answer.ok, () => false)));
    if (!answers.every(Boolean)) continue;
    console.log(`==> Notifications: ${address}/notifications/ · answers, word by word: ${address}/answer/ · together: ${address}/room/`);
    console.log(`==> The demo is at ${address} (Ctrl-C ends it)`);
    return;
  }
  if (!stopping) fail('the nodes do not answer');
}

/** Nodes first: they say goodbye and give their rooms back, for which they need the others. */
async function stop() {
  if (stopping) return;
  stopping = true;
  say('stopping');
  const nodes = [...running.keys()].filter((name) => name.startsWith('node '));
  await Promise.all(nodes.map(end));
  await end('nginx');
  await end('redis');
  process.exit(process.exitCode ?? 0);
}

/** @param {string} name */
async function end(name) {
  const child = running.get(name);
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 6_000);
  await ended;
  clearTimeout(late);
}

/** @param {string} why */
function fail(why) {
  console.error(`==> ${why}`);
  process.exitCode = 1;
  void stop();
}

/** @param {string} what */
function say(what) {
  console.log(`==> ${what}`);
}
