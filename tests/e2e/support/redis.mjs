// @ts-check
// Owns the life of a Redis that keeps nothing on disk, and what is in it; must not know what is tested.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { answers, freePort } from '../../../tools/ports.mjs';
import { until } from './until.mjs';

/** How long an answer may take, in milliseconds. */
const PATIENCE = 5_000;

export class Redis {
  /** @param {number} port */
  constructor(port) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
    /** @type {import('node:child_process').ChildProcess | null} */
    this.child = null;
  }

  /** Starts it, empty, on the port that it had before. */
  async start() {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', options, { stdio: 'ignore' });
    this.child = child;
    await until('Redis is ready', () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      return answers(this.port);
    });
    return this;
  }

  /** Ends it, and all that was in it. */
  async stop() {
    const { child } = this;
    this.child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('close', done));
    child.kill('SIGKILL');
    await ended;
  }

  /** The names of what is in it. @param {string} pattern @returns {Promise<string[]>} */
  async keys(pattern) {
    return (await this.#ask('KEYS', pattern)).split('\r\n').filter((_, line) => line > 0 && line % 2 === 0).filter(Boolean);
  }

  /** A text; empty for none. @param {string} key */
  async get(key) {
    return (await this.#ask('GET', key)).split('\r\n')[1] ?? '';
  }

  /** How long a key stays, in milliseconds; negative for ever. @param {string} key */
  async life(key) {
    return Number((await this.#ask('PTTL', key)).slice(1));
  }

  /**
   * What it answers on a connection of its own, which it ends after that.
   *
   * @param {...string} words @returns {Promise<string>}
   */
  #ask(...words) {
    return new Promise((done, failed) => {
      let answer = '';
      const socket = connect(this.port, '127.0.0.1').setEncoding('utf8').setTimeout(PATIENCE);
      socket.on('data', (text) => (answer += text));
      socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')));
      socket.once('error', failed);
      socket.once('end', () => (socket.destroy(), done(answer)));
      socket.write([words, ['QUIT']].map(command).join(''));
    });
  }
}

/** @param {string[]} words */
const command = (words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/**
 * A Redis of its own for one test.
 *
 * @param {import('node:test').TestContext} t
 */
export async function ownRedis(t) {
  const redis = new Redis(await freePort());
  t.after(() => redis.stop());
  return redis.start();
}

/** The address of one. @param {import('node:test').TestContext} t */
export const startRedis = async (t) => (await ownRedis(t)).url;
