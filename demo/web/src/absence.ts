// Owns what the others see of somebody without a network, by how long it has lasted. Must not know who that is.

export interface Absence {
  /** What the others are shown. */
  readonly seen: 'here' | 'offline' | 'gone';
  readonly note: string;
  /** How much of the grace is over, 0 to 1. */
  readonly part: number;
}

/**
 * @param since when the network was cut, milliseconds since 1970; null while there is one.
 * @param grace how long a lost connection is no leave, in milliseconds.
 */
export function absence(since: number | null, now: number, grace: number): Absence {
  if (since === null) return { seen: 'here', note: 'The others see you here.', part: 0 };
  const part = Math.min(Math.max((now - since) / grace, 0), 1);
  if (part === 1) return { seen: 'gone', note: 'The grace is over: to the others you have left. Coming back is a join.', part };
  const left = Math.ceil((grace - Math.max(now - since, 0)) / 1_000);
  return { seen: 'offline', note: `The others see you offline. Back within ${left} s, you never left.`, part };
}
