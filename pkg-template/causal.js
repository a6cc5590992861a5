// @ts-check
// Owns the entry for causal order; must not know how it is kept.

export { causal } from './causal_channel.js';
export { VectorClock } from './vector_clock.js';
