// Owns what this browser remembers of what was read. Must not know notices.

const KEY = 'everwire.notices.read';

export function readKeys(): readonly string[] {
  try {
    return parsed(localStorage.getItem(KEY));
  } catch {
    // Storage can be forbidden; what was read is then forgotten with the page.
    return [];
  }
}

export function rememberRead(keys: readonly string[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(keys));
  } catch {
    // As above.
  }
}

/** Tells what another tab remembers. */
export function watchRead(told: (keys: readonly string[]) => void): void {
  addEventListener('storage', ({ key, newValue }) => {
    if (key === KEY) told(parsed(newValue));
  });
}

/** What is stored may be of anybody: what is no list of texts is nothing. */
function parsed(text: string | null): readonly string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter((key) => typeof key === 'string') : [];
  } catch {
    return [];
  }
}
