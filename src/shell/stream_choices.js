// @ts-check
// Owns the reading of a stream's options beside those that the core knows; must not know what they are for.

import { Given } from './choices.js';

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value */
const isText = (value) => typeof value === 'string';
/** @param {unknown} value */
const isFunction = (value) => typeof value === 'function';
/** @param {any} value */
const isHeaders = (value) => isObject(value) || Array.isArray(value);
/** @param {any} value */
const isBody = (value) => isText(value) || value instanceof ArrayBuffer || ArrayBuffer.isView(value);

/** Whoever has a stored end has it at hand. */
const PATIENCE_MS = 4_000;
/** The default of `connectTimeout`. */
const CONNECT_MS = 10_000;

export class StreamGiven extends Given {
  /**
   * @param {any} url
   * @param {any} [options]
   */
  constructor(url, options) {
    super(url, options);
    // A stream has no protocol that could be chosen.
    this.known = [];
    if (options?.protocol !== undefined) this.entries.set('protocol', options.protocol);
    this.method = this.text('method', 'GET').toUpperCase();
    this.repeatable = this.method === 'GET' || this.method === 'HEAD';
    this.token = this.source('token', isText, 'a string');
    this.headers = this.source('headers', isHeaders, 'an object of strings, pairs of them');
    this.body = this.source('body', isBody, 'a string or bytes');
    this.bySource = this.choice('transport', 'fetch eventsource') === 1;
    this.credentials = ['same-origin', 'include', 'omit'][this.choice('credentials', 'same-origin include omit')];
    this.lastEventId = this.text('lastEventId', '');
    const isList = (/** @type {any} */ value) => Array.isArray(value) && value.every(isText);
    /** @type {string[]} */
    this.terminal = this.take('terminal', ['completed', 'failed'], isList, 'an array of types; the first of them means that all went well');
    this.done = this.text('done', '[DONE]');
    this.asText = this.choice('parse', 'json text') === 1;
    this.recover = this.take('recover', undefined, (value) => isText(value) || isFunction(value) || value instanceof URL, 'a url, or a function');
    /** How long `recover` may take, in milliseconds. The core refuses what is no time. */
    this.patience = Math.min(PATIENCE_MS, (options?.connectTimeout ?? CONNECT_MS) / 2);
    this.signal = this.take('signal', undefined, (value) => isFunction(value?.addEventListener), 'an AbortSignal');
    if (this.bySource) {
      const one = ['method', 'headers', 'body', 'token'].find((name) => options[name] !== undefined);
      if (one !== undefined) this.forbid(one, 'needs the transport "fetch": an EventSource has a url and nothing else');
    }
  }

  /** @param {string} name @param {string} otherwise */
  text(name, otherwise) {
    return this.take(name, otherwise, isText, 'a string');
  }

  /**
   * A value, or a function that is asked for each attempt.
   *
   * @param {string} name @param {(value: any) => boolean} isValue @param {string} allowed
   */
  source(name, isValue, allowed) {
    const value = this.take(name, undefined, (value) => isFunction(value) || isValue(value), `${allowed}, or a function that returns one or promises it`);
    this.renewable ||= isFunction(value);
    return value;
  }

  /** @param {string} name @param {string} why */
  forbid(name, why) {
    this.entries.set(name, null);
    this.take(name, undefined, () => false, why);
  }
}
