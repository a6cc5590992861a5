// @ts-check
// Owns the strings of an event stream and who hears of them; must not know the grammar: the scan in wasm says where in
// its text a chunk has what.

import { EverwireError, report } from './everwire_error.js';

/**
 * @typedef {object} Core as `sse.rs` has it
 * @property {(limit: number) => number} openScan
 * @property {(scan: number) => void} closeScan
 * @property {() => WebAssembly.Memory} scanMemory
 * @property {(scan: number) => number} scanBytes
 * @property {(scan: number) => number} scanRecords
 * @property {(scan: number, length: number, lag: number) => number} scan below 0: the chunk is one event
 * @property {(scan: number) => number} goOn
 */

/**
 * @typedef {object} Handlers
 * @property {(type: string, data: string, id: string) => void} [onEvent] an event, with the last event id
 * @property {(id: string) => void} [onId] an id that came without an event and counts
 * @property {(ms: number) => void} [onRetry] the reconnection time that the server asks for, below 2³²
 * @property {() => void} [onComment]
 */

// What was found, as `record.rs` numbers it.
const PART = 0;
const DATA = 1;
const TYPE = 2;
const ID = 3;
const EVENT = 4;
const DISPATCH = 5;
const COMMIT = 6;
const CLEAR = 7;
const FORGET = 8;
const RETRY = 9;
const COMMENT = 10;
const TOO_LONG = 11;

const SIZE = 3;

// Of a number that is one event, as `sse.rs` has it.
const BITS = 15;
const LOWEST = (1 << BITS) - 1;

/** Bytes that are scanned at once. */
const ROOM = 16_384;

/** In bytes: the decoders of WebKit stop after 2 GB. */
const DECODABLE = 1e9;

const more = { stream: true };
const nothing = () => {};

/**
 * The `EventStream` of an entry.
 *
 * @param {Core} core
 */
