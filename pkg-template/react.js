// @ts-check
// Owns the binding of clients to the life of components; must not know how a client decides anything.
//
// What a hook holds (a connection, a subscription) is taken in the layout phase and let go in the
// passive one. Taken there, because a client made in a commit has all its handlers before the browser
// can run anything else, so that no event falls in between. Let go here, because React undoes the
// layout effects of whatever a Suspense boundary hides for a while, and neither a connection nor an
// event may be lost for a spinner; passive effects stay.

import { useCallback, useEffect, useInsertionEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { connect } from './index.js';

/** React 18 warns of layout effects on a server, where no effect runs anyway. */
const useCommitEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

const nothing = () => {};

/** Where there is no client: on a server, before the first commit, without a url. */
const NONE = Object.freeze({
  state: 'closed',
  final: false,
  attempt: 0,
  retryAt: null,
  reason: null,
  freshness: 'stale',
  rtt: null,
  heardAt: null,
  queued: 0,
  queuedBytes: 0,
  inFlight: 0,
  continuity: 'unknown',
  peer: 'unknown',
  connects: 0,
  dropped: 0,
  conflated: 0,
  invalid: 0,
});

/**
 * @param {any} url
 * @param {any} [options]
 */
export function useClient(url, options = {}) {
  const latest = useLatest({ url, options });
  const [slot] = useState(newSlot);
  const [held, show] = useState(/** @type {Held | null} */ (null));
  const key = url == null ? null : keyOf(url, options);

  useHold(() => {
    const now = slot.open(key, () => connect(...stable(latest)));
    show(now);
    return slot.release;
  }, [key]);

  // Until the commit that follows a change of destination there is no client, rather than the wrong one.
  return held !== null && held.key === key ? held.client : null;
}

/** @param {any} client */
export function useConnection(client) {
  const subscribe = useCallback((/** @type {() => void} */ changed) => client?.subscribe(changed) ?? nothing, [client]);
  return useSyncExternalStore(
    subscribe,
    () => (client === null ? NONE : client.snapshot()),
    () => NONE,
  );
}

/**
 * @param {any} client
 * @param {string} type
 * @param {(event: any) => void} handler
 */
export function useEvent(client, type, handler) {
  const latest = useLatest(handler);
  useHold(() => client?.on(type, (/** @type {any} */ event) => latest.current(event)), [client, type]);
}

/**
 * @param {any} client
 * @param {(state: any, event: any) => any} reducer
 * @param {any} initial
 */
export function useReducedEvents(client, reducer, initial) {
  const latest = useLatest(reducer);
  const [store, replace] = useState(() => newStore(client, initial));
  let current = store;
  if (store.client !== client) replace((current = newStore(client, initial)));

  useHold(() => {
    const reduce = (/** @type {any} */ event) => current.set(latest.current(current.get(), event));
    const stops = client === null ? [] : [client.on('*', reduce), client.on('resync', reduce)];
    return () => stops.forEach((stop) => stop());
  }, [current]);

  return useSyncExternalStore(current.subscribe, current.get, current.initial);
}

/** @typedef {{ key: string, client: any }} Held */

/** The client of one component: survives StrictMode's remount, is closed by a real one. */
function newSlot() {
  /** @type {Held | null} */
  let held = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let closing;
  let holders = 0;
  const close = () => {
    held?.client.close();
    held = null;
  };
  return {
    /**
     * @param {string | null} key
     * @param {() => any} make
     */
    open(key, make) {
      clearTimeout(closing);
      if (held?.key !== key) close();
      if (held === null && key !== null) held = { key, client: make() };
      holders++;
      return held;
    },
    /** A remount follows in the same task; what has not come back by the next is gone. */
    release() {
      if (--holders === 0) closing = setTimeout(close);
    },
  };
}

/**
 * The destination of a client. Credentials are none of it: a new token must not drop what is queued.
 *
 * @param {any} url
 * @param {any} options
 */
function keyOf(url, { key, protocols, token }) {
  const fixed = (/** @type {any} */ value) => (typeof value === 'function' ? null : value);
  return JSON.stringify([key, fixed(url), fixed(protocols), token === undefined]);
}

/**
 * Arguments for `connect` whose functions are those of the latest commit, whenever they are called.
 *
 * @param {{ readonly current: { url: any, options: any } }} latest
 * @returns {[url: any, options: any]}
 */
function stable(latest) {
  const { url, options } = latest.current;
  const { key: _, ...rest } = options;
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

/**
 * What a reducer made of the events so far. It lives outside of React's rendering, which may happen
 * twice, be thrown away or join several updates; an event happens once.
 *
 * @param {any} client
 * @param {any} initial
 */
function newStore(client, initial) {
  const first = typeof initial === 'function' ? initial() : initial;
  let state = first;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  return {
    client,
    get: () => state,
    initial: () => first,
    /** @param {any} next */
    set(next) {
      if (Object.is(next, state)) return;
      state = next;
      for (const listener of listeners) listener();
    },
    /** @param {() => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

/**
 * The value of the latest commit, for what happens between renders.
 *
 * @template T
 * @param {T} value
 */
function useLatest(value) {
  const latest = useRef(value);
  // Before every layout effect of the commit, and never during a render that may be thrown away.
  useInsertionEffect(() => {
    latest.current = value;
  });
  return latest;
}

/**
 * Takes something in the layout phase and lets it go when `dependencies` change or in the passive
 * phase of the unmount. The next is taken before the last is let go, so that what both need is kept.
 *
 * @param {() => (() => void) | undefined} take
 * @param {unknown[]} dependencies
 */
function useHold(take, dependencies) {
  const release = useRef(nothing);
  useCommitEffect(() => {
    const before = release.current;
    release.current = take() ?? nothing;
    before();
  }, dependencies);
  useEffect(
    () => () => {
      release.current();
      release.current = nothing;
    },
    [],
  );
}
