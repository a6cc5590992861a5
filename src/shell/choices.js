// @ts-check
// Owns the walk over the options object of the constructor; must not know what is allowed.

import { EverwireError } from './everwire_error.js';

/** The options that have options of their own. */
const GROUPS = ['backoff', 'breaker', 'heartbeat', 'queue', 'reserved'];

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every option that was given, with its group before a dot. */
export class Given {
  /**
   * @param {any} url
   * @param {any} [options]
   */
  constructor(url, options = {}) {
    if (typeof url !== 'string' && typeof url !== 'function' && !(url instanceof URL)) {
      throw new EverwireError('invalid_url', 'the url is a string, a URL, or a function that returns one or promises it');
    }
    if (!isObject(options)) throw new EverwireError('invalid_option', 'option "options": an object');
    this.url = url;
    /** @type {[name: string, value: any][]} */
    this.entries = [];
    this.walk('', options);
    this.length = this.entries.length;
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
      else this.entries.push([name, value]);
    }
  }

  /** @param {number} index */
  name(index) {
    return this.entries[index]?.[0];
  }

  /** @param {number} index */
  value(index) {
    return this.entries[index]?.[1];
  }

  /**
   * The value as a word for what it is: `number`, `boolean`, `string`, `function`, `strings`, or anything else.
   *
   * @param {number} index
   */
  kind(index) {
    const value = this.value(index);
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? 'strings' : typeof value;
  }
}
