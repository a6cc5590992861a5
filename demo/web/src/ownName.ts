// Owns the name that a person wrote for themselves, for every page of this browser. Must not know who is told.

import { cleanName } from './person.ts';

const KEY = 'everwire.name';
const listeners = new Set<() => void>();
let lasting = '';

/** Empty where nobody wrote one. */
export function ownName(): string {
  try {
    return cleanName(localStorage.getItem(KEY));
  } catch {
    // Storage can be forbidden; the name then lasts as long as the page.
    return lasting;
  }
}

export function rename(name: string): void {
  lasting = cleanName(name);
  try {
    if (lasting === '') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, lasting);
  } catch {
    // As above.
  }
  for (const listener of listeners) listener();
}

/** Calls after each change, in this page and in others. */
export function onRename(listener: () => void): () => void {
  const elsewhere = ({ key }: StorageEvent) => {
    if (key === KEY || key === null) listener();
  };
  listeners.add(listener);
  addEventListener('storage', elsewhere);
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', elsewhere);
  };
}
