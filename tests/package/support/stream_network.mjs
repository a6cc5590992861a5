// @ts-check
// Owns a server of event streams made of objects, in the place of `fetch` and `EventSource`; must not know what is tested.

/** Every request for a stream since the last `forget()`, in order. @type {Exchange[]} */
export const exchanges = [];

/** What other requests (`recover`) are answered. @type {((request: Request) => Response | Promise<Response>) | null} */
let answerOthers = null;

/** @param {(request: Request) => Response | Promise<Response>} answer */
export const answer = (answer) => void (answerOthers = answer);

export function forget() {
  exchanges.splice(0);
  sources.splice(0);
  answerOthers = null;
}

/** Those that nobody has given up. */
export const living = () => exchanges.filter(({ request, over }) => !over && !request.signal.aborted);

/** The newest request. */
export function newest() {
  const exchange = exchanges.at(-1);
  if (!exchange) throw new Error('nothing was asked for');
  return exchange;
}

const encoder = new TextEncoder();

/** A request and its answer. */
export class Exchange {
  over = false;
  /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
  controller = undefined;

  /** @param {Request} request */
  constructor(request) {
    this.request = request;
    /** @type {Promise<Response>} */
    this.answered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    request.signal.addEventListener('abort', () => {
      const error = new DOMException('aborted', 'AbortError');
      this.reject?.(error);
      if (!this.over) this.controller?.error(error);
      this.over = true;
    });
  }

  /** @param {string} name */
  header(name) {
    return this.request.headers.get(name);
  }

  /** The stream begins. @param {number} [status] @param {Record<string, string>} [headers] */
  async accept(status = 200, headers = {}) {
    const body = new ReadableStream({ start: (controller) => void (this.controller = controller) });
    this.resolve?.(new Response(body, { status, headers: { 'content-type': 'text/event-stream; charset=utf-8', ...headers } }));
    await settled();
  }

  /** @param {number} status @param {Record<string, string>} [headers] @param {string | null} [body] */
  async refuse(status, headers = {}, body = null) {
    this.over = true;
    this.resolve?.(new Response(body, { status, headers }));
    await settled();
  }

  /** @param {string | Uint8Array} chunk */
  async send(chunk) {
    this.controller?.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
    await settled();
  }

  /** The answer is complete. */
  async end() {
    this.over = true;
    this.controller?.close();
    await settled();
  }

  /** The network breaks. */
  async cut() {
    this.over = true;
    if (this.controller) this.controller.error(new TypeError('network error'));
    else this.reject?.(new TypeError('network error'));
    await settled();
  }
}

/** Every `EventSource` since the last `forget()`. @type {FakeSource[]} */
export const sources = [];

class FakeSource extends EventTarget {
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {(() => void) | null} */
  onerror = null;
  readyState = 0;

  /** @param {string | URL} url @param {{ withCredentials?: boolean }} [options] */
  constructor(url, options) {
    super();
    this.url = String(url);
    this.options = options;
    sources.push(this);
  }

  close() {
    this.readyState = 2;
  }

  /** @param {string} type @param {string} data @param {string} id */
  tell(type, data, id) {
    this.dispatchEvent(new MessageEvent(type, { data, lastEventId: id }));
  }
}

/** Lets every task that is due run. */
export const settled = () => new Promise((done) => setTimeout(done, 2));

Object.assign(globalThis, {
  EventSource: FakeSource,
  /** @param {Request | string} request @param {RequestInit} [init] */
  fetch(request, init) {
    const asked = new Request(request, init);
    if (!(request instanceof Request)) {
      const aborted = new Promise((_, reject) => asked.signal.addEventListener('abort', () => reject(asked.signal.reason)));
      return Promise.race([answerOthers?.(asked) ?? new Response(null, { status: 404 }), aborted]);
    }
    const exchange = new Exchange(asked);
    exchanges.push(exchange);
    return exchange.answered;
  },
});
