// @ts-check
// Owns the checks in which everwire's own client talks to the server; must not know raw frames.

import { isDeepStrictEqual } from 'node:util';
import { WebSocket } from 'ws';
import { NotChecked, must, until } from '../check.mjs';
import { openProxy } from '../proxy.mjs';

/** @typedef {import('../run.mjs').Run} Run */

/** What a handshake has to say, by the port of its way. @type {Map<string, import('ws').ClientOptions>} */
const handshakes = new Map();

/** The `WebSocket` of clients here: the server sees the name it is called by, whatever way a connection takes. */
class NamedWebSocket extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols, handshakes.get(new URL(url).port) ?? {});
    // A socket that its client gave up may still fail.
    this.on('error', () => {});
  }
}

/**
 * A message that wants to be acknowledged, and how to find out how often it was published since.
 *
 * @param {Run} run
 * @param {import('everwire').Client} client
 */
async function sendForAck(run, client) {
  const from = (await run.witness()).mark;
  const { message, isIt } = run.publisher.message();
  const receipt = client.send(message, { ack: true });
  const timesPublished = async () => {
    const times = await run.timesPublished(isIt, from);
    run.publisher.advance();
    return times;
  };
  return { message, receipt, timesPublished };
}

/** An event as the application sees it. @param {any} event */
const bare = ({ $seq, $id, ...event }) => event;

/**
 * A real client, on a way that can be cut.
 *
 * @param {Run} run
 * @param {{ wantsState?: boolean }} [options]
 */
async function realClient(run, { wantsState = false } = {}) {
  const { url, origin, token } = run.options;
  const proxy = await openProxy(url);
  const near = new URL(url);
  const port = String(proxy.port);
  handshakes.set(port, { headers: { host: near.host }, ...(origin === undefined ? {} : { origin }) });
  [near.protocol, near.hostname, near.port] = ['ws:', '127.0.0.1', port];
  Object.assign(globalThis, { WebSocket: NamedWebSocket });
  const { connect } = await import('everwire').catch(() => {
    throw new NotChecked('the package everwire is not installed here: make conformance installs it');
  });
  const events = /** @type {any[]} */ ([]);
  const warnings = /** @type {string[]} */ ([]);
  const resyncs = /** @type {any[]} */ ([]);
  const client = connect(near.href, {
    backoff: { base: 100 },
    onWarning: ({ code }) => warnings.push(code),
    ...(token === undefined ? {} : { token }),
  });
  client.on('*', (event) => events.push(event));
  if (wantsState) client.on('resync', (resync) => resyncs.push(resync));
  const becomes = async (/** @type {string} */ what, /** @type {() => unknown} */ holds) => {
    const isSo = await until(holds, run.patience + 4_000);
    must(Boolean(isSo), what, client.snapshot());
  };
  const end = () => {
    client.close({ drain: 0 });
    proxy.close();
    handshakes.delete(port);
  };
  return { client, events, warnings, resyncs, proxy, becomes, end };
}

/** @param {Run} run @param {(real: Awaited<ReturnType<typeof realClient>>) => Promise<void>} use @param {{ wantsState?: boolean }} [options] */
async function withClient(run, use, options) {
  const real = await realClient(run, options);
  try {
    await real.becomes('a connection', () => real.client.state === 'open' && (!run.facts.has('hello') || real.client.snapshot().peer === 'everwire'));
    await use(real);
    const bad = real.warnings.filter((code) => code === 'malformed_frame' || code === 'senseless_message');
    must(bad.length === 0, 'a conversation', `the client warns: ${bad.join(', ')}`);
  } finally {
    real.end();
  }
}

