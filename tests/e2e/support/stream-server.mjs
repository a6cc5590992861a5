// @ts-check
// Owns a server of event streams that cut, refuse, stall and end, and the page that asks for them; must not know what is
// right.

import { createServer } from 'node:http';
import { bundled } from './bundle.mjs';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */


/** Events of each stream that is cut, before the one that completes it. */
export const EVENTS = 6;

const HEAD = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };

/** Ids that no header could carry as they are. @param {number} n */
const idOf = (n) => `é☃𝄞 ${n}`;
/** @param {number} n */
const block = (n) => `id: ${idOf(n)}\r\ndata: {"n":${n}}\r\ndata:\r\n\r\n`;

/** What each connection begins with, without an id of its own. */
const GREETING = 'event: connected\ndata: {}\n\n';
/** How often each stream was cut. @type {Map<string, number>} */
const cuts = new Map();
const MOST_CUTS = 2;

/**
 * Sends what comes after the last id. The first times it breaks off after so many bytes of the whole.
 *
 * @param {URL} url @param {IncomingMessage} request @param {ServerResponse} response
 */
function resumable(url, request, response) {
  const header = request.headers['last-event-id'];
  const said = Buffer.from(String(header ?? ''), 'latin1').toString();
  const last = url.searchParams.get('lastEventId') ?? said;
  const from = last === '' ? 0 : Number(last.split(' ')[1]);
  response.writeHead(200, HEAD);
  const rest = Array.from({ length: EVENTS - from }, (_, at) => block(from + at + 1)).join('');
  const whole = Buffer.from(`${GREETING}${rest}event: completed\ndata: ${JSON.stringify({ after: last, said })}\n\n`);
  const key = url.searchParams.get('key') ?? '';
  const most = Number(url.searchParams.get('cut'));
  const before = cuts.get(key) ?? 0;
  cuts.set(key, before + 1);
  if (before >= MOST_CUTS) {
    response.end(whole);
  } else {
    response.write(whole.subarray(0, most), () => setTimeout(() => response.destroy(), 20));
  }
}

/** The bytes of such a stream. */
export const BYTES = Buffer.byteLength(GREETING + Array.from({ length: EVENTS }, (_, at) => block(at + 1)).join(''));

/** How often each key was asked for. @type {Map<string, number>} */
const asked = new Map();

/** Completes at once. @param {ServerResponse} response */
const complete = (response) => response.writeHead(200, HEAD).end('event: completed\ndata: {}\n\n');

/** @type {Record<string, (url: URL, request: IncomingMessage, response: ServerResponse) => void>} */
const answers = {
  '/asked': (_, __, response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(Object.fromEntries(asked))),
  // What a network's gate or a lost session answers with.
  '/private': (_, __, response) => response.writeHead(302, { location: '/login' }).end(),
  '/login': (_, __, response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html><title>Sign in</title><form method="post"><input name="password" type="password"></form>'),
  '/busy': (url, _, response) => {
    if (asked.get(url.searchParams.get('key') ?? '') !== 1) return complete(response);
    const seconds = Number(url.searchParams.get('seconds'));
    const after = url.searchParams.has('date') ? new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000).toUTCString() : String(seconds);
    response.writeHead(Number(url.searchParams.get('status')), { 'retry-after': after }).end();
  },
  '/token': (_, request, response) => (request.headers.authorization === 'Bearer new' ? complete(response) : response.writeHead(401).end()),
  '/resumable': resumable,
  '/redirected': (url, _, response) => response.writeHead(307, { location: `/resumable${url.search}` }).end(),
  '/refused': (url, _, response) => {
    const headers = JSON.parse(url.searchParams.get('headers') ?? '{}');
    response.writeHead(Number(url.searchParams.get('status')), headers).end();
  },
  '/endless': (_, request, response) => {
    response.writeHead(200, HEAD);
    response.write('data: before\n\ndata: ');
    const chunk = 'x'.repeat(1 << 16);
    const timer = setInterval(() => response.write(chunk), 1);
    request.on('close', () => clearInterval(timer));
  },
  '/silent': (_, __, response) => {
    response.writeHead(200, HEAD);
    response.write(': comment\n\n');
  },
  '/chat': (_, request, response) => {
    let text = '';
    request.on('data', (data) => (text += data));
    request.on('end', () => {
      response.writeHead(200, HEAD);
      for (const word of text.split(' ')) response.write(`data: ${JSON.stringify({ delta: `${word} ` })}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  },
  '/recover': (_, __, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'failed', terminalEventType: 'failed', terminalEventData: { why: 'ü' } })),
};

/**
 * Serves the page, whose script is `source`, beside the streams.
 *
 * @param {import('node:test').TestContext} t
 * @param {string} source
 */
export async function serveStreams(t, source) {
  const script = await bundled(source);
  cuts.clear();
  asked.clear();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://a');
    const answer = answers[url.pathname];
    const key = url.searchParams.get('key');
    if (key !== null) asked.set(key, (asked.get(key) ?? 0) + 1);
    if (answer !== undefined) return answer(url, request, response);
    const [type, body] = url.pathname === '/page.js' ? ['text/javascript', script] : ['text/html', '<!doctype html><script type="module" src="/page.js"></script>'];
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `http://127.0.0.1:${port}/`;
}
