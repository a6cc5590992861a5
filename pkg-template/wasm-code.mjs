// @ts-check
// Owns the reading of a module into sections, functions, instructions and their immediates; must not know what for.
//
// Only what compiled Rust contains is known here, and anything else is refused by name.

/** @typedef {'align' | 'offset' | 'get' | 'set' | 'call' | 'i32' | 'i64' | 'label' | 'labels' | 'locals' | 'other'} Kind of an immediate */
/** @typedef {{ kind: Kind, bytes: Uint8Array }} Immediate */
/** @typedef {{ opcode: number, immediates: Immediate[] }} Instruction */
/** @typedef {{ locals: { count: Uint8Array, type: number }[], body: Instruction[] }} Defined a function */
/** @typedef {{ id: number, content: Uint8Array }} Section */
/** @typedef {{ sections: Section[], functions: Defined[] }} Module */

const CODE = 10;

/** The opcodes that are followed by nothing. @type {[from: number, to: number][]} */
const bare = [[0x00, 0x01], [0x05, 0x05], [0x0b, 0x0b], [0x0f, 0x0f], [0x1a, 0x1b], [0x45, 0xc4], [0xd1, 0xd1]];

/** @type {{ [opcode: number]: Kind[] }} */
const known = {
  0x02: ['other'], 0x03: ['other'], 0x04: ['other'], // The type of a block.
  0x0c: ['label'], 0x0d: ['label'],
  0x10: ['call'], 0x11: ['other', 'other'],
  0x20: ['get'], 0x21: ['set'], 0x22: ['set'],
  0x23: ['other'], 0x24: ['other'], 0x25: ['other'], 0x26: ['other'], // Of a global, of a table.
  0x3f: ['other'], 0x40: ['other'],
  0x41: ['i32'], 0x42: ['i64'],
  0xd0: ['other'], 0xd2: ['other'],
};
for (let load = 0x28; load <= 0x3e; load++) known[load] = ['align', 'offset'];

/** What follows 0xfc and a number: conversions, and what is done to memories and tables. */
const followed = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

/** @param {Uint8Array} bytes @returns {Module} */
export function read(bytes) {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  if (!header.every((byte, at) => bytes[at] === byte)) throw new Error('no wasm module');
  const from = reader(bytes.subarray(header.length));
  const sections = [];
  /** @type {Defined[]} */
  let functions = [];
  while (!from.atEnd()) {
    const [id = 0] = from.take(1);
    const content = from.take(valueOf(from.leb()));
    sections.push({ id, content });
    if (id === CODE) functions = readFunctions(reader(content));
  }
  return { sections, functions };
}

/** @param {Reader} from */
function readFunctions(from) {
  const functions = Array.from({ length: valueOf(from.leb()) }, () => readFunction(reader(from.take(valueOf(from.leb())))));
  if (!from.atEnd()) throw new Error('bytes after the last function');
  return functions;
}

/** @param {Reader} from @returns {Defined} */
function readFunction(from) {
  const locals = Array.from({ length: valueOf(from.leb()) }, () => ({ count: from.leb(), type: from.take(1)[0] ?? 0 }));
  const body = [];
  while (!from.atEnd()) body.push(readInstruction(from));
  return { locals, body };
}

/** @param {Reader} from @returns {Instruction} */
function readInstruction(from) {
  const [opcode = 0] = from.take(1);
  /** @type {(kind: Kind) => Immediate} */
  const immediate = (kind) => ({ kind, bytes: from.leb() });
  const kinds = known[opcode];
  if (kinds) {
    const immediates = kinds.map(immediate);
    // Of more than 16 bytes: what is not an alignment, but says which memory.
    if (kinds[0] === 'align' && valueOf(immediates[0]?.bytes ?? new Uint8Array()) > 4) throw new Error(`unknown opcode ${hex(opcode)} with a memory`);
    return { opcode, immediates };
  }
  if (bare.some(([first, last]) => opcode >= first && opcode <= last)) return { opcode, immediates: [] };
  if (opcode === 0x43 || opcode === 0x44) return { opcode, immediates: [{ kind: 'other', bytes: from.take(opcode === 0x43 ? 4 : 8) }] };
  if (opcode === 0x0e) {
    const count = immediate('other');
    return { opcode, immediates: [count, ...Array.from({ length: valueOf(count.bytes) + 1 }, () => immediate('labels'))] };
  }
  if (opcode === 0xfc) {
    const which = immediate('other');
    const more = followed[valueOf(which.bytes)];
    if (more === undefined) throw new Error(`unknown opcode 0xfc ${valueOf(which.bytes)}`);
    return { opcode, immediates: [which, ...Array.from({ length: more }, () => immediate('other'))] };
  }
  throw new Error(`unknown opcode ${hex(opcode)}`);
}

/** @typedef {ReturnType<typeof reader>} Reader */

/** @param {Uint8Array} bytes */
function reader(bytes) {
  let at = 0;
  /** @param {number} count */
  const take = (count) => {
    if (at + count > bytes.length) throw new Error('the module ends too early');
    return bytes.subarray(at, (at += count));
  };
  const leb = () => {
    let count = 1;
    while ((bytes[at + count - 1] ?? 0) > 127) count++;
    return take(count);
  };
  return { take, leb, atEnd: () => at === bytes.length };
}

/** Of an unsigned LEB128 number. @param {Uint8Array} leb */
function valueOf(leb) {
  return leb.reduceRight((value, byte) => value * 128 + (byte & 127), 0);
}

/** @param {number} opcode */
const hex = (opcode) => `0x${opcode.toString(16).padStart(2, '0')}`;
