// @ts-check
// Owns what validators of the Standard Schema (https://standardschema.dev, version 1) make of events; must not know what
// becomes of those that do not pass.

import { refusal } from './entry_options.js';
import { EverwireError } from './everwire_error.js';
import { warning } from './status.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {{ message: string, path?: readonly unknown[] }} Issue */
/** @typedef {(value: unknown) => any} Validate */

/** Of a validator's words, as many as a person reads. */
const MOST_ISSUES = 3;
const MOST_TEXT = 200;

const nothing = () => {};

/** @param {any} [options] */
export function schemas(options = {}) {
  if (!isObject(options)) throw refusal('schemas', 'an object');
  const { in: inbound = {}, out: outbound = {}, ...others } = options;
  for (const name of Object.keys(others)) throw refusal(name, 'is not known; schemas() has in, out');
  const incoming = read('in', inbound);
  const outgoing = read('out', outbound);
  return (/** @type {Host} */ host) => {
    const { plane, receipts } = host;
    /** Types of which was told that they do not pass: there are no more than schemas. @type {Set<string>} */
    const told = new Set();
    plane.check = (event) => {
      const validate = incoming.get(event?.type);
      if (validate === undefined) return event;
      // Its `$id` and `$seq` are then the protocol's, of which no schema knows.
      const { value, wrong } = result(validate, plane.envelope ? opened(event) : event);
      if (wrong !== undefined) refuse(host, told, event.type, wrong);
      return value;
    };
    receipts.check = (event) => {
      const validate = outgoing.get(event?.type);
      if (validate === undefined) return event;
      const { value, wrong, cause } = result(validate, event);
      if (wrong === undefined) return value;
      throw new EverwireError('invalid_event', `the event of type "${event.type}" does not pass its schema: ${wrong}`, false, cause);
    };
  };
}

/**
 * Counts an event that is not delivered.
 *
 * @param {Host} host @param {Set<string>} told @param {string} type @param {string} wrong
 */
function refuse(host, told, type, wrong) {
  host.plane.invalid++;
  // Of a client that its schema closed, what was last shown stays.
  if (host.core !== undefined) host.shown = undefined;
  host.plane.notify();
  if (told.has(type)) return;
  told.add(type);
  host.warn(warning('invalid_event', `An event of type "${type}" was not delivered: ${wrong}. Others of this type are only counted.`));
}

/**
 * @param {Validate} validate
 * @param {unknown} event
 * @returns {{ value?: any, wrong?: string, cause?: unknown }}
 */
function result(validate, event) {
  try {
    const found = validate(event);
    if (typeof found?.then === 'function') {
      found.then(nothing, nothing);
      return { wrong: 'its schema is asynchronous, which events cannot wait for' };
    }
    if (found.issues) return { wrong: words(found.issues), cause: found.issues };
    return found.value === undefined ? { wrong: 'its schema makes nothing of it' } : { value: found.value };
  } catch (cause) {
    return { wrong: 'its schema failed', cause };
  }
}

/** @param {readonly Issue[]} issues */
function words(issues) {
  const all = issues.slice(0, MOST_ISSUES).map(({ message, path }) => {
    const place = (path ?? []).map((part) => String(/** @type {any} */ (part)?.key ?? part)).join('.');
    return `${place && `${place}: `}${message}`.slice(0, MOST_TEXT);
  });
  if (issues.length > MOST_ISSUES) all.push(`and ${issues.length - MOST_ISSUES} more`);
  return all.join('; ');
}

/** An event out of its envelope. @param {any} event */
function opened(event) {
  if (event.$id === undefined && event.$seq === undefined) return event;
  const { $id, $seq, ...rest } = event;
  return rest;
}

/**
 * @param {string} name
 * @param {any} given
 */
function read(name, given) {
  if (!isObject(given)) throw refusal(name, 'an object of schemas by type');
  /** @type {Map<string, Validate>} */
  const all = new Map();
  for (const [type, schema] of Object.entries(given)) {
    const standard = schema?.['~standard'];
    if (standard?.version !== 1 || typeof standard.validate !== 'function') {
      throw refusal(`${name}.${type}`, 'a schema of the Standard Schema, version 1: of zod, valibot, arktype …');
    }
    all.set(type, (value) => standard.validate(value));
  }
  return all;
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
