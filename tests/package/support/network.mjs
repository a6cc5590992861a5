// @ts-check
// Owns a network made of objects: a `WebSocket` whose other end is the test; must not know what is
// said over it.

/** Every socket that was made since the last `forget()`, in order. @type {Socket[]} */
export const sockets = [];

/** What the other end does at the first moment it can, in the task in which the socket was made. @type {((socket: Socket) => void) | null} */
let greeting = null;

/** @param {(socket: Socket) => void} what */
export const greet = (what) => void (greeting = what);

export const forget = () => {
  sockets.splice(0);
  greeting = null;
};

/** Sockets that are neither closed nor closing. */
export const living = () => sockets.filter((socket) => socket.readyState <= Socket.OPEN);

/** The newest socket. */
export function newest() {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('no socket was made');
  return socket;
}

export class Socket extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  CONNECTING = 0;
  OPEN = 1;
  CLOSING = 2;
  CLOSED = 3;

  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  protocol = '';
  extensions = '';
  /** @type {string[]} */
  sent = [];
  /** @type {((event: Event) => void) | null} */
  onopen = null;
  /** @type {((event: Event) => void) | null} */
  onmessage = null;
  /** @type {((event: Event) => void) | null} */
  onerror = null;
  /** @type {((event: Event) => void) | null} */
  onclose = null;

  /**
   * @param {string | URL} url
   * @param {string | string[]} [protocols]
   */
  constructor(url, protocols = []) {
    super();
    this.url = String(url);
    this.protocols = protocols;
    for (const type of ['open', 'message', 'error', 'close']) {
      this.addEventListener(type, (event) => /** @type {any} */ (this)[`on${type}`]?.(event));
    }
    sockets.push(this);
    queueMicrotask(() => greeting?.(this));
  }

  /** @param {string} text */
  send(text) {
    if (this.readyState === 0) throw new DOMException('still connecting', 'InvalidStateError');
    if (this.readyState === 1) this.sent.push(text);
  }

  close(code = 1005) {
    if (this.readyState > 1) return;
    this.readyState = 2;
    this.closedWith = code;
  }

  // The other end.

  accept() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  /** @param {unknown[]} events each in a frame of its own */
  deliver(...events) {
    for (const event of events) this.receive(JSON.stringify(event));
  }

  /** @param {string} data */
  receive(data) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '', wasClean: code !== 1006 }));
  }

  /** What the application sent, without what the protocol says on its own. */
  messages() {
    const own = ['ping', 'pong', 'hello', 'ack', 'resync_request'];
    return this.sent.flatMap((text) => JSON.parse(text)).filter(({ type }) => !own.includes(type));
  }
}
