// Owns assertions that the compiler makes; must not know what is asserted.

/** Whether two types are one, `any` and optionality included. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for `true`. */
export function holds<_ extends true>(): void {}
