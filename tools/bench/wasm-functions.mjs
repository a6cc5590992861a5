// @ts-check
// Reads the size and the name of each function from a wasm module.

const importSection = 2;
const codeSection = 10;
const functionNames = 1;

/** @param {Uint8Array} module @returns {{ name: string, bytes: number }[]} */
export function functionSizes(module) {
  let imported = 0;
  /** @type {number[]} */
  let sizes = [];
  /** @type {Map<number, string>} */
  let names = new Map();
  const reader = new Reader(module, 8);
  while (!reader.done) {
    const id = reader.byte();
    const section = reader.slice(reader.number());
    if (id === importSection) imported = importedFunctions(section);
    if (id === codeSection) sizes = bodies(section);
    if (id === 0 && section.text() === 'name') names = readNames(section);
  }
  return sizes.map((bytes, index) => ({ name: names.get(imported + index) ?? `function ${imported + index}`, bytes }));
}

class Reader {
  /** @param {Uint8Array} bytes @param {number} at */
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get done() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++] ?? 0;
  }

  /** An unsigned LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** @param {number} length */
  slice(length) {
    const part = new Reader(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return part;
  }

  text() {
    return new TextDecoder().decode(this.slice(this.number()).bytes);
  }
}

/** @param {Reader} section */
function importedFunctions(section) {
  let functions = 0;
  for (let left = section.number(); left > 0; left -= 1) {
    section.text();
    section.text();
    const kind = section.byte();
    if (kind === 0) {
      functions += 1;
      section.number();
    } else if (kind === 3) {
      section.slice(2);
    } else if (kind === 4) {
      section.slice(1);
      section.number();
    } else {
      if (kind === 1) section.byte();
      const hasMaximum = (section.byte() & 1) === 1;
      section.number();
      if (hasMaximum) section.number();
    }
  }
  return functions;
}

/** @param {Reader} section */
function bodies(section) {
  return Array.from({ length: section.number() }, () => {
    const size = section.number();
    section.slice(size);
    return size;
  });
}

/** @param {Reader} section */
function readNames(section) {
  /** @type {Map<number, string>} */
  const names = new Map();
  while (!section.done) {
    const id = section.byte();
    const part = section.slice(section.number());
    if (id !== functionNames) continue;
    for (let left = part.number(); left > 0; left -= 1) names.set(part.number(), part.text());
  }
  return names;
}
