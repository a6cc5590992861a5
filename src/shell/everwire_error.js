// @ts-check
// Owns the one error class and how errors of the application's functions are reported; must not know who throws.

export class EverwireError extends Error {
  /**
   * @param {string} code stable, for programs
   * @param {string} message for people: says what to do
   * @param {boolean} [retryable] whether the same call may succeed later
   * @param {unknown} [cause]
   */
  constructor(code, message, retryable = false, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EverwireError';
    this.code = code;
    this.retryable = retryable;
  }
}

/**
 * Tells the page of an error of the application's as if nobody had caught it, and harms nobody else.
 *
 * @param {unknown} error
 */
export function report(error) {
  if (typeof reportError === 'function') reportError(error);
  else
    setTimeout(() => {
      throw error;
    });
}
