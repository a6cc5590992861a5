// @ts-check
// In a browser: a client that sends decisions to be acknowledged and is told numbered events, and beside it one of the same
// kind that has neither, through the same faults at the same time. Each writes down what it sent and was told.
//
// The second one is an ordinary client from which the server's hello is withheld: so there is nothing it could number,
// acknowledge or ask for again.

import { connect } from 'everwire';
import { nameOf } from './names.mjs';

/** @typedef {import('./ledger.mjs').Book} Book */
/** @typedef {{ kept: string, plain: string, gates: number, plainGates: number, every: number }} Plan */

/**
 * Every so many-th message is refused: its refusal is a critical event for this page alone. So are those with which it waits
 * for the next run to begin, until so many are not settled: a server keeps only so many critical events of a client.
 */
const REFUSED = 10;
const MOST_REFUSED = 100;
/** How long everything may take to be settled once nothing fails any more, and how long what comes twice may take after it. */
const SETTLING = 60_000;
const DOUBLES = 1_500;

/** So that a fault of a second is one to the client, too, and not the patience it has by default. */
const options = {
  connectTimeout: 2_000,
  stableAfter: 250,
  backoff: { base: 100, cap: 1_000 },
  breaker: false,
  heartbeat: { idle: 1_000, confirm: 2_000, timeout: 700, misses: 2 },
  queue: { normal: 10_000, high: 1_000 },
};

const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
/** @param {string} path @returns {Promise<any>} */
const read = async (path) => (await fetch(path)).json();

/**
 * A `WebSocket` that keeps the server's hello to itself where the address asks for that. The server waits for an answer to it,
 * unless somebody asks for the state without one.
 */
class Withholding extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    if (this.url.includes('withhold')) this.addEventListener('open', () => this.send('{"type":"resync_request","last_seen":null}'));
  }

  /** @param {((event: MessageEvent) => unknown) | null} listener */
  set onmessage(listener) {
    const withholds = this.url.includes('withhold');
    super.onmessage = listener && ((event) => (withholds && /^\{[^{]*"type":"hello"/.test(event.data) ? undefined : listener(event)));
  }
}

/** @type {string[]} */
const troubles = [];
addEventListener('error', ({ message }) => void troubles.push(message));
addEventListener('unhandledrejection', ({ reason }) => void troubles.push(String(reason)));

live().then(
  () => Object.assign(window, { result: 'done' }),
  (error) => Object.assign(window, { result: String(error?.stack ?? error) }),
);

async function live() {
  /** @type {Plan} */
  const plan = await read('/plan');
  /** @type {string[]} */
  const warnings = [];
  window.WebSocket = Withholding;
  const kept = connect(plan.kept, { ...options, onWarning: ({ code }) => void warnings.push(code) });
  // Its server may fall silent before it has answered once: what the other one must not be warned of is right here.
  const plain = connect(plan.plain, { ...options, onWarning: () => {} });

  /** @type {Book} */
  const book = { events: [], sent: [], continuity: [] };
  /** @type {Book} */
  const other = { events: [], sent: [], continuity: [] };
  let numbered = 0;
  let [run, node] = [0, 0];
  /** Those to be refused that are not settled. */
  let open = 0;
  kept.on('*', (event) => {
    book.events.push({ seq: event['$seq'] ?? null, id: event['$id'] ?? null, name: nameOf(event) });
    if (event['$seq'] !== undefined) numbered++;
    if (event.type === 'dag_mutated' && event['mutation'].op === 'start') [run, node] = [run + 1, 0];
  });
  plain.on('*', (event) => other.events.push({ seq: null, id: null, name: nameOf(event) }));
  kept.subscribe(() => {
    const { continuity } = kept.snapshot();
    if (continuity !== book.continuity.at(-1)) book.continuity.push(continuity);
  });

  /** @param {typeof kept} client @param {Book} into @param {string} name @param {boolean} ack */
  const decide = (client, into, name, ack) => {
    const message = { run, node: name, fate: /** @type {string | null} */ (null), code: /** @type {string | null} */ (null) };
    const isToBeRefused = name.startsWith('w');
    open += +isToBeRefused;
    into.sent.push(message);
    const { settled } = client.send({ type: 'human_decision', node_id: name, decision: 'approve' }, { ack });
    settled.then(({ fate, code }) => {
      Object.assign(message, { fate, code });
      open -= +isToBeRefused;
    });
  };
  let tick = 0;
  const sendNext = () => {
    tick++;
    if (other.sent.length < plan.plainGates) decide(plain, other, `p${other.sent.length + 1}`, false);
    const waits = node === plan.gates;
    if (!waits && tick % REFUSED !== 0) decide(kept, book, `p${++node}`, true);
    else if (open < MOST_REFUSED) decide(kept, book, `w${tick}`, true);
  };

  await until(() => kept.snapshot().peer === 'everwire' && plain.snapshot().state === 'open', 20_000);
  await fetch('/begin', { method: 'POST' });
  await until(() => run > 0, 20_000);
  let due = performance.now();
  // However late a timer is, what was due is sent.
  const sending = setInterval(() => {
    for (; due <= performance.now(); due += plan.every) sendNext();
  }, 10);
  while (!(await read('/stand')).over) await sleep(100);
  clearInterval(sending);

  const from = performance.now();
  const refused = book.sent.filter(({ node }) => node.startsWith('w')).length;
  const isSettled = (/** @type {number} */ head) => {
    const { freshness, inFlight, queued } = kept.snapshot();
    const errors = book.events.filter(({ seq, name }) => seq === null && name.startsWith('error')).length;
    const told = numbered >= head && errors >= refused;
    return told && freshness === 'fresh' && inFlight + queued === 0 && book.sent.every(({ fate }) => fate !== null);
  };
  const inTime = await until(async () => isSettled((await read('/stand')).head), SETTLING);
  const settling = inTime ? performance.now() - from : null;
  await sleep(DOUBLES);
  const { connects } = kept.snapshot();
  const body = JSON.stringify({ kept: book, plain: other, settling, connects, warnings, troubles, last: kept.snapshot() });
  await fetch('/book', { method: 'POST', body });
}

/** Whether it became true. @param {() => unknown} ask @param {number} within */
async function until(ask, within) {
  const end = performance.now() + within;
  for (;;) {
    if (await ask()) return true;
    if (performance.now() > end) return false;
    await sleep(50);
  }
}
