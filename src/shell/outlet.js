// @ts-check
// Owns the way out of one socket: the texts of a task joined in one frame, in order; must not know what they say.

/** @typedef {import('./data_plane.js').DataPlane} DataPlane */

const BATCH_ELEMENTS = 1_000;
/** By their bits, from the lowest. */
export const FEATURES = ['batch', 'ack', 'seq', 'reply'];

export class Outlet {
  /**
   * @param {WebSocket} socket
   * @param {number} generation
   * @param {DataPlane} plane
   * @param {string} client what the `$id`s begin with
   */
  constructor(socket, generation, plane, client) {
    this.socket = socket;
    this.generation = generation;
    this.plane = plane;
    this.client = client;
    /** @type {string[]} */
    this.texts = [];
    this.bytes = 0;
    this.flushLater = () => this.flush();
  }

  /**
   * @param {string} text
   * @param {boolean} joined whether it may share a frame
   */
  push(text, joined) {
    const { plane } = this;
    if (!joined || !plane.batch) {
      this.flush();
      this.write(text);
      return;
    }
    const bytes = utf8Length(text) + 1;
    if (this.bytes + bytes >= plane.frameBytes || this.texts.length === BATCH_ELEMENTS) this.flush();
    this.bytes += bytes;
    if (this.texts.push(text) === 1) queueMicrotask(this.flushLater);
  }

  /**
   * @param {string} text of an object with a member, which begins with `{"`
   * @param {number} id the n of its `$id`; 0 for none
   * @param {boolean} again
   * @param {boolean} joined
   */
  transmit(text, id, again, joined) {
    this.push(
      id === 0 ? text : `{"$id":"${this.client}.${id}",${again ? '"$again":true,' : ''}${text.slice(1)}`,
      joined,
    );
  }

  /**
   * Says something of the protocol. A member that is undefined is left out.
   *
   * @param {number} place of its type in the wire's list
   * @param {object} members
   * @param {boolean} joined
   */
  say(place, members, joined) {
    this.push(JSON.stringify({ type: this.plane.names[place], ...members }), joined);
  }

  /** @param {any} ping whose `ts` goes back as it came */
  pong(ping) {
    this.say(1, { ts: ping.ts }, false);
  }

  /** @param {number} v @param {number} features as bits @param {string | undefined} token @param {boolean} joined */
  hello(v, features, token, joined) {
    this.say(2, { v, features: FEATURES.filter((_, bit) => (features >> bit) & 1), client: this.client, token }, joined);
  }

  /** @param {number} ts @param {boolean} joined */
  ping(ts, joined) {
    const { raw } = this.plane;
    if (raw === undefined) return this.say(0, { ts }, joined);
    raw.asked = true;
    this.write(typeof raw.ping === 'function' ? raw.ping() : raw.ping);
  }

  /** @param {string} id */
  ack(id) {
    this.say(3, { id }, true);
  }

  /** @param {number | null} lastSeen @param {string | undefined} epoch @param {boolean} joined */
  ask(lastSeen, epoch, joined) {
    this.say(6, { last_seen: lastSeen, epoch }, joined);
  }

  flush() {
    const { texts } = this;
    if (texts.length === 0) return;
    this.texts = [];
    this.bytes = 0;
    this.write(texts.length === 1 ? /** @type {string} */ (texts[0]) : `[${texts.join(',')}]`);
  }

  /** @param {string} frame */
  write(frame) {
    try {
      this.socket.send(frame);
    } catch {
      this.plane.sendFailed(this.generation);
    }
  }
}

/** In bytes. @param {any} data text, an ArrayBuffer or a view of one @returns {number} */
export const sizeOf = (data) => data.byteLength ?? utf8Length(data);

/**
 * The length in UTF-8 of text without lone surrogates, as `JSON.stringify` makes it.
 *
 * @param {string} text
 */
export function utf8Length(text) {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // A pair of surrogates is four bytes, so two for each; of the rest, three from U+0800 on.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}
