// @ts-check
// Owns a server process under load and what the system says of it; must not know who loads it.

import { spawn, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** How long it may take to start, in milliseconds. */
const PATIENCE = 20_000;
/** The kernel counts the time of processes in hundredths of a second. */
const TICKS = 100;

/** Room for a stream that is larger than what a socket takes unread. */
const TERMS = 'events=40000,bytes=100000000';

/** Starts one that keeps nothing, for so many connections. @param {number} connections */
export async function startServer(connections) {
  const files = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim().replace('unlimited', '1000000'));
  // This process has as many, and each of both needs some more.
  if (files < connections + 200) throw new Error(`${connections} connections want ${connections + 200} open files, and a process may have ${files}: raise the limit (ulimit -Hn)`);
  const binary = resolve(process.env['CARGO_TARGET_DIR'] ?? 'target', 'debug/everwire-server');
  const args = ['--memory', '--port', '0', '--proxy-port', '0', '--max-connections', String(connections), '--stream-terms', TERMS];
  const script = `ulimit -Sn ${connections + 200} && exec "$0" "$@"`;
  const child = spawn('sh', ['-c', script, binary, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, PORT: '', REDIS_URL: '' } });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-4_000)));
  const port = await new Promise((done, failed) => {
    let printed = '';
    const late = setTimeout(() => failed(new Error('the server does not start')), PATIENCE);
    child.once('error', failed).once('exit', (code) => failed(new Error(`the server ended with ${code}: ${said}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
      const address = /^http:\/\/127\.0\.0\.1:(\d+)\S*\n/m.exec(printed);
      if (address) (clearTimeout(late), done(Number(address[1])));
    });
  });
  const { pid } = child;
  /** @param {string} file */
  const proc = (file) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  const origin = `http://127.0.0.1:${port}`;
  return {
    port: /** @type {number} */ (port),
    origin,
    /** What it holds in memory, in bytes. */
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(proc('status'))?.[1]) * 1_024,
    /** The processor's time that it has used, in seconds. */
    cpu() {
      // The name, which may hold anything, is in brackets.
      const fields = proc('stat').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS;
    },
    /** A metric. @param {string} name */
    async metric(name) {
      const page = await (await fetch(`${origin}/metrics`)).text();
      return Number(new RegExp(`^everwire_${name} (\\d+)$`, 'm').exec(page)?.[1]);
    },
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
