// @ts-check
// Owns the text as which the wasm module is inlined: inlined.js reads it back; must not know where it goes.
//
// What compresses is what is like its neighbours. In a module the immediates of an instruction stand between the
// opcodes: a sequence of instructions that comes again with other locals or offsets is none that comes again. Here each
// kind of immediate is a list of its own. How a memory access is aligned is a hint that engines ignore, and is left out.

import { isDeepStrictEqual } from 'node:util';
import { inlined } from './inlined.js';
import { read } from './wasm-code.mjs';

/** @typedef {import('./wasm-code.mjs').Defined} Defined */
/** @typedef {import('./wasm-code.mjs').Immediate} Immediate */
/** @typedef {import('./wasm-code.mjs').Instruction} Instruction */
/** @typedef {import('./wasm-code.mjs').Kind} Kind */

/** The kinds of immediates that have a list, the last first: which are beside each other matters little. @type {Kind[]} */
const listed = ['call', 'i64', 'i32', 'offset', 'labels', 'label', 'locals', 'set', 'get'];

/** How often an instruction stands in the module that has its immediate with it and not in the list. @type {{ [kind in Kind]?: number }} */
const often = { call: 8, i32: 200 };

const CODE = 10;
const PLACE_OF_A_SIZE = 256;

/**
 * @param {Uint8Array} module
 * @returns {string} without quotation marks and backslashes
 */
export function inline(module) {
  const { sections, functions } = read(module);
  const instructions = functions.flatMap(({ locals, body }) => [beginning(locals), ...body.map(withoutAlignment)]);
  const place = sections.findIndex(({ id }) => id === CODE);
  const before = sections.slice(0, place).flatMap(({ id, content }) => [id, ...size(content.length), ...content]);
  const after = sections.slice(place + 1).map(({ id, content }) => [id, PLACE_OF_A_SIZE, ...content]);
  const count = leb(functions.length);
  const codeSize = instructions.reduce((sum, parts) => sum + sizeOf(parts), count.length);
  const opening = [...module.subarray(0, 8), ...before, CODE, ...size(codeSize), ...count];

  const { lists, entries } = withoutImmediates(instructions);
  const text = textOf([opening, ...entries, ...after], lists);
  verify(text, module);
  return text;
}

/** What `inlined` writes: bytes, sizes, and immediates of which each list has the next one. @typedef {(number | Immediate)[]} Parts */

/** @param {Defined['locals']} locals @returns {Parts} */
function beginning(locals) {
  const declared = locals.flatMap(({ count, type }) => [{ kind: /** @type {Kind} */ ('locals'), bytes: count }, type]);
  return [PLACE_OF_A_SIZE, ...leb(locals.length), ...declared];
}

/** @param {Instruction} instruction @returns {Parts} */
function withoutAlignment({ opcode, immediates }) {
  return [opcode, ...immediates.map((immediate) => (immediate.kind === 'align' ? 0 : immediate))];
}

/** @param {Parts[]} instructions */
function withoutImmediates(instructions) {
  const keys = instructions.map((parts) => JSON.stringify(parts.map((part) => (typeof part === 'number' ? part : [...part.bytes]))));
  const counts = countsOf(keys);
  /** @type {Map<Kind, number[]>} */
  const lists = new Map(listed.map((kind) => [kind, []]));
  const entries = instructions.map((parts, at) => {
    const count = counts.get(keys[at] ?? '') ?? 0;
    return parts.flatMap((part) => {
      if (typeof part === 'number') return part;
      const list = lists.get(part.kind);
      if (!list || count >= (often[part.kind] ?? Infinity)) return [...part.bytes];
      list.push(...part.bytes);
      return PLACE_OF_A_SIZE + 1 + listed.indexOf(part.kind);
    });
  });
  return { lists, entries };
}

/** @param {number[][]} entries @param {Map<Kind, number[]>} lists */
function textOf(entries, lists) {
  const keys = entries.map((entry) => entry.join());
  const counts = countsOf(keys);
  const distinct = [...new Map(keys.map((key, at) => [key, entries[at] ?? []]))].sort(([a], [b]) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  // One character is for what is written most often. Among themselves, those are beside each other that are alike.
  const alike = (/** @type {[string, number[]][]} */ some) => some.sort(([a], [b]) => (a < b ? -1 : 1));
  const ordered = [...alike(distinct.slice(0, 89)), ...alike(distinct.slice(89))];
  const places = new Map(ordered.map(([key], at) => [key, at + 1]));
  return [
    keys.map((key) => places.get(key) ?? 0),
    ...ordered.map(([, entry]) => entry.map((number) => (number < PLACE_OF_A_SIZE ? (number + 256 - 88) % 256 : number))),
    ...[...lists.values()].reverse(),
  ].map((list) => list.map(characters).join('')).join('~');
}

/** @param {number} number as inlined.js says */
function characters(number) {
  const place = 35 + (number % 90);
  const more = Math.floor(number / 90);
  return ' '.repeat(more >> 1) + '!'.repeat(more & 1) + String.fromCharCode(place < 92 ? place : place + 1);
}

/** That `text` comes back as a module that does the same. @param {string} text @param {Uint8Array} module */
function verify(text, module) {
  const back = inlined(text);
  if (!isDeepStrictEqual(meaning(back), meaning(module))) throw new Error('the inlined module comes back as another one');
  if (!WebAssembly.validate(back)) throw new Error('the inlined module comes back as one that is not valid');
}

/** All of a module but the alignment of its memory accesses and the sizes. @param {Uint8Array} module */
export function meaning(module) {
  const { sections, functions } = read(Uint8Array.from(module));
  return [
    sections.map(({ id, content }) => [id, ...(id === CODE ? [] : content)]),
    functions.map(({ locals, body }) => [locals, body.map(withoutAlignment)]),
  ];
}

/** @param {string[]} keys */
function countsOf(keys) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** @param {Parts} parts in bytes of the module */
function sizeOf(parts) {
  return parts.reduce((/** @type {number} */ sum, part) => sum + (typeof part !== 'number' ? part.bytes.length : part === PLACE_OF_A_SIZE ? 3 : 1), 0);
}

/** As inlined.js writes it. @param {number} number */
const size = (number) => [(number & 127) | 128, ((number >> 7) & 127) | 128, number >> 14];

/** @param {number} number @returns {number[]} */
const leb = (number) => (number > 127 ? [(number & 127) | 128, ...leb(number >> 7)] : [number]);