/** @type {import('../check.mjs').Group} */
export const client = {
  feature: 'the client itself',
  about: 'the npm package everwire, talking to this server',
  checks: [
    {
      name: 'client-connects',
      requires: 'The client connects and stays.',
      section: '§3',
      needs: [],
      make: (run) =>
        withClient(run, async (real) => {
          await run.settled(await run.witness());
          must(real.client.snapshot().connects === 1, 'a connection', real.client.snapshot());
        }),
    },
    {
      name: 'client-events',
      requires: 'The client is given every event once, in order.',
      section: '§7',
      needs: ['event'],
      make: (run) =>
        withClient(run, async (real) => {
          await run.settled(await run.witness());
          const told = await run.publish(3);
          await real.becomes('three events', () => real.events.length >= 3);
          const wanted = told.map(bare);
          const came = real.events.map(bare).filter((event) => !run.publisher.isMarked || wanted.some((one) => isDeepStrictEqual(one, event)));
          must(isDeepStrictEqual(came, wanted), wanted, came);
        }),
    },
    {
      name: 'client-state',
      requires: 'A client that handles states is given one when it connects.',
      section: '§8',
      needs: ['state'],
      make: (run) =>
        withClient(
          run,
          async (real) => {
            await real.becomes('a client that handles states', () => real.resyncs.length > 0);
            must(real.resyncs[0].state !== null, 'resync_request with last_seen null', real.resyncs[0]);
            must(real.client.snapshot().continuity === 'kept', 'a first connection', real.client.snapshot());
          },
          { wantsState: true },
        ),
    },
    {
      name: 'client-ack',
      requires: 'A message that wants an acknowledgement is settled by the server.',
      section: '§6',
      needs: ['ack', 'event'],
      make: (run) =>
        withClient(run, async (real) => {
          const { message, receipt, timesPublished } = await sendForAck(run, real.client);
          await real.becomes('a message with ack', () => receipt.fate === 'acked');
          must((await timesPublished()) >= 1, message, 'acked, and nothing was published');
        }),
    },
    {
      name: 'client-request',
      requires: 'A request of the client is promised its reply.',
      section: '§6',
      needs: ['ack', 'reply', 'request'],
      make: (run) =>
        withClient(run, async (real) => {
          const request = run.request();
          const data = await real.client.request(request, { timeout: run.patience + 4_000 }).catch((error) => error);
          must(!(data instanceof Error), request, data instanceof Error ? `${data.name}: ${data.message}` : data);
        }),
    },
    {
      name: 'client-cut',
      requires: 'Events of a cut reach the client afterwards, each once and in order; or a state stands for them.',
      section: '§8',
      needs: ['seq', 'event'],
      make: (run) =>
        withClient(run, async (real) => {
          await run.settled(await run.witness());
          const [first] = await run.publish();
          await real.becomes('an event', () => real.events.length > 0);
          real.proxy.cut();
          const missed = await run.publish(3);
          real.proxy.restore();
          await real.becomes('a second connection after a cut', () => real.client.state === 'open' && real.client.snapshot().connects >= 2);
          const [last] = await run.publish();
          await real.becomes('an event after a cut', () => real.events.length >= 5 || real.client.snapshot().continuity === 'restored');
          if (real.client.snapshot().continuity === 'restored') return;
          const wanted = [first, ...missed, last].map(bare);
          const came = real.events.map(bare);
          must(isDeepStrictEqual(came, wanted), { published: wanted, cut: 'during three of them' }, came);
          must(real.client.snapshot().continuity === 'kept', 'three events during a cut', real.client.snapshot());
        }),
    },
    {
      name: 'client-ack-cut',
      requires: 'A message that was under way when the connection broke is applied once.',
      section: '§6',
      needs: ['ack', 'event'],
      make: (run) =>
        withClient(run, async (real) => {
          const { receipt, timesPublished } = await sendForAck(run, real.client);
          await Promise.resolve();
          real.proxy.cut();
          real.proxy.restore();
          await real.becomes('a message with ack, and a cut', () => receipt.fate !== 'pending');
          must(receipt.fate === 'acked', 'a message with ack, and a cut', `it ended as ${receipt.fate}`);
          const times = await timesPublished();
          must(!run.publisher.isMarked || times === 1, 'a message with ack, and a cut', `it was applied ${times} times`);
        }),
    },
  ],
};
