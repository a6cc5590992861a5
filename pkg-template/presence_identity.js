// @ts-check
// Owns the name of this tab, where a server has no user of its own: kept over a reload, and no other tab's; must not know
// what it is for. A duplicated tab has a copy of what is stored, so the name is claimed under a lock.

import { identity } from './chance.js';
import { lapse } from './lapse.js';

const KEY = 'everwire/presence';
const FORM = /^[0-9a-f]{32}$/;
/** A page that is being left may hold the lock for so long; who still holds it then is another tab. */
const WAIT_MS = 500;

/** @type {Promise<string> | undefined} */
let claimed;
/** @type {(() => void) | undefined} */
let release;
/** Who has to ask again when the page comes back. @type {Set<() => void>} */
const asking = new Set();

/** The name of this tab: the same for all its clients and rooms. Never rejects. */
export function tabIdentity() {
  if (claimed === undefined) {
    claimed = claim();
    globalThis.addEventListener?.('pagehide', letGo);
    globalThis.addEventListener?.('pageshow', again);
  }
  return claimed;
}

/**
 * Calls when the name has to be asked for anew, because the page was out of sight of its own locks.
 *
 * @param {() => void} callback
 */
export function onReturn(callback) {
  asking.add(callback);
  return () => void asking.delete(callback);
}

/** Held on to, the lock would keep the page from being kept for the back button. */
function letGo() {
  release?.();
  release = undefined;
}

/** @param {any} event */
function again({ persisted }) {
  if (!persisted) return;
  claimed = claim();
  for (const callback of [...asking]) callback();
}

async function claim() {
  const kept = stored();
  if (kept !== null && (await hold(kept))) return kept;
  const made = identity();
  store(made);
  await hold(made);
  return made;
}

/** Whether the name is this tab's. Where there are no locks nobody can say, and it is. @param {string} name @returns {Promise<boolean>} */
function hold(name) {
  const locks = globalThis.navigator?.locks;
  if (typeof locks?.request !== 'function') return Promise.resolve(true);
  return new Promise((resolve) => {
    const controller = new AbortController();
    const stop = lapse(WAIT_MS, () => controller.abort());
    const held = () => {
      stop();
      resolve(true);
      return new Promise((done) => {
        release = () => done(undefined);
      });
    };
    const failed = (/** @type {any} */ error) => {
      stop();
      // A page that may have no locks has to do without.
      resolve(error?.name !== 'AbortError');
    };
    try {
      locks.request(`${KEY}/${name}`, { signal: controller.signal }, held).catch(failed);
    } catch (error) {
      failed(error);
    }
  });
}

function stored() {
  try {
    const kept = globalThis.sessionStorage?.getItem(KEY) ?? '';
    return FORM.test(kept) ? kept : null;
  } catch {
    return null;
  }
}

/** @param {string} name */
function store(name) {
  try {
    globalThis.sessionStorage?.setItem(KEY, name);
  } catch {
    // Then a reload is somebody new.
  }
}
