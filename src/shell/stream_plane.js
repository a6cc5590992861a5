// @ts-check
// Owns what the handlers of a stream get, and the place of what they have seen; must not know where it comes from.

import { DataPlane } from './data_plane.js';

/** A data plane whose events have ids. */
export class StreamPlane extends DataPlane {
  /** Of the last event that handlers got: those that wait in a flood come after it. */
  lastEventId = '';

  /** @param {any} event @param {any} [found] */
  deliver(event, found) {
    // Handlers may close the stream.
    this.lastEventId = event.id;
    super.deliver(event, found);
  }
}

/** Objects and lists as what they are, and everything else as the text it is: a part of a text may be `1` or `null`. @param {string} text */
export function parsed(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
