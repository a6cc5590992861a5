// @ts-check
// Owns a client's way to its place, and when what is remembered of it is read, written and over; must not know how an
// attempt goes.

import { destination } from './address.js';
import * as fact from './facts.js';
import { WayAttempt } from './way_attempt.js';
import { recall, remember } from './way_memory.js';

/** @typedef {typeof import('./host.js').Host} HostClass */
/** @typedef {{ memory: number, patience: number, onTransport: ((transport: 'websocket' | 'sse') => void) | undefined }} Choices */
/**
 * What judges, a class that the wasm module exports.
 * @typedef {{
 *   recall(until: number, network: number, wall: number): void,
 *   page(event: number, network: number): void,
 *   isBlocked(wall: number): boolean,
 *   until(): number,
 *   talks(): void,
 *   wasCut(code: number, open: number): boolean,
 *   looked(seen: number, status: number, wait: number, wall: number): number,
 *   lookedAfterCut(seen: number, status: number, wall: number): void,
 *   answered(seen: number, status: number, wait: number): number,
 *   wait(): number,
 *   why(forAPerson: boolean): string,
 * }} Way
 */
/**
 * @typedef {{
 *   Way: new (keep: number, network: number) => Way,
 *   EventStream: ReturnType<typeof import('./event_stream.js').eventStreamFrom>,
 *   posted: (status: number) => number,
 * }} Judge
 */

/** What the core says of an attempt that failed, of which the way may know more. */
const VAGUE = ['closed', 'connect_timeout', 'refused'];

/** Kinds of network (Network Information API), by their numbers from 1. */
const NETWORKS = ['bluetooth', 'cellular', 'ethernet', 'none', 'wifi', 'wimax', 'other', 'unknown'];

/** 0 where the browser does not say. */
const network = () => NETWORKS.indexOf(/** @type {any} */ (globalThis.navigator)?.connection?.type) + 1;

/** A server's `goaway`, as the way's own word: another connection is made beside this one, and takes its place. */
const LEAVE = { type: 'goaway', retry_after: 0, spread: 0, grace: 60_000 };
const GOAWAY = fact.RESERVED + 8;

/** @typedef {import('./host.js').Host} Host */

/** What one client knows of its way. */
export class Keeper {
  /** @param {Host} host @param {Choices} choices @param {Judge} judge */
  constructor(host, choices, judge) {
    this.host = host;
    this.choices = choices;
    this.judge = judge;
    this.place = '';
    /** @type {Way | undefined} */
    this.known = undefined;
    /** What is stored, as far as this client knows. */
    this.until = 0;
    /** When the memory ends. @type {ReturnType<typeof setTimeout> | undefined} */
    this.due = undefined;
    /** The stream that is open; 0 for none. */
    this.streaming = 0;
  }

  /** The way to the place of `url`. @param {string} url */
  way(url) {
    const place = destination(url);
    if (this.known === undefined || place !== this.place) {
      this.place = place;
      this.known = new this.judge.Way(this.choices.memory, network());
      const [until, where] = recall(place);
      this.known.recall(until, where, Date.now());
      this.until = until;
    }
    return this.known;
  }

  /** What is known now is what the next page is to know. */
  keep() {
    const until = this.known?.until() ?? 0;
    // Another client may have written meanwhile.
    if (until === this.until) return;
    this.until = until;
    remember(this.place, until, network());
  }

  /** The page or the network changed. @param {number} event */
  note(event) {
    const before = this.known?.until();
    this.known?.page(event, network());
    if (this.known?.until() === before) return;
    this.keep();
    if (this.streaming > 0) this.begin(this.streaming);
  }

  /** A stream is open: a WebSocket is tried again when the memory ends. @param {number} generation */
  begin(generation) {
    clearTimeout(this.due);
    this.streaming = generation;
    const leave = () => this.host.hear(GOAWAY, LEAVE, generation, 0);
    this.due = setTimeout(leave, Math.max(0, (this.known?.until() ?? 0) - Date.now()));
  }

  /** @param {number} generation */
  end(generation) {
    if (this.streaming !== generation) return;
    this.streaming = 0;
    clearTimeout(this.due);
  }

  /** @param {import('./status.js').Snapshot} shown @returns {import('./status.js').Snapshot} */
  explain(shown) {
    const { reason } = shown ?? {};
    const code = reason && VAGUE.includes(reason.code) ? this.known?.why(false) : '';
    if (!reason || !code) return shown;
    return Object.freeze({ ...shown, reason: Object.freeze({ ...reason, code, message: this.known?.why(true) ?? '' }) });
  }
}

/**
 * Hosts whose connections have another way.
 *
 * @param {HostClass} Host @param {Choices} choices @param {Judge} judge
 */
export function withFallback(Host, choices, judge) {
  // The constructor of a host does its work before a field of a class beneath it is there.
  /** @type {WeakMap<object, Keeper>} */
  const keepers = new WeakMap();
  const keeperOf = (/** @type {Host} */ host) => {
    const keeper = keepers.get(host) ?? new Keeper(host, choices, judge);
    keepers.set(host, keeper);
    return keeper;
  };
  return class extends Host {
    /** @param {string} url @param {any} protocols @param {number} generation @returns {WebSocket} */
    open(url, protocols, generation) {
      // Other protocols have no other way.
      if (this.plane.raw !== undefined) return super.open(url, protocols, generation);
      return /** @type {any} */ (new WayAttempt(keeperOf(this), url, protocols, generation));
    }

    /** @param {number} kind @param {number} [one] @param {number} [two] @param {number} [three] @param {unknown} [value] */
    tell(kind, one = 0, two = 0, three = 0, value = undefined) {
      if (kind === fact.PAGE) keeperOf(this).note(one);
      super.tell(kind, one, two, three, value);
    }

    snapshot() {
      this.shown = keeperOf(this).explain(super.snapshot());
      return this.shown;
    }
  };
}
