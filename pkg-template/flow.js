// @ts-check
// Owns what may be left out of a flood, by the type of the events; must not know when there is one.

import { refusal } from './entry_options.js';
import { report } from './everwire_error.js';

/** @typedef {{ key?: string | ((event: any) => unknown), droppable?: boolean }} Rule */

/** @param {any} rules */
export function thin(rules) {
  if (!isObject(rules)) throw refusal('flow', 'an object of { key, droppable } by type');
  /** @type {Map<string, Rule>} */
  const all = new Map();
  for (const [type, rule] of Object.entries(rules)) all.set(type, read(`flow.${type}`, rule));
  return (/** @type {any} */ event) => {
    const rule = all.get(event?.type);
    return rule && { key: keyOf(rule.key, event), droppable: rule.droppable };
  };
}

/** Of one type only: another one may have the same key. @param {Rule['key']} key @param {any} event */
function keyOf(key, event) {
  try {
    // What every object inherits is no field of the event.
    const value = typeof key !== 'string' ? key?.(event) : Object.hasOwn(event, key) ? event[key] : undefined;
    if (typeof value?.then === 'function') throw refusal(`flow.${event.type}.key`, 'a function that answers at once, not a promise');
    const text = JSON.stringify(value) ?? 'null';
    return text === 'null' ? undefined : `${JSON.stringify(event.type)}${text}`;
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** @param {string} name @param {any} given */
function read(name, given) {
  if (!isObject(given)) throw refusal(name, 'an object of key and droppable');
  const { key, droppable, ...others } = given;
  for (const other of Object.keys(others)) throw refusal(`${name}.${other}`, 'is not known; there are key, droppable');
  if (key !== undefined && typeof key !== 'string' && typeof key !== 'function') throw refusal(`${name}.key`, 'the name of a field, or a function of the event');
  if (droppable !== undefined && typeof droppable !== 'boolean') throw refusal(`${name}.droppable`, 'false or true');
  return { key, droppable };
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
