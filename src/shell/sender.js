// @ts-check
// Owns what the application asks of one client in the way of messages: each call's options, its promise and its signal;
// must not know what becomes of a message.

import * as fact from './facts.js';
import { answerOf, invalidOption, optionsOf } from './receipts.js';

/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./receipts.js').Receipt} Receipt */

export class Sender {
  /** @param {Host} host */
  constructor(host) {
    this.host = host;
    /** Fulfilled while more may be sent without anything having to give way for it. @type {Promise<void>} */
    this.ready = Promise.resolve();
    /** Makes it so, where it is not. @type {(() => void) | undefined} */
    this.ease = undefined;
  }

  /** @param {boolean} on whether those who send should wait */
  press(on) {
    if (on === (this.ease !== undefined)) return;
    this.ease?.();
    this.ease = undefined;
    if (on) {
      this.ready = new Promise((resolve) => {
        this.ease = resolve;
      });
    }
  }

  /**
   * Sends an event, now or when it can be; returns its receipt.
   *
   * @param {any} event
   * @param {any} options
   */
  send(event, options) {
    if (options === undefined) return this.post(event, 0);
    const { ack, priority, signal, ttl, volatile } = optionsOf('send', ['priority', 'ack', 'ttl', 'signal', 'volatile'], options);
    if (volatile && (ack || priority || ttl)) throw invalidOption('volatile', 'goes with no other but signal');
    if (ack && this.host.plane.raw) throw invalidOption('ack', 'false with protocol "raw"');
    return this.post(event, +(priority === 'high') + 4 * +!!ack + 8 * +!!volatile, signal, ttl);
  }

  /**
   * Sends an event and promises what the server replies.
   *
   * @param {any} event
   * @param {any} options
   */
  request(event, options) {
    const { priority, signal, timeout } = optionsOf('request', ['timeout', 'signal', 'priority'], options);
    if (this.host.plane.raw) throw invalidOption('protocol', 'nobody replies to request() with "raw"');
    return answerOf(this.post(event, +(priority === 'high') + 16, signal, timeout));
  }

  /**
   * Promises the next event of a type.
   *
   * @param {any} type
   * @param {any} options
   */
  expect(type, options) {
    const { signal, within } = optionsOf('expect', ['within', 'signal'], options);
    const { plane, receipts } = this.host;
    const off = plane.on(type, (/** @type {any} */ event) => {
      receipts.ended(id, true, event);
      this.host.tell(fact.ABORT, id);
    });
    const [id, receipt] = receipts.add();
    receipt.settled.then(off);
    // Nothing is sent.
    this.commit(id, receipt, 0, 2, signal, within);
    return answerOf(receipt);
  }

  /**
   * @param {any} event
   * @param {number} flags 1 for high priority, 4 for an acknowledgement, 8 for now or never, 16 for a reply
   * @param {AbortSignal} [signal]
   * @param {number} [ttl]
   */
  post(event, flags, signal, ttl) {
    const { receipts } = this.host;
    const [id, receipt] = receipts.accept(event);
    this.commit(id, receipt, receipts.bytes, flags, signal, ttl);
    return receipt;
  }

  /**
   * Tells the core of what is to end, and of the signal if that comes first.
   *
   * @param {number} id @param {Receipt} receipt @param {number} bytes @param {number} flags
   * @param {AbortSignal | undefined} signal @param {number | undefined} time
   */
  commit(id, receipt, bytes, flags, signal, time) {
    const { host } = this;
    const abort = () => host.tell(fact.ABORT, id);
    host.awake();
    if (signal?.aborted) return abort();
    host.tell(fact.SEND, id, bytes, flags, time);
    if (signal === undefined || receipt.fate !== 'pending') return;
    signal.addEventListener('abort', abort);
    receipt.settled.then(() => signal.removeEventListener('abort', abort));
  }
}
