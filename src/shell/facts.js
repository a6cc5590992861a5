// @ts-check
// Owns the numbers by which the core is told what happened; must not know what follows. `client.rs` has them in Rust.

export const EVENT = 0;
export const MALFORMED = 1;
export const WANT_STATE = 2;
export const SEND_FAILED = 3;
export const ANSWERED = 4;
export const PAGE = 5;
export const START = 6;
export const SEND = 7;
export const CLOSE = 8;
export const RETRY = 9;
export const OPENED = 10;
export const CLOSED = 11;
export const CONSTRUCT_FAILED = 12;
export const SIBLINGS = 13;
export const TICK = 14;
export const HANDLED = 15;
export const ABORT = 16;
export const BUFFERED = 17;
export const ADOPT = 18;
export const RESTORE = 19;
export const NOT_BEFORE = 20;
/** From here on, the place of a reserved type in the wire's list. */
export const RESERVED = 21;
/** One of those. */
export const PONG = RESERVED + 1;
