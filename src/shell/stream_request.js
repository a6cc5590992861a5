// @ts-check
// Owns one request for a stream by `fetch`, and the reading of its answer; must not know when to ask or to give up.

import * as streamFact from './stream_facts.js';

/** @typedef {import('./stream_host.js').StreamHost} StreamHost */

/** No frame of a socket closed it: the connection broke. Or the answer was complete. */
const BROKEN = 1006;
const COMPLETE = 1000;

/** A request with what hears of it. Once left, it can tell nothing any more. */
export class StreamRequest {
  /** @param {StreamHost} host @param {number} generation @param {import('./stream_host.js').Target} target */
  constructor(host, generation, target) {
    this.host = host;
    this.generation = generation;
    this.target = target;
    this.abort = new AbortController();
    this.left = false;
    /** @type {{ push(bytes: Uint8Array): void, end(): void } | undefined} */
    this.events = undefined;
  }

  begin() {
    const { host, generation } = this;
    let request;
    try {
      request = this.request();
    } catch (error) {
      console.error('everwire: the request cannot be made', error);
      host.tell(streamFact.IMPOSSIBLE, generation);
      return;
    }
    void this.read(request);
  }

  /** Throws where the url, the method or a header is none. */
  request() {
    const { host, target } = this;
    const headers = new Headers(target.headers);
    const { given, lastEventId } = host;
    if (!headers.has('accept')) headers.set('accept', 'text/event-stream');
    // In the place of an `EventSource` nothing is asked that it would not ask: another origin may not allow the header.
    if (lastEventId !== '' && !given.bySource) headers.set('last-event-id', byteString(lastEventId));
    // WebKitGTK sends what is not ASCII as the UTF-8 of each of those characters, which no server understands.
    const says = isAscii(lastEventId) && !given.bySource;
    return new Request(says ? target.url : withLastEventId(target.url, lastEventId), {
      method: given.method,
      headers,
      body: target.body ?? null,
      credentials: /** @type {any} */ (given.credentials),
      cache: 'no-store',
      signal: this.abort.signal,
    });
  }

  /** @param {Request} request */
  async read(request) {
    const { host, generation } = this;
    let code = BROKEN;
    try {
      const response = await fetch(request);
      if (this.left) return;
      // The parser is there before anything can be heard.
      this.events = this.parser();
      host.responded(generation, response);
      const reader = response.body?.getReader();
      for (;;) {
        if (this.left) return;
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
        if (done || value === undefined) break;
        if (!this.left && !this.push(value)) return;
      }
      code = COMPLETE;
    } catch {
      // The network's failures have no words that a program could read.
    }
    if (!this.left) host.closed(generation, code);
  }

  parser() {
    const { host, generation } = this;
    const Events = host.eventStream();
    const events = new Events({
      onEvent: (type, data, id) => this.left || host.take(generation, type, data, id),
      onId: (id) => this.left || (host.lastEventId = id),
      onRetry: (ms) => this.left || host.tell(streamFact.NAMED_RETRY, generation, ms),
      onComment: () => this.comment(),
    });
    // An event without an id has the one before it, which may have come on another connection.
    events.id = host.lastEventId;
    return events;
  }

  /** Once says it all. An `EventSource` in whose place this is asked would hear none, and its silence means nothing. */
  comment() {
    this.comment = () => {};
    if (!this.host.given.bySource) this.host.tell(streamFact.COMMENT, this.generation);
  }

  /** Whether more may come. @param {Uint8Array} bytes */
  push(bytes) {
    const { host, generation } = this;
    host.plane.heard = /** @type {MessageEvent} */ ({ timeStamp: performance.now() });
    try {
      this.events?.push(bytes);
      return true;
    } catch {
      if (!this.left) host.tell(streamFact.TOO_LONG, generation);
      return false;
    }
  }

  leave() {
    if (this.left) return;
    this.left = true;
    this.abort.abort();
    this.events?.end();
  }
}

/** @param {string} text */
const isAscii = (text) => /^[\x20-\x7e]*$/.test(text);

/** Where a header cannot say it. @param {string} url @param {string} lastEventId */
export function withLastEventId(url, lastEventId) {
  const made = new URL(url);
  if (lastEventId !== '') made.searchParams.set('lastEventId', lastEventId);
  return made.href;
}

/** A header holds bytes: those of the id in UTF-8, as the HTML standard says, each as the character of its number. @param {string} id */
const byteString = (id) => Array.from(new TextEncoder().encode(id), (byte) => String.fromCharCode(byte)).join('');
