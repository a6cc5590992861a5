// @ts-check
// Owns a way to reference servers that ends a stream after so many events or bytes of it, and the page that takes it; must
// not know what is right.

import { createServer, request } from 'node:http';
import { Transform } from 'node:stream';
import { bundled } from './bundle.mjs';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */

/** So soon after its last byte a connection is broken that the page has it, in milliseconds. */
const BREATH = 20;

/** The end of an event, as the reference server writes it. */
const EVENT_END = '\n\n';

/** How many bytes of `piece` may pass, where `most` events may, and how many they are. @param {Buffer} piece @param {number} most */
function bytesOf(piece, most) {
  let events = 0;
  for (let at = 0; events < most; events += 1) {
    const end = piece.indexOf(EVENT_END, at);
    if (end === -1) return { bytes: piece.length, events };
    at = end + EVENT_END.length;
    if (events + 1 === most) return { bytes: at, events: most };
  }
  return { bytes: 0, events };
}

/**
 * Servers by name, each as the ports of its processes, which take turns. A request names a server by `at`; its stream ends
 * after `cut` events (or bytes, by `unit=bytes`) the first `times` times that its `key` is asked for.
 */
export class StreamFront {
  port = 0;
  /** @type {Record<string, (() => number)[]>} */
  servers = {};
  /** What the page may ask for at `/test/<name>`. @type {Record<string, (url: URL) => unknown>} */
  actions = {};
  /** How often each key was asked for. @type {Map<string, number>} */
  asked = new Map();
  /** The paths that were asked for. @type {string[]} */
  paths = [];

  /** @param {string} script */
  constructor(script) {
    this.script = script;
    this.listener = createServer((asked, answer) => void this.#answer(asked, answer));
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @param {IncomingMessage} asked @param {ServerResponse} answer */
  async #answer(asked, answer) {
    const url = new URL(asked.url ?? '/', this.origin);
    const action = this.actions[url.pathname.slice('/test/'.length)];
    if (url.pathname.startsWith('/test/') && action) {
      const said = await Promise.resolve(action(url)).catch((error) => ({ error: String(error) }));
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said ?? null));
    } else if (url.pathname.startsWith('/api/')) {
      this.#pass(url, asked, answer);
    } else {
      const [type, body] = url.pathname === '/page.js' ? ['text/javascript', this.script] : ['text/html', '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/page.js"></script>'];
      answer.writeHead(200, { 'content-type': type }).end(body);
    }
  }

  /** @param {URL} url @param {IncomingMessage} asked @param {ServerResponse} answer */
  #pass(url, asked, answer) {
    this.paths.push(url.pathname);
    const given = Object.fromEntries(['at', 'key', 'cut', 'times', 'unit'].map((name) => [name, url.searchParams.get(name)]));
    for (const name of Object.keys(given)) url.searchParams.delete(name);
    const key = given['key'] ?? '';
    const before = this.asked.get(key) ?? 0;
    this.asked.set(key, before + 1);
    const ports = this.servers[given['at'] ?? ''] ?? Object.values(this.servers)[0] ?? [];
    const port = ports[before % ports.length]?.();
    const isCut = given['cut'] !== null && before < Number(given['times'] ?? 1);
    const onward = request({ host: '127.0.0.1', port, method: asked.method, path: url.pathname + url.search, headers: asked.headers });
    onward.once('error', () => answer.destroy());
    onward.once('response', (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      answer.flushHeaders();
      const pieces = response.pipe(impatient());
      if (isCut) cut(pieces, answer, { left: Number(given['cut']), isBytes: given['unit'] === 'bytes' });
      else pieces.pipe(answer);
      response.once('error', () => answer.destroy());
    });
    answer.once('close', () => onward.destroy());
    asked.pipe(onward);
  }
}

/** What the server says about delays is left out: it is not what is shown here, and hundreds of cuts would take minutes. */
function impatient() {
  let isFirst = true;
  return new Transform({
    transform(piece, _, done) {
      done(null, isFirst ? Buffer.from(piece.toString('latin1').replace(/^retry: \d+\n/, ''), 'latin1') : piece);
      isFirst = false;
    },
  });
}

/** @param {Transform} pieces @param {ServerResponse} answer @param {{ left: number, isBytes: boolean }} how */
function cut(pieces, answer, { left, isBytes }) {
  let over = false;
  const end = () => {
    over = true;
    setTimeout(() => answer.destroy(), BREATH);
  };
  if (left === 0) return end();
  pieces.on('data', (/** @type {Buffer} */ piece) => {
    if (over) return;
    const { bytes, events } = isBytes ? { bytes: Math.min(left, piece.length), events: Math.min(left, piece.length) } : bytesOf(piece, left);
    left -= events;
    answer.write(piece.subarray(0, bytes), () => left === 0 && !over && end());
  });
  pieces.once('end', () => over || answer.end());
}

/**
 * A front of its own for one test, with a page whose script is `source`.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} source
 */
export async function startFront(t, source) {
  const front = new StreamFront(await bundled(source));
  await new Promise((listening) => front.listener.listen(0, '127.0.0.1', () => listening(null)));
  front.port = /** @type {import('node:net').AddressInfo} */ (front.listener.address()).port;
  t.after(() => {
    front.listener.closeAllConnections();
    front.listener.close();
  });
  return front;
}
