// @ts-check
// Owns the form in which the application sees what is known of a connection; must not know how it is known.

/**
 * @param {string} state @param {boolean} final @param {number} attempt @param {number | undefined} retryAt
 * @param {string | undefined} code @param {string} message @param {number} closeCode 0 for none
 * @param {string} freshness @param {number | undefined} rtt @param {number | undefined} heardAt
 * @param {number} queued @param {number} queuedBytes @param {number} inFlight
 * @param {string} continuity @param {string} peer @param {number} connects
 */
export function snapshot(
  state, final, attempt, retryAt, code, message, closeCode, freshness, rtt, heardAt,
  queued, queuedBytes, inFlight, continuity, peer, connects,
) {
  return Object.freeze({
    state,
    final,
    attempt,
    retryAt: retryAt ?? null,
    reason: code === undefined ? null : Object.freeze({ code, message, closeCode: closeCode || null }),
    freshness,
    rtt: rtt ?? null,
    heardAt: heardAt ?? null,
    queued,
    queuedBytes,
    inFlight,
    continuity,
    peer,
    connects,
  });
}

/** @param {string} code @param {string} message */
export const warning = (code, message) => Object.freeze({ code, message });
