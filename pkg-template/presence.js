// @ts-check
// Owns the entry for presence: its options, its one instance of the wasm, and what an application holds of a room; must not
// know what is said to the server, or when.

import { choicesOf, isFunction, isName, isWhole, refusal } from './entry_options.js';
import { EverwireError } from './everwire_error.js';
import { loaderOf } from './load_inlined.js';
import { sizeOf } from './outlet.js';
import { initSync, Pacer, Room as Core } from './presence_core.js';
import { pointerFrom } from './presence_pointer.js';
import { Room } from './presence_room.js';
import { canonical, isObject } from './presence_voice.js';
import { text } from './presence_wasm.js';

export { EverwireError } from './everwire_error.js';

/** Bytes of a state. */
const MOST_STATE = 4_096;

const load = /* @__PURE__ */ loaderOf(initSync, text);

/** Which rooms a client is in: each once. @type {WeakMap<object, Set<string | undefined>>} */
const taken = new WeakMap();

/** @type {import('./entry_options.js').Table} */
const OPTIONS = {
  state: [undefined, () => true, ''],
  throttle: [100, (value) => isWhole(value, 0, 10_000), 'a whole number from 0 to 10000'],
  grace: [5_000, (value) => isWhole(value, 0, 60_000), 'a whole number from 0 to 60000'],
  idle: [300_000, (value) => value === false || isWhole(value, 1_000, 86_400_000), 'a whole number from 1000 to 86400000, or false'],
  userId: [undefined, isName, 'a string of 1 to 128 bytes'],
  onWarning: [undefined, isFunction, 'a function'],
};

class Presence {
  /** @type {Room} */
  #room;
  /** @type {() => void} */
  #leave;

  /** @param {Room} room @param {() => void} leave */
  constructor(room, leave) {
    this.#room = room;
    this.#leave = leave;
  }

  get room() {
    return this.#room.name;
  }

  get client() {
    return this.#room.client;
  }

  /** Null as long as nobody can say. */
  get supported() {
    const standing = this.#room.standing();
    return standing & 1 ? (standing & 2) !== 0 : null;
  }

  get synced() {
    return (this.#room.standing() & 4) !== 0;
  }

  get refused() {
    return this.#room.refused;
  }

  me() {
    return this.#room.view.me();
  }

  members() {
    return this.#room.view.members();
  }

  others() {
    return this.#room.view.others();
  }

  /** @param {string} id */
  member(id) {
    const { slots, view } = this.#room;
    const me = view.me();
    return id === me.userId ? me : view.shown.get(slots.get(id) ?? -1);
  }

  /** @param {any} next a state, or a function that makes it of the one before */
  set(next) {
    const room = this.#room;
    if (room.left) return;
    const text = textOf(typeof next === 'function' ? next(room.state) : next);
    const state = JSON.parse(text);
    // Another order of fields is no news. The state before may have been changed in place.
    if (room.text === undefined || canonical(state) !== canonical(JSON.parse(room.text))) room.set(state, text);
  }

  /** @param {any} first @param {any} [second] */
  subscribe(first, second) {
    return this.#room.view.subscribe(first, second);
  }

  /** @param {any} change @param {any} handler */
  on(change, handler) {
    return this.#room.view.on(change, handler);
  }

  leave() {
    this.#leave();
  }
}

/**
 * @param {any} client
 * @param {any} [room]
 * @param {any} [options]
 */
export function presence(client, room, options) {
  if (isObject(room) && options === undefined) [room, options] = [undefined, room];
  if (typeof client?.on !== 'function' || typeof client.snapshot !== 'function') throw refusal('client', 'a client of everwire');
  if (room !== undefined && !isName(room)) throw refusal('room', 'a string of 1 to 128 bytes');
  const choices = read(options ?? {});
  const rooms = taken.get(client) ?? new Set();
  if (rooms.has(room)) {
    throw new EverwireError('already_joined', 'this client is in that room: use what presence() returned, or leave() it first');
  }
  load();
  const made = new Room(client, room, choices, (...given) => new Core(...given));
  taken.set(client, rooms.add(room));
  return new Presence(made, () => {
    if (!made.left) rooms.delete(room);
    made.leave();
  });
}

export const pointer = /* @__PURE__ */ pointerFrom((every) => new Pacer(every));

/** @param {any} given */
function read(given) {
  const choices = choicesOf('presence', OPTIONS, given);
  if (choices.idle === false) choices.idle = Infinity;
  choices.text = choices.state === undefined ? undefined : textOf(choices.state);
  choices.state = JSON.parse(choices.text ?? '{}');
  return choices;
}

/** A state as it travels. @param {any} state */
function textOf(state) {
  /** @type {string | undefined} */
  let text;
  try {
    text = isObject(state) ? JSON.stringify(state) : undefined;
  } catch {}
  if (text === undefined || !text.startsWith('{')) throw new EverwireError('bad_state', 'a state is an object that can be turned into JSON');
  const bytes = sizeOf(text);
  if (bytes > MOST_STATE) throw new EverwireError('bad_state', `a state has at most ${MOST_STATE} bytes as JSON, and this one has ${bytes}`);
  return text;
}
