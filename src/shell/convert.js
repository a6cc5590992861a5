// @ts-check
// Owns the reading of members out of what JSON made, each checked for its shape; must not know what a message means.
// What has a wrong shape is read as absent and remembered until it is asked for, once a message.

import { FEATURES, utf8Length } from './outlet.js';
import { host } from './work.js';

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
 * @param {number} longest in UTF-8
 */
function text(value, path, longest) {
  const found = at(value, path);
  return found === undefined || (typeof found === 'string' && utf8Length(found) <= longest) ? found : wrong();
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

/** How many events stand there: 0 if one of them is none. @param {any} value @param {string} path */
export const size = (value, path) => {
  const events = list(value, path);
  return events.every(isEvent) ? events.length : (wrong() ?? 0);
};

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
 * What stands for the epoch of a message; 0 for none.
 *
 * @param {any} value
 * @param {number} longest
 */
export const epoch = (value, longest) => {
  const found = text(value, 'epoch', longest);
  return found === undefined ? 0 : host.names.epoch(found);
};

/**
 * The n of the `id` of a message of ours, `<client>.<n>`; -1 for another's.
 *
 * @param {any} value
 */
export const ownNumber = (value) => {
  const found = at(value, 'id');
  const ours = `${host.client}.`;
  const digits = typeof found === 'string' && found.startsWith(ours) ? found.slice(ours.length) : '';
  return /^\d{1,15}$/.test(digits) ? Number(digits) : -1;
};

/**
 * What a nack says: 1 no, 2 not now; 0 where it makes no sense.
 *
 * @param {any} nack
 * @param {number} longest
 */
export const refusal = (nack, longest) => {
  const code = text(nack, 'code', longest);
  if (typeof (at(nack, 'message') ?? '') !== 'string') wrong();
  return code === undefined ? 0 : code === 'busy' ? 2 : 1;
};

/**
 * What stands for the `$id` of an event; 0 for none. Unlike other members, those of the envelope may be left out but not
 * null.
 *
 * @param {any} event
 * @param {number} longest
 */
export const envelopeId = (event, longest) => {
  const id = !isEvent(event) || event.$id === null ? wrong() : text(event, '$id', longest);
  return id === undefined ? 0 : host.names.fingerprint(id);
};

/** @param {any} event */
export const envelopeSeq = (event) => (event?.$seq === null ? (wrong() ?? -1) : count(event, '$seq'));

/** @param {any} event */
export const isEvent = (event) => isObject(event) && typeof event.type === 'string';
