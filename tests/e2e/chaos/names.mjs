// @ts-check
// Owns the name by which two sides of a ledger know the same event; must not know either side.

/** @param {any} event */
export const nameOf = ({ type, node_id: node, status, run_id: run, from, to, message, mutation }) =>
  [type, node, status, run ?? mutation?.state?.run_id, from, to, message].filter((part) => part !== undefined).join(' ');
