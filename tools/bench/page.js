// @ts-check
// In a browser: the price of an inbound event, from the socket's message event to the end of the
// handlers, for everwire and for the least that a page can do. Both get the same frames, on real
// open sockets, by turns; the time that everwire defers to timers and frames is counted too.

import { connect } from 'everwire';

const eventsPerRound = 640;
const rounds = 400;
const warmUp = 100;

/** @type {WebSocket[]} */
const sockets = [];
window.WebSocket = class extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    sockets.push(this);
  }
};

let deferred = 0;
for (const name of /** @type {const} */ (['requestAnimationFrame', 'setTimeout', 'queueMicrotask'])) {
  const original = /** @type {Function} */ (window[name]).bind(window);
  /** @type {any} */ (window)[name] = (/** @type {Function} */ callback, /** @type {unknown[]} */ ...rest) =>
    original((/** @type {unknown[]} */ ...args) => {
      const from = performance.now();
      callback(...args);
      deferred += performance.now() - from;
    }, ...rest);
}
const nextTask = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = resolve;
  port2.postMessage(null);
});

run().then(
  (result) => Object.assign(window, { result }),
  (error) => Object.assign(window, { result: { error: String(error?.stack ?? error) } }),
);

async function run() {
  const url = `ws://${location.host}/stream`;
  let counted = 0;

  /** @type {Map<string, (event: any) => void>} */
  const handlers = new Map([['node_state', () => (counted += 1)]]);
  const bare = new WebSocket(url);
  await new Promise((resolve) => (bare.onopen = resolve));
  bare.onmessage = ({ data }) => {
    const frame = JSON.parse(data);
    if (!Array.isArray(frame)) handlers.get(frame.type)?.(frame);
    else for (const event of frame) handlers.get(event.type)?.(event);
  };

  const client = connect(url);
  client.on('node_state', () => (counted += 1));
  while ((await (await fetch('/hellos')).json()) < 1) await nextTask();
  const ours = sockets[1];
  if (!ours) throw new Error('everwire opened no WebSocket');

  let seq = 0;
  /** @param {number} perFrame */
  const frames = (perFrame) => {
    const all = [];
    for (let made = 0; made < eventsPerRound; made += perFrame) {
      const events = Array.from({ length: perFrame }, () => {
        seq += 1;
        return { type: 'node_state', node_id: `node-${seq % 50}`, status: 'running', output: 'x'.repeat(30), $seq: seq };
      });
      all.push(JSON.stringify(perFrame === 1 ? events[0] : events));
    }
    return all;
  };
  /** Milliseconds per round. @param {WebSocket} socket @param {string[]} texts */
  const time = async (socket, texts) => {
    counted = 0;
    deferred = 0;
    const messages = texts.map((data) => new MessageEvent('message', { data }));
    const from = performance.now();
    for (const message of messages) socket.dispatchEvent(message);
    const inPlace = performance.now() - from;
    const patience = performance.now() + 2_000;
    while (counted < eventsPerRound && performance.now() < patience) await nextTask();
    if (counted !== eventsPerRound) throw new Error(`${counted} of ${eventsPerRound} events arrived`);
    return inPlace + deferred;
  };

  /** @type {Record<string, { floor: number, everwire: number, ratio: number, low: number, high: number }>} */
  const result = {};
  for (const perFrame of [1, 32]) {
    const floors = [];
    const own = [];
    for (let round = 0; round < rounds + warmUp; round += 1) {
      const texts = frames(perFrame);
      const oursFirst = round % 2 === 0;
      const first = await time(oursFirst ? ours : bare, texts);
      const second = await time(oursFirst ? bare : ours, texts);
      if (round < warmUp) continue;
      own.push(oursFirst ? first : second);
      floors.push(oursFirst ? second : first);
    }
    const ratios = blocks(own, floors);
    result[perFrame] = {
      floor: (middle(floors) / eventsPerRound) * 1_000,
      everwire: (middle(own) / eventsPerRound) * 1_000,
      ratio: middle(own) / middle(floors),
      low: quantile(ratios, 0.1),
      high: quantile(ratios, 0.9),
    };
  }
  return result;
}

/** How much the ratio varies within the run: of the middles of twenty rounds each.
 * @param {number[]} own @param {number[]} floors */
function blocks(own, floors) {
  const ratios = [];
  for (let at = 0; at < own.length; at += 20) {
    ratios.push(middle(own.slice(at, at + 20)) / middle(floors.slice(at, at + 20)));
  }
  return ratios;
}

/**
 * The mean of the middle half. A median would do where the clock is finer: that of Firefox counts in steps of a tenth of a
 * round.
 *
 * @param {number[]} values
 */
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b).slice(values.length / 4, -values.length / 4);
  return sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
}

/** @param {number[]} values @param {number} at */
function quantile(values, at) {
  return [...values].sort((a, b) => a - b)[Math.floor(at * (values.length - 1))] ?? NaN;
}
