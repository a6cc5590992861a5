// @ts-check
// Owns the numbers of the facts that only a stream has; must not know what follows. `stream.rs` has them in Rust.

/** With the status, and in bits: the media type, what `shouldReconnect` says, whether `Retry-After` is a date. */
export const RESPONDED = 40;
export const NAMED_RETRY = 41;
export const COMMENT = 42;
export const TOO_LONG = 43;
/** With the place of its type among those that end a stream. */
export const TERMINAL = 44;
export const RECOVERED = 45;
export const IMPOSSIBLE = 46;
/** With what `shouldReconnect` says. */
export const UNSEEN = 47;

/** The media type of an answer. */
export const EVENT_STREAM = 1;
export const HTML = 2;
/** What `shouldReconnect` says of an end. */
export const YES = 1 << 2;
export const NO = 2 << 2;
export const DATE = 1 << 4;
