// @ts-check
// Owns the comparison of what a page wrote down with what the server's log says; must not know how either came about.

import { decidedGates } from '../support/witness.mjs';
import { nameOf } from './names.mjs';

/** A message of a page: a decision about a gate of a run, and what the page was told of its end. @typedef {{ run: number, node: string, fate: string | null, code: string | null }} Sent */
/** @typedef {{ seq: number | null, id: string | null, name: string }} Told */
/** What a page wrote down, in order. @typedef {{ events: Told[], sent: Sent[], continuity: string[] }} Book */
/** What is wrong, in words. @typedef {{ lost: string[], doubled: string[], disordered: string[] }} Account */

/** Decisions about gates that do not exist are refused, and that is told by a critical event. @param {Sent} sent */
const isToBeRefused = ({ node }) => node.startsWith('w');

/** Of the messages: acknowledged and not applied, never settled, applied twice, applied in another order. @param {Book} book @param {readonly any[]} log @returns {Account} */
export function accountOfMessages({ sent }, log) {
  const account = newAccount();
  const applied = decidedGates(log).flatMap((nodes, run) => nodes.filter((node) => node.startsWith('p')).map((node) => `${run + 1} ${node}`));
  const counts = countsOf(applied);
  for (const message of sent) {
    const name = `${message.run} ${message.node}`;
    const times = counts.get(name) ?? 0;
    const end = `${name}: ${message.fate ?? 'never settled'} ${message.code ?? ''}`.trim();
    if (isToBeRefused(message)) {
      if (message.fate !== 'rejected' || message.code !== 'not_waiting') account.lost.push(end);
    } else if (times > 1 || (times === 1 && message.code === 'not_waiting')) {
      // The server refuses what it has applied before.
      account.doubled.push(end);
    } else if (times === 0 || message.fate !== 'acked') {
      account.lost.push(end);
    }
  }
  const order = new Map(sent.map(({ run, node }, index) => [`${run} ${node}`, index]));
  outOfOrder(applied, (name) => order.get(name) ?? -1, account);
  return account;
}

/** Of the numbered events: never told, told twice, told in another order; and of the refusals, which have no number. @param {Book} book @param {readonly any[]} log @returns {Account} */
export function accountOfEvents({ events, sent }, log) {
  const account = newAccount();
  const seqOf = new Map(log.filter(({ $id }) => $id !== undefined).map(({ $id, $seq }) => [$id, $seq]));
  // The repeat of a critical event comes without its number.
  const numbers = events.map(({ seq, id }) => seq ?? seqOf.get(id) ?? null);
  const counts = countsOf(numbers);
  log.forEach((event, index) => {
    const times = counts.get(index + 1) ?? 0;
    if (times === 0) account.lost.push(`${index + 1} ${nameOf(event)}`);
    if (times > 1) account.doubled.push(`${index + 1} ${nameOf(event)}`);
  });
  events.forEach(({ name }, index) => {
    const seq = numbers[index];
    if (seq !== null && seq !== undefined && nameOf(log[seq - 1] ?? {}) !== name) account.lost.push(`${seq}: ${name} instead`);
  });
  outOfOrder(numbers.filter((seq) => seq !== null), (seq) => seq, account);

  const refusals = countsOf(events.filter((_, index) => numbers[index] === null).map(({ name }) => /"(w\d+)"/.exec(name)?.[1] ?? name));
  for (const { node } of sent.filter(isToBeRefused)) {
    const times = refusals.get(node) ?? 0;
    if (times === 0) account.lost.push(`error of ${node}`);
    if (times > 1) account.doubled.push(`error of ${node}`);
  }
  return account;
}

/** What a page without acknowledgements and numbers missed, of what it sent and of what it should have been told. @param {Book} book @param {readonly any[]} log */
export function missed({ events, sent }, log) {
  const applied = new Set(decidedGates(log).flat());
  const told = new Set(events.map(({ name }) => name));
  return {
    messages: sent.filter(({ node }) => !applied.has(node)).length,
    events: log.filter((event) => !told.has(nameOf(event))).length,
  };
}

/** @returns {Account} */
const newAccount = () => ({ lost: [], doubled: [], disordered: [] });

/** @template T @param {readonly T[]} all @returns {Map<T, number>} */
function countsOf(all) {
  const counts = new Map();
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

/** @template T @param {readonly T[]} all @param {(each: T) => number} place @param {Account} account */
function outOfOrder(all, place, account) {
  let last = -1;
  for (const each of all) {
    if (place(each) < last) account.disordered.push(String(each));
    last = Math.max(last, place(each));
  }
}
