// @ts-check
// Owns the listeners for what the browser says of the page and the network; must not know what follows. All of it is
// optional: a worker has no document, Node has neither.

/** @typedef {(event: number) => void} Tell */

// Places in the core's `PageEvent::ALL`.
const ONLINE = 0;
const OFFLINE = 1;
const VISIBLE = 2;
const HIDDEN = 3;
/** @type {Record<string, number>} */
const MEANING = { online: ONLINE, offline: OFFLINE, freeze: 4, resume: 5, pagehide: 6, pageshow: 7, focus: 8, change: 9 };

const visibility = () => (globalThis.document?.hidden ? HIDDEN : VISIBLE);

export class Watch {
  /** @param {Tell} tell */
  constructor(tell) {
    this.tell = tell;
    const { document, navigator } = globalThis;
    /** @type {[EventTarget | undefined, string[]][]} */
    this.places = [
      [globalThis, ['online', 'offline', 'pagehide', 'pageshow', 'focus']],
      [document, ['visibilitychange', 'freeze', 'resume']],
      [/** @type {any} */ (navigator)?.connection, ['change']],
    ];
    for (const [place, events] of this.places) {
      for (const event of events) place?.addEventListener?.(event, this);
    }
  }

  /** @param {Event} event */
  handleEvent({ type }) {
    this.tell(MEANING[type] ?? visibility());
  }

  release() {
    for (const [place, events] of this.places) {
      for (const event of events) place?.removeEventListener?.(event, this);
    }
  }
}

/** @param {Tell} tell */
export function tellHowThingsStand(tell) {
  tell(globalThis.navigator?.onLine === false ? OFFLINE : ONLINE);
  tell(visibility());
}
