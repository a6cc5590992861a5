// @ts-check
// Owns one `EventSource` of the browser and its listeners; must not know when to open or to give up. Its own retries are
// never used: they know no backoff.

import * as streamFact from './stream_facts.js';
import { withLastEventId } from './stream_request.js';

/** @typedef {import('./stream_host.js').StreamHost} StreamHost */

const BROKEN = 1006;

export class StreamSource {
  /** @param {StreamHost} host @param {number} generation @param {import('./stream_host.js').Target} target */
  constructor(host, generation, target) {
    this.host = host;
    this.generation = generation;
    this.target = target;
    /** @type {EventSource | undefined} */
    this.source = undefined;
    /** @type {Set<string>} */
    this.types = new Set();
    /** An event had an id: from then on none is one that was taken back. */
    this.hasId = false;
  }

  begin() {
    const { host, generation, target } = this;
    // A new one sends no header.
    const url = withLastEventId(target.url, host.lastEventId);
    let isOpen = false;
    try {
      const source = new EventSource(url, { withCredentials: host.given.credentials === 'include' });
      this.source = source;
      source.onopen = () => {
        isOpen = true;
        host.tell(streamFact.RESPONDED, generation, 200, streamFact.EVENT_STREAM, NaN);
      };
      source.onerror = () => {
        if (this.source !== source) return;
        host.closed(generation, isOpen ? BROKEN : 0);
      };
    } catch (error) {
      console.error('everwire: there is no EventSource for this url', error);
      host.tell(streamFact.IMPOSSIBLE, generation);
      return;
    }
    this.listen('message');
    for (const type of [...host.given.terminal, ...host.plane.table.keys()]) this.listen(type);
  }

  /** Events of a type that nobody listens to are not told. @param {string} type */
  listen(type) {
    const { host, generation, source } = this;
    if (source === undefined || this.types.has(type)) return;
    this.types.add(type);
    source.addEventListener(type, (/** @type {any} */ event) => {
      // What happens to the source itself is no event of the stream.
      if (this.source !== source || !(event instanceof MessageEvent)) return;
      host.plane.heard = event;
      // A new source begins without an id, and so do its events until one has another.
      const { data, lastEventId } = event;
      this.hasId ||= lastEventId !== '';
      host.take(generation, type, data, this.hasId ? lastEventId : host.lastEventId);
    });
  }

  leave() {
    const { source } = this;
    this.source = undefined;
    source?.close();
  }
}
