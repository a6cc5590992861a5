// Owns the state of a run between the connection and React: collects what arrives and changes once a frame.
// Must not know what an event means (`runState.ts`) or who reads (`useSyncExternalStore`).

import type { DagState, ServerEvent } from './protocol.ts';
import { emptyRun, reduce, restore, type RunState } from './runState.ts';

export interface RunStore {
  subscribe(listener: () => void): () => void;
  getSnapshot(): RunState;
  /** Takes an event; it shows in the next frame. */
  push(event: ServerEvent): void;
  /** Takes the whole state, in place of all that was known and is not yet shown. */
  restore(state: DagState): void;
}

/** What a store needs of its surroundings; replaced in tests. */
export interface Surroundings {
  /** Milliseconds, never backwards. */
  now(): number;
  /** Calls back soon: in the next frame, or without one where the page is hidden and frames stop. */
  soon(callback: () => void): void;
}

/** Events that wait for a frame at most; beyond, the state moves at once, so that a page without frames keeps its size. */
export const MAX_WAITING = 1_000;

const inBrowser: Surroundings = {
  now: () => performance.now(),
  soon(callback) {
    // A page can be hidden between the request and the frame: whichever comes first counts.
    let done = false;
    const once = () => {
      if (done) return;
      done = true;
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      callback();
    };
    const timer = setTimeout(once, 250);
    const frame = requestAnimationFrame(once);
  },
};

export function createRunStore(surroundings: Surroundings = inBrowser): RunStore {
  let state = emptyRun;
  let waiting: ServerEvent[] = [];
  let due = false;
  const listeners = new Set<() => void>();

  const apply = () => {
    if (waiting.length === 0) return;
    const events = waiting;
    waiting = [];
    state = reduce(state, events, surroundings.now());
  };
  const tell = () => {
    due = false;
    apply();
    for (const listener of listeners) listener();
  };
  const tellSoon = () => {
    if (due) return;
    due = true;
    surroundings.soon(tell);
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => state,
    push(event) {
      waiting.push(event);
      if (waiting.length >= MAX_WAITING) apply();
      tellSoon();
    },
    restore(next) {
      // What waited is older than this state and part of it.
      waiting = [];
      state = restore(state, next, surroundings.now());
      tellSoon();
    },
  };
}
