// @ts-check
// Owns the binding of a stream to the life of a component; must not know how a stream decides anything. `react.js` says
// why what a hook holds is taken in the layout phase and let go in the passive one.

import { useEffect, useInsertionEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { stream } from './stream.js';

/** React 18 warns of layout effects on a server, where no effect runs anyway. */
const useCommitEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

/** @typedef {{ status: string, outcome?: string, data: any, error: any, attempts: number }} Shown */

/**
 * @param {any} url
 * @param {any} [options]
 */
export function useResilientSSE(url, options = {}) {
  const latest = useRef({ url, options });
  // Before every layout effect of the commit, and never during a render that may be thrown away.
  useInsertionEffect(() => {
    latest.current = { url, options };
  });
  const [store] = useState(newStore);
  const key = url == null ? null : keyOf(url, options);
  const holding = useRef(false);
  useCommitEffect(() => {
    holding.current = true;
    store.open(key, latest);
  }, [key]);
  useEffect(() => {
    // A remount of StrictMode's, after the passive phase let go.
    if (!holding.current) store.open(key, latest);
    holding.current = true;
    return () => {
      holding.current = false;
      store.release(() => holding.current);
    };
  }, []);
  const shown = useSyncExternalStore(store.subscribe, store.get, initially);
  // What is shown is of the stream that was asked for, or of none.
  return store.key() === key ? shown : NONE;
}

/** @type {Shown} */
const NONE = Object.freeze({ status: 'connecting', outcome: undefined, data: undefined, error: null, attempts: 0 });
const initially = () => NONE;

/**
 * @param {any} url
 * @param {any} options
 */
function keyOf(url, { key, transport, method }) {
  return JSON.stringify([key, typeof url === 'function' ? null : String(url), transport, method]);
}

/** What a stream made so far, outside of React's rendering: an event happens once. */
function newStore() {
  /** @type {any} */
  let client = null;
  /** @type {string | null} */
  let open = null;
  let shown = NONE;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let closing;
  /** @type {Set<() => void>} */
  const listeners = new Set();

  const show = (/** @type {Partial<Shown>} */ change) => {
    const next = { ...shown, ...change };
    if (Object.keys(next).every((name) => Object.is(/** @type {any} */ (next)[name], /** @type {any} */ (shown)[name]))) return;
    shown = Object.freeze(next);
    for (const listener of listeners) listener();
  };
  const close = () => {
    client?.close();
    client = null;
    open = null;
  };

  return {
    key: () => open,
    get: () => shown,
    /** @param {() => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    /** @param {string | null} key @param {{ readonly current: { url: any, options: any } }} latest */
    open(key, latest) {
      clearTimeout(closing);
      if (open === key) return;
      close();
      open = key;
      shown = NONE;
      if (key !== null) {
        const { initial } = latest.current.options;
        show({ data: typeof initial === 'function' ? initial() : initial });
        const made = stream(...late(latest));
        client = made;
        made.on('*', (/** @type {any} */ event) => {
          const { reduce } = latest.current.options;
          if (client === made) show({ data: reduce === undefined ? event.data : reduce(shown.data, event) });
        });
        const look = () => client === made && show(statusOf(made.snapshot()));
        made.subscribe(look);
        look();
      }
      for (const listener of listeners) listener();
    },
    /** A remount follows in the same task; what has not come back by the next is gone. @param {() => boolean} isHeld */
    release(isHeld) {
      closing = setTimeout(() => isHeld() || close());
    },
  };
}

/** @param {any} snapshot @returns {Partial<Shown>} */
function statusOf({ state, final, reason, attempt }) {
  if (state === 'open') return { status: 'connected', error: null, attempts: 0 };
  const outcome = reason?.code;
  if (final && (outcome === 'completed' || outcome === 'failed')) return { status: 'completed', outcome, error: null };
  if (final) return { status: 'error', error: reason, attempts: attempt };
  return { status: 'connecting', error: reason, attempts: attempt };
}

/**
 * Arguments for `stream` whose functions are those of the latest commit, whenever they are called.
 *
 * @param {{ readonly current: { url: any, options: any } }} latest
 * @returns {[url: any, options: any]}
 */
function late(latest) {
  const { url, options } = latest.current;
  const { key: _, reduce: __, initial: ___, ...rest } = options;
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'function' || (name === 'token' && value !== undefined)) {
      rest[name] = (/** @type {any[]} */ ...given) => {
        const now = latest.current.options[name];
        return typeof now === 'function' ? now(...given) : now;
      };
    }
  }
  return [typeof url === 'function' ? () => latest.current.url() : url, rest];
}
