// @ts-check
// Owns the frames of the y-sync protocol, as y-websocket speaks it; must not know what an update changes.

/** What a frame says; the first five are those of `HEADS`. */
export const ASK = 0;
export const ANSWER = 1;
export const UPDATE = 2;
export const AWARENESS = 3;
export const DENIED = 4;
export const ASK_AWARENESS = 5;
export const FOREIGN = 6;

/** The numbers that begin a frame. */
const HEADS = [[0, 0], [0, 1], [0, 2], [1], [2, 0]];

const NOTHING = new Uint8Array();

/** @param {number} kind @param {Uint8Array} body */
export function frame(kind, body) {
  const head = [...(HEADS[kind] ?? [])];
  // Numbers have 7 bits a byte, the lowest first.
  let length = body.length;
  for (; length > 0x7f; length = Math.floor(length / 128)) head.push((length % 128) | 0x80);
  head.push(length);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** @param {string | ArrayBuffer} data */
export function isAnswer(data) {
  const [sync, step] = typeof data === 'string' ? [] : new Uint8Array(data, 0, Math.min(2, data.byteLength));
  return sync === 0 && step === 1;
}

/** @param {string | ArrayBuffer} data @returns {{ kind: number, body: Uint8Array }} */
export function read(data) {
  if (typeof data === 'string') throw new RangeError('a text');
  const bytes = new Uint8Array(data);
  let at = 0;
  const number = () => {
    for (let value = 0, place = 1; place < 2 ** 53; place *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte % 128) * place;
      if (byte < 128) return value;
    }
    throw new RangeError('a number without an end');
  };
  const type = number();
  if (type === 3) return { kind: ASK_AWARENESS, body: NOTHING };
  if (type > 3) return { kind: FOREIGN, body: NOTHING };
  const kind = type === 1 ? AWARENESS : number() + (type === 0 ? ASK : DENIED);
  if (kind > (type === 0 ? UPDATE : DENIED)) throw new RangeError('a step that there is not');
  const length = number();
  if (at + length > bytes.length) throw new RangeError('less than it says');
  return { kind, body: bytes.subarray(at, at + length) };
}
