// @ts-check
// Owns the binding of rooms to the life of components; must not know how a room decides anything. `react.js` says why what
// a hook holds is taken in the layout phase and let go in the passive one.

import { useCallback, useEffect, useInsertionEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { presence } from './presence.js';

/** @typedef {{ presence: any, holders: number, closing: ReturnType<typeof setTimeout> | undefined }} Held */

/** React 18 warns of layout effects on a server, where no effect runs anyway. */
const useCommitEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

const nothing = () => {};
const NOBODY = Object.freeze([]);

/** A room is one, however many components are in it. @type {WeakMap<object, Map<string | undefined, Held>>} */
const rooms = new WeakMap();

/**
 * @param {any} client
 * @param {any} [room]
 * @param {any} [options]
 */
export function usePresence(client, room, options) {
  const [name, given] = typeof room === 'object' && room !== null ? [undefined, room] : [room, options];
  const latest = useRef(given);
  // Before every layout effect of the commit, and never during a render that may be thrown away.
  useInsertionEffect(() => {
    latest.current = given;
  });
  const [held, show] = useState(/** @type {{ client: any, name: any, presence: any } | null} */ (null));
  const release = useRef(nothing);
  const take = () => {
    const before = release.current;
    release.current = nothing;
    if (client != null) {
      const one = hold(client, name, () => stable(latest));
      release.current = () => letGo(one);
      show((now) => (now?.presence === one.presence ? now : { client, name, presence: one.presence }));
    }
    before();
  };
  useCommitEffect(take, [client, name]);
  useEffect(() => {
    // A remount of StrictMode's, after the passive phase let go.
    if (release.current === nothing) take();
    return () => {
      release.current();
      release.current = nothing;
    };
  }, []);
  // Until the commit that follows a change there is no room, rather than the wrong one.
  return held !== null && held.client === client && held.name === name ? held.presence : null;
}

/** @param {any} presence */
export function useMe(presence) {
  return useMember(presence, presence?.me().userId);
}

/**
 * @param {any} presence
 * @param {string | undefined} id
 */
export function useMember(presence, id) {
  const subscribe = useCallback(
    (/** @type {() => void} */ changed) => (presence == null || id === undefined ? nothing : presence.subscribe(id, changed)),
    [presence, id],
  );
  const get = () => (presence == null || id === undefined ? undefined : presence.member(id));
  return useSyncExternalStore(subscribe, get, nothing);
}

/**
 * @param {any} presence
 * @param {(others: readonly any[]) => any} [select]
 * @param {(one: any, other: any) => boolean} [isEqual]
 */
export function useOthers(presence, select = itself, isEqual = shallow) {
  const subscribe = useCallback((/** @type {() => void} */ changed) => presence?.subscribe(changed) ?? nothing, [presence]);
  /** What was selected last, and of what. @type {{ current: { others: any, select: any, selected: any } | undefined }} */
  const last = useRef(undefined);
  const get = () => {
    const others = presence?.others() ?? NOBODY;
    const before = last.current;
    if (before !== undefined && before.others === others && before.select === select) return before.selected;
    const selected = select(others);
    // What is equal is the same, so that nothing is rendered for it.
    const same = before !== undefined && isEqual(before.selected, selected);
    last.current = { others, select, selected: same ? before.selected : selected };
    return last.current.selected;
  };
  const none = useCallback(() => select(NOBODY), []);
  const [initial] = useState(none);
  return useSyncExternalStore(subscribe, get, () => initial);
}

/** @param {any} presence */
export function usePresenceStatus(presence) {
  const subscribe = useCallback((/** @type {() => void} */ changed) => presence?.subscribe(changed) ?? nothing, [presence]);
  return useSyncExternalStore(subscribe, () => statusOf(presence), () => 'joining');
}

/** @param {any} presence */
function statusOf(presence) {
  if (presence == null) return 'joining';
  // A state that is refused changes nothing else.
  if (presence.synced) return 'synced';
  if (presence.refused !== null) return 'refused';
  if (presence.supported === false) return 'unsupported';
  return presence.supported === null ? 'joining' : 'stale';
}

/** @param {any} client @param {string | undefined} name @param {() => any} options @returns {Held} */
function hold(client, name, options) {
  const those = rooms.get(client) ?? new Map();
  rooms.set(client, those);
  let held = those.get(name);
  if (held === undefined) {
    held = { presence: presence(client, name, options()), holders: 0, closing: undefined };
    those.set(name, held);
  }
  clearTimeout(held.closing);
  held.holders++;
  return held;
}

/** A remount follows in the same task; what has not come back by the next is gone. @param {Held} held */
function letGo(held) {
  if (--held.holders > 0) return;
  held.closing = setTimeout(() => {
    const { client, room } = held.presence;
    rooms.get(client)?.delete(room);
    held.presence.leave();
  });
}

/** The options of the first commit, but that the function is that of the latest. @param {{ readonly current: any }} latest */
function stable(latest) {
  const { onWarning } = latest.current ?? {};
  if (typeof onWarning !== 'function') return latest.current;
  return { ...latest.current, onWarning: (/** @type {any} */ warning) => latest.current?.onWarning?.(warning) };
}

/** @param {any} value */
const itself = (value) => value;

/** The same, or lists of the same. @param {any} one @param {any} other */
function shallow(one, other) {
  if (Object.is(one, other)) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  return one.every((value, at) => Object.is(value, other[at]));
}
