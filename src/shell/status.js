// @ts-check
// Owns the form in which the application sees what is known of a connection; must not know how it is known.

/** @typedef {ReturnType<typeof snapshot>} Snapshot */

/** @param {number} number */
const known = (number) => (number < 0 ? null : number);

/**
 * @param {string} state @param {boolean} final @param {number} attempt @param {number} retryAt -1 for none
 * @param {string} code empty for no reason @param {string} message @param {number} closeCode 0 for none
 * @param {string} freshness @param {number} rtt -1 for none @param {number} heardAt -1 for never
 * @param {number} queued @param {number} queuedBytes @param {number} inFlight
 * @param {string} continuity @param {string} peer @param {number} connects
 * @param {import('./data_plane.js').DataPlane} plane which counts what it does not deliver
 */
export function snapshot(
  state, final, attempt, retryAt, code, message, closeCode, freshness, rtt, heardAt,
  queued, queuedBytes, inFlight, continuity, peer, connects, plane,
) {
  return Object.freeze({
    state,
    final,
    attempt,
    retryAt: known(retryAt),
    reason: code === '' ? null : Object.freeze({ code, message, closeCode: closeCode || null }),
    freshness,
    rtt: known(rtt),
    heardAt: known(heardAt),
    queued,
    queuedBytes,
    inFlight,
    continuity,
    peer,
    connects,
    dropped: plane.backlog.dropped,
    conflated: plane.backlog.conflated,
    invalid: plane.invalid,
  });
}

/** @param {string} code @param {string} message */
export const warning = (code, message) => Object.freeze({ code, message });
