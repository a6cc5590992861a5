// @ts-check
// Owns the reading of the constructor's arguments, and the refusal of what is not allowed; must not know which options
// there are: it is asked for each by name, and what nobody asked for is unknown.

import { EverwireError } from './everwire_error.js';
import { utf8Length } from './outlet.js';
import { DATA, isData } from './raw.js';

/** The options that have options of their own. */
const GROUPS = ['backoff', 'breaker', 'heartbeat', 'queue', 'reserved'];

/** The reserved types, in the order of the wire's list. */
const RESERVED = ['ping', 'pong', 'hello', 'ack', 'nack', 'reply', 'resync_request', 'resync', 'goaway'];

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const isText = (value) => typeof value === 'string';
/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';

/** Every option that was given, with its group before a dot. */
export class Given {
  /**
   * @param {any} url
   * @param {any} [options]
   */
  constructor(url, options = {}) {
    if (!isText(url) && !isFunction(url) && !(url instanceof URL)) {
      throw new EverwireError('invalid_url', 'the url is a string, a URL, or a function that returns one or promises it');
    }
    if (!isObject(options)) throw refusal('options', 'an object');
    this.url = url;
    /** @type {Map<string, any>} what nobody asked for yet */
    this.entries = new Map();
    this.walk('', options);
    /** @type {string[]} */
    this.known = [];
    /** @type {EverwireError | undefined} */
    this.refusal = undefined;
    this.renewable = isFunction(url);
    /** @type {import('./raw.js').Raw | undefined} */
    this.raw = undefined;
    /** What is said beside the application's messages: 0 the protocol, 1 nothing but a ping of its own, 2 nothing. */
    this.wire = this.choice('protocol', 'everwire raw');
    if (this.wire > 0) {
      const isPing = (/** @type {any} */ value) => isFunction(value) || isData(value);
      const ping = this.take('heartbeat.ping', undefined, isPing, `${DATA}, or a function that returns one`);
      this.raw = { ping, isPong: this.callback('heartbeat.isPong'), asked: false };
      if (ping === undefined) this.wire = 2;
    }
  }

  /**
   * @param {string} group
   * @param {object} options
   */
  walk(group, options) {
    for (const [member, value] of Object.entries(options)) {
      const name = group + member;
      if (value === undefined) continue;
      if (isObject(value) && GROUPS.includes(name)) this.walk(`${name}.`, value);
      else this.entries.set(name, value);
    }
  }

  /**
   * @template T
   * @param {string} name
   * @param {T} otherwise what it is where nothing, or nothing sensible, was given
   * @param {(value: any) => boolean} isAllowed
   * @param {string} allowed
   * @returns {T}
   */
  take(name, otherwise, isAllowed, allowed) {
    this.known.push(name);
    const value = this.entries.get(name);
    this.entries.delete(name);
    if (value === undefined) return otherwise;
    if (isAllowed(value)) return value;
    this.refusal ??= refusal(name, allowed);
    return otherwise;
  }

  /** @param {string} name @param {number} least @param {number} most @param {number} otherwise */
  whole(name, least, most, otherwise) {
    const isAllowed = (/** @type {any} */ value) => Number.isInteger(value) && value >= least && value <= most;
    return this.take(name, otherwise, isAllowed, `a whole number from ${least} to ${most}`);
  }

  /** @param {string} name @param {string} words */
  choice(name, words) {
    const all = words.split(' ');
    return all.indexOf(this.take(name, all[0] ?? '', (value) => all.includes(value), `one of "${all.join('", "')}"`));
  }

  /** @param {string} group */
  wants(group) {
    return this.take(group, true, (value) => typeof value === 'boolean', 'false, true or an object');
  }

  protocols() {
    const isList = (/** @type {any} */ value) => Array.isArray(value) && value.every(isText);
    return this.provider('protocols', 'a string, an array of strings', isList);
  }

  token() {
    return this.provider('token', 'a string', () => false);
  }

  /**
   * @param {string} name
   * @param {string} allowed
   * @param {(value: any) => boolean} isAlso
   */
  provider(name, allowed, isAlso) {
    const isAllowed = (/** @type {any} */ value) => isText(value) || isFunction(value) || isAlso(value);
    const value = this.take(name, undefined, isAllowed, `${allowed}, or a function that returns one or promises it`);
    this.renewable ||= isFunction(value);
    return value;
  }

  /** @param {string} name @param {string} [allowed] */
  callback(name, allowed = 'a function') {
    return this.take(name, undefined, isFunction, allowed);
  }

  /** The names of the reserved types on the wire. */
  names() {
    /** @type {string[]} */
    const names = [];
    const isName = (/** @type {any} */ value) => isText(value) && value !== '' && utf8Length(value) <= 64;
    for (const type of RESERVED) names.push(this.take(`reserved.${type}`, type, isName, 'a string of 1 to 64 bytes'));
    const taken = RESERVED.find((type, place) => names[place] !== type && names.filter((name) => name === names[place])[1]);
    if (taken !== undefined) this.refusal ??= refusal(`reserved.${taken}`, 'two reserved types cannot have one name');
    return names;
  }

  /** What is to be said of what is not allowed, or unknown. */
  refuse() {
    for (const name of this.entries.keys()) {
      this.refusal ??= refusal(name, `is not known; there are ${this.known.join(', ')}`);
    }
    return this.refusal;
  }
}

/** @param {string} name @param {string} allowed */
const refusal = (name, allowed) => new EverwireError('invalid_option', `option "${name}": ${allowed}`);
