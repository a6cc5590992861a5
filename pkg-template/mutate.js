// @ts-check
// Owns optimistic updates: what is shown at once, under which key it is sent, and when it is taken back; must not know how a
// client works: it is given one, and uses what every application may use.

import { choicesOf, isFunction, isName, MOST_NAME, refusal } from './entry_options.js';
import { EverwireError, report } from './everwire_error.js';

/** Fields that are somebody else's. */
const TAKEN = ['type', '$id', '$seq', '$again'];

/** Those whose end is not known, by client and key. @type {WeakMap<object, Map<string, Promise<any>>>} */
const pending = new WeakMap();

/** What the client reads for itself. @type {import('./entry_options.js').Table[string]} */
const SENDING = [undefined, (value) => value !== null, 'what send() takes'];

/** @type {import('./entry_options.js').Table} */
const OPTIONS = {
  apply: [undefined, isFunction, 'a function'],
  rollback: [undefined, isFunction, 'a function'],
  onUnknown: ['keep', (value) => value === 'keep' || value === 'rollback', 'one of "keep", "rollback"'],
  field: ['idempotency_key', (value) => isName(value) && !TAKEN.includes(value), 'the name of a field, of 1 to 128 bytes, that is nobody else\'s'],
  priority: SENDING,
  ttl: SENDING,
  signal: SENDING,
  persist: SENDING,
};

/**
 * @param {any} client
 * @param {any} key
 * @param {any} event
 * @param {any} [options]
 */
export function mutate(client, key, event, options = {}) {
  const { apply, rollback, onUnknown, field, ...others } = choicesOf('mutate', OPTIONS, options);
  // To a client an option without a value is still an option, and not every client has all.
  const sending = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  if (!isName(key)) throw refusal('key', `a string of 1 to ${MOST_NAME} bytes`);
  const keyed = withKey(event, field, key);
  const open = openOf(client);
  const before = open.get(key);
  if (before !== undefined) return before;

  /** @type {(outcome: any) => void} */
  let fulfil = () => {};
  /** @type {(error: unknown) => void} */
  let reject = fulfil;
  const promise = new Promise((yes, no) => ([fulfil, reject] = [yes, no]));
  // Nobody has to look at it.
  promise.catch(() => {});
  // Known before the application's functions run: they may ask for the same.
  open.set(key, promise);

  let applied;
  const takeBack = (/** @type {unknown} */ error) => {
    try {
      rollback?.(applied, error);
    } catch (cause) {
      report(cause);
    }
  };
  const failed = (/** @type {unknown} */ error) => {
    open.delete(key);
    reject(error);
    return error;
  };

  try {
    applied = apply?.();
  } catch (error) {
    throw failed(error);
  }
  let receipt;
  try {
    receipt = client.send(keyed, { ...sending, ack: true });
  } catch (error) {
    takeBack(error);
    throw failed(error);
  }
  receipt.settled.then((/** @type {any} */ outcome) => {
    // Before anybody is told: whoever hears of the end may try the same key again.
    open.delete(key);
    if (outcome.fate === 'acked' || outcome.fate === 'sent') return fulfil(outcome);
    const error = errorOf(outcome);
    if (outcome.fate !== 'unknown' || onUnknown === 'rollback') takeBack(error);
    reject(error);
  });
  return promise;
}

/** @param {{ fate: string, code: string | null, message: string | null }} outcome */
function errorOf({ fate, code, message }) {
  if (fate === 'unknown') {
    const error = new EverwireError('unknown', `the server may have applied it or not: ${message ?? ''}`, true);
    return Object.assign(error, { fate, reason: code });
  }
  // What the server refused it will refuse again; all else never reached it.
  const retryable = fate !== 'rejected' || code === 'queue_full';
  return Object.assign(new EverwireError(code ?? fate, message ?? `it ended ${fate}`, retryable), { fate, reason: code });
}

/** @param {any} client @returns {Map<string, Promise<any>>} */
function openOf(client) {
  let open = pending.get(client);
  if (open === undefined) pending.set(client, (open = new Map()));
  return open;
}

/** @param {any} event @param {string} field @param {string} key */
function withKey(event, field, key) {
  if (isFunction(event?.toJSON)) event = event.toJSON();
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new EverwireError('invalid_event', 'an event is an object with a string "type" of its own');
  if (Object.hasOwn(event, field) && event[field] !== key) throw new EverwireError('invalid_event', `the field "${field}" is for the key`);
  return { ...event, [field]: key };
}
