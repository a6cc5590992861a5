// @ts-check
// Owns the two halves of a connection over HTTP: the stream that is read, and the requests that carry what is said; must not
// know what either says.

import { utf8Length } from './outlet.js';

/** @typedef {import('./way_attempt.js').WayAttempt} WayAttempt */

/** What stands in the place of a close frame. */
const CLOSE = 'everwire_close';
const BROKEN = 1006;
/** Messages of one request, as of one frame. */
const MOST = 1_000;
/** Whoever has not answered a request by then has not taken it. */
const POST_MS = 30_000;
/** What was said before a connection was left may take so long to arrive. */
const LAST_WORDS_MS = 5_000;

export class WayStream {
  /** Frames that were not taken yet, the first of which may be on its way. @type {string[]} */
  #frames = [];
  /** In UTF-8. */
  bytes = 0;
  #posting = false;
  #closing = false;
  #over = false;

  /** @param {WayAttempt} attempt @param {Response} response @param {AbortController} abort */
  constructor(attempt, response, abort) {
    this.attempt = attempt;
    this.response = response;
    this.abort = abort;
    this.name = response.headers.get('everwire-connection') ?? '';
  }

  async read() {
    const { attempt, response } = this;
    const events = new attempt.keeper.judge.EventStream({
      onEvent: (type, data) => this.#take(type, data),
      onComment: () => attempt.sign(),
    }, 16 << 20);
    try {
      const reader = response.body?.getReader();
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done || value === undefined || this.#over) break;
        events.push(value);
      }
    } catch {
      // The network's failures have no words, and an endless line is none that could be kept.
    }
    events.end();
    this.#end(BROKEN);
  }

  /** @param {string} type @param {string} data */
  #take(type, data) {
    if (this.#over) return;
    if (type === 'message') return this.attempt.hear(data);
    let value;
    try {
      value = JSON.parse(data);
    } catch {}
    if (type === CLOSE) return this.#end(Number.isInteger(value?.code) ? value.code : BROKEN);
    // What is no object is told as it is, and is malformed.
    this.attempt.hear(typeof value === 'object' && value !== null && !Array.isArray(value) ? JSON.stringify({ ...value, type }) : data);
  }

  /** @param {string} frame */
  send(frame) {
    if (this.#over) return;
    this.#frames.push(frame);
    this.bytes += utf8Length(frame);
    if (!this.#posting) void this.#post();
  }

  /** What was said is still told, as by a socket; nothing more is heard. */
  close() {
    this.#closing = true;
    if (!this.#posting) this.#end(BROKEN);
    else setTimeout(() => this.#end(BROKEN), LAST_WORDS_MS);
  }

  /** One request at a time, so that what is said arrives in its order. */
  async #post() {
    this.#posting = true;
    while (this.#frames.length > 0 && !this.#over) {
      const [body, count] = this.#next();
      const { attempt } = this;
      let status = 0;
      let text = '';
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), POST_MS);
      try {
        const response = await fetch(attempt.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'everwire-client': attempt.host.client, 'everwire-connection': this.name },
          body,
          credentials: 'include',
          cache: 'no-store',
          redirect: 'error',
          signal: abort.signal,
        });
        ({ status } = response);
        text = await response.text();
      } catch {
        // It may have arrived: what has an `$id` is sent again on the next connection, and the rest is not.
        status = 0;
      } finally {
        clearTimeout(timer);
      }
      for (const frame of this.#frames.splice(0, count)) this.bytes -= utf8Length(frame);
      const code = attempt.keeper.judge.posted(status);
      if (code !== 0) return this.#end(code);
      if (text !== '') attempt.hear(text);
    }
    this.#posting = false;
    if (this.#closing) this.#end(BROKEN);
  }

  /** What goes out next, and of how many frames it is made: those that wait go together, where batches are understood. */
  #next() {
    const { plane } = this.attempt.host;
    const first = /** @type {string} */ (this.#frames[0]);
    let count = 1;
    if (plane.batch && isMessage(first)) {
      let bytes = utf8Length(first) + 2;
      for (; count < Math.min(this.#frames.length, MOST); count++) {
        const frame = /** @type {string} */ (this.#frames[count]);
        bytes += utf8Length(frame) + 1;
        if (!isMessage(frame) || bytes > plane.frameBytes) break;
      }
    }
    return /** @type {const} */ ([count === 1 ? first : `[${this.#frames.slice(0, count).join(',')}]`, count]);
  }

  /** @param {number} code */
  #end(code) {
    if (this.#over) return;
    this.#over = true;
    this.#frames = [];
    this.bytes = 0;
    this.abort.abort();
    this.attempt.ended(code);
  }
}

/** And no batch. @param {string} frame */
const isMessage = (frame) => frame.startsWith('{');
