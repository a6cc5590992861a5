// Owns the questions: how one is asked, what is remembered of it, and how its end is asked for. Must not know how it looks.

import type { RecoveredEnding } from 'everwire/stream';
import { refusal } from '../answerState.ts';
import { reportError } from '../reportError.ts';

/** An answer that was asked for. */
export interface Asked {
  readonly streamId: string;
  /** Proves that the answer is ours. */
  readonly token: string;
  readonly title: string;
  /** What was there when a person stopped listening; null while somebody listens. */
  readonly stopped: string | null;
}

export interface Question {
  /** A graph's id; null for how streams work. */
  readonly about: string | null;
  readonly title: string;
  /** Milliseconds between words. */
  readonly interval: number;
}

const KEY = 'everwire.answer';

/** Asks; what was asked for, or why it was not. */
export async function ask({ about, title, interval }: Question): Promise<Asked | string> {
  try {
    const response = await fetch('/api/stream', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ work: 'answer', interval, ...(about === null ? {} : { about }) }),
    });
    const said: unknown = await response.json().catch(() => null);
    const field = (name: string) => String((said !== null && typeof said === 'object' && Reflect.get(said, name)) || '');
    if (!response.ok) return refusal(response.status, field('code'), response.headers.get('retry-after'));
    return { streamId: field('streamId'), token: field('token'), title, stopped: null };
  } catch (error) {
    reportError(error, { where: 'network' });
    return 'The server could not be reached. Check the connection and ask again.';
  }
}

export const addressOf = ({ streamId }: Asked): string => `/api/stream/${streamId}`;

/** How an answer ended, if it did; asked before each connection. */
export async function endingOf(asked: Asked): Promise<RecoveredEnding | null> {
  try {
    const response = await fetch(`${addressOf(asked)}/recover`, { headers: { authorization: `Bearer ${asked.token}` } });
    return response.ok ? ((await response.json()) as RecoveredEnding) : null;
  } catch {
    // The connection that follows says what is wrong.
    return null;
  }
}

/** The answer of before, also after a reload. */
export function remembered(): Asked | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    const text = (name: string) => (value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined);
    const [streamId, token, title, stopped] = [text('streamId'), text('token'), text('title'), text('stopped')];
    if (typeof streamId !== 'string' || typeof token !== 'string' || typeof title !== 'string') return null;
    return { streamId, token, title, stopped: typeof stopped === 'string' ? stopped : null };
  } catch {
    // Storage can be forbidden, and hold anything.
    return null;
  }
}

export function remember(asked: Asked | null): void {
  try {
    if (asked === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(asked));
  } catch {
    // Then the answer lasts as long as the page.
  }
}
