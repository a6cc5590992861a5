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
 * A whole number from 0 that every reader of JSON holds exactly.
 *
 * @param {any} value
 * @param {string} path
 */
export function count(value, path) {
  const found = at(value, path);
  return found === undefined || (Number.isSafeInteger(found) && found >= 0) ? found : wrong();
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
export function list(value, path) {
  const found = at(value, path) ?? [];
  return Array.isArray(found) ? found : (wrong() ?? []);
}

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
export const envelopeId = (event, longest) => {
  const id = !isEvent(event) || event.$id === null ? wrong() : text(event, '$id', longest);
  return id === undefined ? 0 : fingerprint(id);
};

const key = Math.random() * 2 ** 32;

/** 53 bits that stand for an id (cyrb53). @param {string} id */
function fingerprint(id) {
  let h1 = 0xdeadbeef ^ key;
  let h2 = 0x41c6ce57 ^ key;
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    h1 = Math.imul(h1 ^ unit, 2654435761);
    h2 = Math.imul(h2 ^ unit, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507) ^ Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507) ^ Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return 4294967296 * (2097151 & h2) + (h1 >>> 0) || 1;
}

/** @param {any} value @param {string} client */
export function ownNumber(value, client) {
  const id = text(value, 'id', 128);
  if (id === undefined || !id.startsWith(client + '.')) return undefined;
  const digits = id.slice(client.length + 1);
  return /^\d{1,16}$/.test(digits) ? +digits : undefined;
}

/** @param {any} nack */
export const isBusy = (nack) => text(nack, 'code', 128) === 'busy';

/** @type {string[]} */
const epochs = [];

/** @param {any} value @param {number} longest */
export function epochNumber(value, longest) {
  const epoch = text(value, 'epoch', longest);
  return epoch === undefined ? 0 : epochs.indexOf(epoch) + 1 || epochs.push(epoch);
}

/** @param {number} number */
export const epochText = (number) => epochs[number - 1];

/** @param {any} event */
export const envelopeSeq = (event) => (event?.$seq === null ? wrong() : count(event, '$seq'));

/** @param {any} event */
export const isEvent = (event) => isObject(event) && typeof event.type === 'string';