export const eventStreamFrom = (core) =>
  /** Reads one event stream (`text/event-stream`) from its bytes. */
  class EventStream {
    /**
     * @param {Handlers} handlers what they throw is reported, and harms nobody else
     * @param {number} [limit] of a line, and of the data of an event: in UTF-16 units, from 1, 1,048,576 unless told
     */
    constructor({ onEvent = nothing, onId = nothing, onRetry = nothing, onComment = nothing }, limit = 0) {
      this.onEvent = onEvent;
      this.onId = onId;
      this.onRetry = onRetry;
      this.onComment = onComment;
      // The first one takes a byte order mark off.
      this.decoder = new TextDecoder();
      this.decodable = 0;
      /** Whether the decoder may hold something back. */
      this.cut = false;
      this.scan = core.openScan(limit);
      this.bytes = new Uint8Array();
      this.records = new Uint32Array();
      this.map();
      /** How much of the next text was scanned with the chunk before. */
      this.lag = 0;
      this.part = '';
      this.data = '';
      this.hasData = false;
      this.type = '';
      this.id = '';
      this.busy = false;
      this.over = false;
      /** What handlers pushed. @type {Uint8Array[] | null} */
      this.waiting = null;
    }

    /**
     * The next bytes of the stream, cut anywhere; they are not held. From within a handler, they come after what is under
     * way.
     *
     * @param {Uint8Array} bytes
     * @throws {EverwireError} `event_too_long` if a line or an event is longer than the limit, now and from then on; what
     *   came before it was handed out
     */
    push(bytes) {
      if (this.over) return;
      if (this.busy) {
        (this.waiting ??= []).push(bytes.slice());
        return;
      }
      this.busy = true;
      try {
        this.take(bytes);
        // More may come meanwhile.
        if (this.waiting) for (const waiting of this.waiting) this.take(waiting);
      } finally {
        this.busy = false;
        this.waiting = null;
        if (this.over) core.closeScan(this.scan);
      }
    }

    /** The stream is at its end, or nobody wants the rest: an event that is not complete is none. Whoever makes one calls it. */
    end() {
      if (this.over) return;
      this.over = true;
      if (!this.busy) core.closeScan(this.scan);
    }

    /** The views of wasm's memory, which are nothing once it grew. */
    map() {
      const { buffer } = core.scanMemory();
      this.bytes = new Uint8Array(buffer, core.scanBytes(this.scan), ROOM);
      this.records = new Uint32Array(buffer, core.scanRecords(this.scan));
    }

    /** @param {Uint8Array} bytes */
    take(bytes) {
      if (bytes.length <= ROOM) this.takePiece(bytes);
      else for (let at = 0; at < bytes.length && !this.over; at += ROOM) this.takePiece(bytes.subarray(at, at + ROOM));
    }

    /** @param {Uint8Array} bytes */
    takePiece(bytes) {
      const { length } = bytes;
      if (this.over || length === 0) return;
      if (this.bytes.length === 0) this.map();
      this.bytes.set(bytes);
      this.decodable -= length;
      // Without options where nothing is cut: in Chromium, to read those is a third of the price of a short text.
      const isPlain = !this.cut && this.decodable >= 0 && /** @type {number} */ (bytes[length - 1]) < 128;
      const text = isPlain ? this.decoder.decode(bytes) : this.decode(bytes);
      const found = core.scan(this.scan, length, this.lag);
      if (found >= 0) this.read(text, found);
      else {
        this.lag = 0;
        try {
          this.event(text.slice(~found & LOWEST, ~found >> BITS));
        } catch (error) {
          report(error);
        }
      }
    }

    /** @param {string} text @param {number} found records of it */
    read(text, found) {
      let count = found * SIZE;
      let at = 0;
      let { records } = this;
      read: for (;;) {
        // One for all: around each handler it is a tenth of an event's price.
        try {
          // The last one is the end of the chunk, or there are more.
          while (at < count) {
            // A handler may have made it grow.
            if (records.length === 0) {
              this.map();
              records = this.records;
            }
            const what = records[at];
            const from = /** @type {number} */ (records[at + 1]);
            const to = /** @type {number} */ (records[at + 2]);
            at += SIZE;
            switch (what) {
              case EVENT:
                this.event(text.slice(from, to));
                break;
              case DATA:
                this.add(text.slice(from, to));
                break;
              case TYPE:
                this.type = this.whole(text.slice(from, to));
                break;
              case ID:
                this.id = this.whole(text.slice(from, to));
                break;
              case PART:
                this.part += text.slice(from);
                break;
              case DISPATCH:
                this.dispatch();
                break;
              case COMMIT:
                this.type = '';
                this.onId(this.id);
                break;
              case CLEAR:
                this.type = '';
                break;
              case FORGET:
                this.part = '';
                break;
              case RETRY:
                this.onRetry(from);
                break;
              case COMMENT:
                this.onComment();
                break;
              case TOO_LONG:
                break read;
              default:
                this.lag = (from | 0) - text.length;
                return;
            }
            if (this.over) return;
          }
        } catch (error) {
          report(error);
          if (this.over) return;
          continue;
        }
        count = core.goOn(this.scan) * SIZE;
        at = 0;
      }
      this.part = this.data = '';
      throw new EverwireError('event_too_long', 'A line or an event of the stream is longer than the limit: send less in one, or raise the limit.');
    }

    /** @param {string} value */
    whole(value) {
      const { part } = this;
      if (!part) return value;
      this.part = '';
      return part + value;
    }

    /** @param {string} value */
    add(value) {
      value = this.whole(value);
      this.data = this.hasData ? `${this.data}\n${value}` : value;
      this.hasData = true;
    }

    /** @param {string} value its last line of data */
    event(value) {
      if (this.hasData || this.part) {
        this.add(value);
        this.dispatch();
      } else this.deliver(value);
    }

    dispatch() {
      const { data } = this;
      this.data = '';
      this.hasData = false;
      this.deliver(data);
    }

    /** @param {string} data */
    deliver(data) {
      const { type } = this;
      this.type = '';
      this.onEvent(type || 'message', data, this.id);
    }

    /**
     * What begins or ends within a character, and what another decoder has to follow.
     *
     * @param {Uint8Array} bytes
     */
    decode(bytes) {
      const text = this.decoder.decode(bytes, more);
      this.cut = /** @type {number} */ (bytes[bytes.length - 1]) > 127;
      if (this.decodable < 0 && !this.cut) {
        this.decoder = new TextDecoder('utf-8', { ignoreBOM: true });
        this.decodable = DECODABLE;
      }
      return text;
    }
  };
