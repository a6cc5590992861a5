// @ts-check
// Owns what a YjsProvider is given, and refuses what it cannot take; must not know what is done with it.

import { refusal } from './entry_options.js';

/** @param {any} doc @param {any} to a client, or where to connect @param {any} options */
export function readOptions(doc, to, options) {
  if (typeof doc?.on !== 'function' || doc.store === undefined) throw refusal('doc', 'a Y.Doc');
  if (typeof options !== 'object' || options === null) throw refusal('options', 'an object');
  const { awareness, persistence, ...connection } = options;
  if (awareness !== undefined && typeof awareness?.setLocalState !== 'function') throw refusal('awareness', 'an Awareness of y-protocols');
  if (persistence !== undefined && typeof persistence?.whenSynced?.then !== 'function') throw refusal('persistence', 'what has a promise whenSynced, such as an IndexeddbPersistence of y-indexeddb');
  const given = typeof to?.snapshot === 'function';
  for (const name of given ? Object.keys(connection) : ['protocol', 'validate', 'flow'].filter((name) => name in connection)) {
    throw refusal(name, given ? 'belongs to the client' : 'is not known to a YjsProvider');
  }
  if (given && !isRaw(to)) throw refusal('client', 'one with protocol "raw"');
  return { awareness, persistence, connection, given };
}

/** @param {any} given what is said of the heartbeat, where there is one */
export function checkHeartbeat(given) {
  if (given !== true && (typeof given !== 'object' || given === null || 'ping' in given || 'isPong' in given)) {
    throw refusal('heartbeat', 'false, true or an object of idle, confirm, timeout, misses');
  }
}

/** Whether a client hands over frames as they are: it has no other types to listen to. @param {any} client */
function isRaw(client) {
  try {
    client.on('*', () => {})();
    return false;
  } catch {
    return true;
  }
}
