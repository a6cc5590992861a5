// @ts-check
// Owns the reading of members out of what JSON made, each checked for its shape; must not know what a message means.
// What has a wrong shape is read as absent and remembered until it is asked for, once a message.

import { FEATURES } from './outlet.js';

let sound = true;

/** Whether all that was read since this was last asked had its shape. */
export function wasSound() {
  const was = sound;
  sound = true;
  return was;
}

/**
 * Where `path` leads, `a.b` into an object; undefined where nothing is.
 *
 * @param {any} value
 * @param {string} path
 */
function at(value, path) {
  for (const name of path.split('.')) {
    if (value == null) break;
    if (!isObject(value)) return wrong();
    value = value[name];
  }
  return value ?? undefined;
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @returns {undefined} */
function wrong() {
  sound = false;
}

/**
 * A whole number from 0 that every reader of JSON holds exactly; -1 where there is none.
 *
 * @param {any} value
 * @param {string} path
 */
export function count(value, path) {
  const found = at(value, path);
  if (Number.isSafeInteger(found) && found >= 0) return found;
  if (found !== undefined) wrong();
  return -1;
}

/**
 * @param {any} value
 * @param {string} path
 * @param {number} longest in UTF-16 units
 */
export function text(value, path, longest) {
  const found = at(value, path);
  return found === undefined || (typeof found === 'string' && found.length <= longest) ? found : wrong();
}

/**
 * Text for a person, as much of it as a person reads.
 *
 * @param {any} value
 * @param {string} path
 */
export function prose(value, path) {
  const found = at(value, path);
  return found === undefined ? found : typeof found === 'string' ? found.slice(0, 1_024) : wrong();
}

/**
 * @param {any} value
 * @param {string} path
 */
export function flag(value, path) {
  const found = at(value, path) ?? false;
  return typeof found === 'boolean' ? found : !!wrong();
}

/**
 * @param {any} value
 * @param {string} path
 * @returns {any[]}
 */
function list(value, path) {
  const found = at(value, path) ?? [];
  return Array.isArray(found) ? found : (wrong() ?? []);
}

/** @param {any} value @param {string} path */
export const size = (value, path) => list(value, path).length;

/** @param {any} value @param {string} path @param {number} place */
export const item = (value, path, place) => list(value, path)[place];

/**
 * The features of a hello, as bits.
 *
 * @param {any} hello
 */
export const features = (hello) => {
  const names = list(hello, 'features');
  return FEATURES.reduce((bits, name, bit) => bits | (names.includes(name) ? 1 << bit : 0), 0);
};

/**
 * Who sends heartbeats, by a hello: 1 the client, 2 the server, 3 nobody; 0 where it does not say.
 *
 * @param {any} hello
 */
export const heartbeatBy = (hello) => {
  const by = text(hello, 'heartbeat.by', 6);
  const place = by === undefined ? 0 : ['client', 'server', 'none'].indexOf(by) + 1 || wrong();
  return place ?? 0;
};

/**
 * @param {any} value
 * @param {string} path
 */
export const member = (value, path) => at(value, path);

/**
 * The `$id` of an event. Unlike other members, those of the envelope may be left out but not null.
 *
 * @param {any} event
 * @param {number} longest
 */
export const envelopeId = (event, longest) =>
  !isEvent(event) || event.$id === null ? wrong() : text(event, '$id', longest);

/** @param {any} event */
export const envelopeSeq = (event) => (event?.$seq === null ? (wrong() ?? -1) : count(event, '$seq'));

/** @param {any} event */
export const isEvent = (event) => isObject(event) && typeof event.type === 'string';
