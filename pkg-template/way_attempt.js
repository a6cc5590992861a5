// @ts-check
// Owns one attempt at a place, in the form of a `WebSocket`: first one of those, or the same over HTTP, as the way says;
// must not know why.

import * as fact from './facts.js';
import { retryAfter } from './retry_after.js';
import { WayStream } from './way_stream.js';

/** @typedef {import('./fallback_host.js').Keeper} Keeper */

// What was seen, as `fallback.rs` numbers it.
const NOTHING = 0;
const UNCLEAR = 1;
const ELSEWHERE = 2;
const STREAM = 3;
const PAGE = 4;
const OTHER = 5;

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 3;
const BROKEN = 1006;

/** @typedef {[seen: number, status: number, wait: number, response?: Response]} Sight */

/**
 * Asks the place for its events, as the handshake asked: with cookies and without a token.
 *
 * @param {string} url @param {AbortSignal} signal @returns {Promise<Sight>}
 */
async function look(url, signal) {
  const ask = (/** @type {RequestInit} */ init) => fetch(url, { credentials: 'include', cache: 'no-store', signal, ...init });
  try {
    const response = await ask({ headers: { accept: 'text/event-stream' }, redirect: 'manual' });
    if (response.type === 'opaqueredirect') return [ELSEWHERE, 0, NaN];
    const type = response.headers.get('content-type') ?? '';
    const seen = /^text\/event-stream\b/i.test(type) ? STREAM : /^text\/html\b/i.test(type) ? PAGE : OTHER;
    return [seen, response.status, waitOf(response.headers), response];
  } catch {
    // Nobody, or somebody whose answer is not for this page.
    return ask({ mode: 'no-cors' }).then(() => [UNCLEAR, 0, NaN], () => [NOTHING, 0, NaN]);
  }
}

/** How long the server wants to be left alone, in milliseconds. @param {Headers} headers */
function waitOf(headers) {
  const [ms, isDate] = retryAfter(headers);
  return isDate ? Math.max(0, ms - Date.now()) : ms;
}

/** How long somebody may take to be looked at. */
const LOOK_MS = 4_000;

export class WayAttempt {
  readyState = CONNECTING;
  binaryType = 'arraybuffer';
  /** @type {((event: any) => void) | null} */
  onopen = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {WayStream | undefined} */
  #stream;
  #abort = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #opened = 0;
  #left = false;

  /** Throws what the constructor of a `WebSocket` throws. @param {Keeper} keeper @param {string} url @param {any} protocols @param {number} generation */
  constructor(keeper, url, protocols, generation) {
    this.keeper = keeper;
    this.host = keeper.host;
    this.way = keeper.way(url);
    this.url = url.replace(/^ws/, 'http');
    this.generation = generation;
    if (this.way.isBlocked(Date.now())) void this.#overHttp();
    else this.#handshake(url, protocols);
  }

  get bufferedAmount() {
    return this.#socket?.bufferedAmount ?? this.#stream?.bytes ?? 0;
  }

  /** @param {any} frame */
  send(frame) {
    if (this.#socket !== undefined) this.#socket.send(frame);
    else this.#stream?.send(frame);
  }

  /** @param {number} [code] */
  close(code) {
    this.#left = true;
    this.readyState = CLOSED;
    clearTimeout(this.#timer);
    this.#letGo(code);
    if (this.#stream === undefined) this.#abort.abort();
    else this.#stream.close();
    this.keeper.end(this.generation);
  }

  /** @param {string} url @param {any} protocols */
  #handshake(url, protocols) {
    const { keeper, way } = this;
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = (event) => {
      clearTimeout(this.#timer);
      this.readyState = OPEN;
      this.#opened = performance.now();
      this.onopen?.(event);
    };
    socket.onmessage = (event) => {
      // Once says it all.
      socket.onmessage = this.onmessage;
      way.talks();
      keeper.keep();
      this.#tell('websocket');
      this.onmessage?.(event);
    };
    socket.onclose = (event) => this.#socketClosed(event, socket.onmessage === this.onmessage);
    // A connection that takes longer as a whole is given up before it can be looked into.
    const { connectTimeout = 10_000 } = keeper.host.options ?? {};
    this.#timer = setTimeout(() => void this.#refused(), Math.min(keeper.choices.patience, connectTimeout / 2));
  }

  /** @param {CloseEvent} event @param {boolean} heard */
  #socketClosed(event, heard) {
    clearTimeout(this.#timer);
    if (this.readyState === CONNECTING) return void this.#refused();
    if (!heard && this.way.wasCut(event.code, performance.now() - this.#opened)) {
      // What was open is closed at once; what is seen counts for the next attempt.
      void this.#look().then(([seen, status]) => {
        this.way.lookedAfterCut(seen, status, Date.now());
        this.keeper.keep();
      });
    }
    this.readyState = CLOSED;
    this.onclose?.(event);
  }

  /** The handshake failed, or nobody answers it. */
  async #refused() {
    this.#letGo();
    const sight = await this.#look(this.#abort.signal);
    if (this.#left) return;
    const code = this.#judged(sight);
    if (code === 0) await this.#overHttp();
    else this.#end(code);
  }

  /** @param {AbortSignal} [signal] until when it is wanted @returns {Promise<Sight>} */
  async #look(signal) {
    const abort = new AbortController();
    signal?.addEventListener('abort', () => abort.abort());
    const timer = setTimeout(() => abort.abort(), LOOK_MS);
    const sight = await look(this.url, abort.signal);
    clearTimeout(timer);
    // Its first lines say enough.
    abort.abort();
    return sight;
  }

  /** @param {Sight} sight */
  #judged([seen, status, wait]) {
    const code = this.way.looked(seen, status, wait, Date.now());
    this.keeper.keep();
    return code;
  }

  async #overHttp() {
    const { keeper, way } = this;
    const [seen, status, wait, response] = await look(this.url, this.#abort.signal);
    if (this.#left) return;
    const code = way.answered(seen, status, wait);
    if (code !== 0 || response === undefined) {
      this.#abort.abort();
      keeper.keep();
      return this.#end(code || BROKEN);
    }
    this.#stream = new WayStream(this, response, this.#abort);
    this.readyState = OPEN;
    this.#tell('sse');
    this.onopen?.(new Event('open'));
    keeper.begin(this.generation);
    await this.#stream.read();
  }

  /** Something was said. @param {string} data */
  hear(data) {
    if (!this.#left) this.onmessage?.({ data, timeStamp: performance.now() });
  }

  /** Somebody is there. */
  sign() {
    const { plane } = this.host;
    if (!this.#left && plane.generation === this.generation) plane.heard = /** @type {any} */ ({ timeStamp: performance.now() });
  }

  /** The stream ended. @param {number} code */
  ended(code) {
    this.keeper.end(this.generation);
    if (!this.#left) this.#end(code);
  }

  /** @param {number} code */
  #end(code) {
    this.readyState = CLOSED;
    const wait = this.way.wait();
    if (wait > 0) this.host.tell(fact.NOT_BEFORE, 0, wait);
    this.onclose?.(Object.assign(new Event('close'), { code, reason: '', wasClean: code !== BROKEN }));
  }

  /** @param {number} [code] */
  #letGo(code) {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    this.#socket = undefined;
    clearTimeout(this.#timer);
    try {
      socket.close(code);
    } catch {
      // It is left all the same.
    }
  }

  /** @param {'websocket' | 'sse'} transport */
  #tell(transport) {
    const { onTransport } = this.keeper.choices;
    if (onTransport !== undefined) this.host.carryOut(() => onTransport(transport));
  }
}
