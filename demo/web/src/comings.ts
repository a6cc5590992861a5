// Owns what is told of who came and went: the last few, and one sentence for many. Must not know how it is shown.

export type Change = 'joined' | 'left' | 'lost' | 'back';

export interface Coming {
  /** Grows with each. */
  readonly number: number;
  readonly userId: string;
  readonly name: string;
  readonly change: Change;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export const SHOWN = 6;

export const CHANGE_WORDS: Record<Change, string> = {
  joined: 'joined',
  left: 'left',
  lost: 'lost the connection',
  back: 'is back',
};

/** The newest first, and no more than are shown. */
export function remembering(before: readonly Coming[], next: Omit<Coming, 'number'>): readonly Coming[] {
  return [{ ...next, number: (before[0]?.number ?? 0) + 1 }, ...before].slice(0, SHOWN);
}

/** What a change of status means to others, if anything. */
export function changeOf(before: string | undefined, now: string): Change | null {
  if (now === 'offline' && before !== 'offline') return 'lost';
  if (before === 'offline' && (now === 'here' || now === 'away')) return 'back';
  return null;
}

/** What a reader is told of those who came and went meanwhile; a blip is not worth a word, and who came and went is none. */
export function spokenComings(told: readonly Pick<Coming, 'userId' | 'name' | 'change'>[]): string {
  const joined = new Map<string, string>();
  const left = new Map<string, string>();
  for (const { userId, name, change } of told) {
    const [mine, other] = change === 'joined' ? [joined, left] : [left, joined];
    if (change !== 'joined' && change !== 'left') continue;
    if (!other.delete(userId)) mine.set(userId, name);
  }
  const sentences = [sentence([...joined.values()], 'joined'), sentence([...left.values()], 'left')];
  return sentences.filter((text) => text !== '').join(' ');
}

function sentence(names: readonly string[], what: string): string {
  if (names.length === 0) return '';
  if (names.length > 2) return `${names.length} people ${what}.`;
  return `${names.join(' and ')} ${what}.`;
}
