// @ts-check
// Owns the life of one reference server: its process, its ports, its data; must not know what is tested.

import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { remove } from './folder.mjs';
import { until } from './until.mjs';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const binary = join(process.env['CARGO_TARGET_DIR'] ?? join(root, 'target'), 'debug', 'everwire-server');

/** @typedef {import('node:test').TestContext} TestContext */

export class Server {
  /** @param {string[]} args @param {Record<string, string>} [env] */
  constructor(args, env = {}) {
    this.args = args;
    this.env = env;
    this.data = mkdtempSync(join(tmpdir(), 'everwire-e2e-'));
    this.port = 0;
    this.proxyPort = 0;
    /** What it said on its standard error since its first start. */
    this.said = '';
    /** @type {import('node:child_process').ChildProcess | null} */
    this.child = null;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The address of a DAG's stream, past the proxy. @param {string} dag */
  stream(dag) {
    return `ws://127.0.0.1:${this.port}/api/dags/${dag}/stream`;
  }

  /** The same by way of the proxy. @param {string} dag @param {string} link */
  breakableStream(dag, link) {
    return `ws://127.0.0.1:${this.proxyPort}/api/dags/${dag}/stream?link=${link}`;
  }

  /** Starts it, on the ports it had before if it had any. */
  async start() {
    const ports = ['--port', String(this.port), '--proxy-port', String(this.proxyPort)];
    const child = spawn(binary, [...ports, '--data', this.data, ...this.args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PORT: '', ...this.env },
    });
    this.child = child;
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.said += text));
    /** @type {Error | null} */
    let failure = null;
    child.on('error', (error) => (failure = error));
    await until(
      'the server is ready',
      () => {
        if (failure) throw failure;
        if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${this.said}`);
        return /^http:\/\/\S+\n/m.test(printed);
      },
      { within: 20_000 },
    );
    const addresses = [...printed.matchAll(/127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]));
    [this.proxyPort = 0, this.port = 0] = addresses;
    return this;
  }

  /** Ends it without a word, as a crash does. */
  async crash() {
    await this.#end('SIGKILL');
  }

  /** Asks it to end, and waits for it. */
  async stop() {
    await this.#end('SIGTERM');
  }

  /** Ends it and removes its data. */
  async dispose() {
    await this.#end('SIGKILL');
    await remove(this.data);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }

  /**
   * What each connection said, message by message, in the order in which the server heard it: of its debug log, so it has
   * to be started with `EVERWIRE_DEBUG=1`.
   *
   * @returns {Map<number, string[]>}
   */
  heard() {
    const heard = new Map();
    for (const [, conn, said = ''] of this.said.matchAll(/heard conn=(\d+) said="(.*)"$/gm)) {
      heard.set(Number(conn), [...(heard.get(Number(conn)) ?? []), ...said.split(', ')]);
    }
    return heard;
  }

  /** Breaks or mends a link of the proxy. @param {string} link @param {'cut' | 'stall' | 'slow' | 'restore'} action */
  async network(link, action) {
    await this.#json('/api/network', { link, action });
  }

  /** @param {string} dag @returns {Promise<any>} */
  state(dag) {
    return this.#json(`/api/dags/${dag}`);
  }

  /** @param {string} dag @returns {Promise<{ run_id: string }>} */
  startRun(dag) {
    return this.#json(`/api/dags/${dag}/start`, {});
  }

  /** The metrics by name, without their prefix; those with labels as `name{label="value"}`. @returns {Promise<Record<string, number>>} */
  async metrics() {
    const text = await (await fetch(`${this.origin}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
    return Object.fromEntries(lines.map((line) => /** @type {const} */ ([line.slice('everwire_'.length, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))])));
  }

  /** @param {string} path @param {object} [body] @returns {Promise<any>} */
  async #json(path, body) {
    const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(this.origin + path, init);
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }
}

/**
 * A server of its own for one test.
 *
 * @param {TestContext} t
 * @param {string[]} [args]
 * @param {Record<string, string>} [env]
 */
export async function startServer(t, args = [], env = {}) {
  const server = new Server(args, env);
  t.after(() => server.dispose());
  return server.start();
}
