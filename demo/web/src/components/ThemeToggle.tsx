// Owns the choice between light, dark and the system's. Must not know any colour.

import { useState } from 'react';
import { Icon, type IconName } from './Icon.tsx';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };
const KEY = 'everwire.theme';

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? 'system';
  } catch {
    // Storage can be forbidden; the theme then lasts as long as the page.
    return 'system';
  }
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Called before the first render, so that nobody sees the other theme flash. */
export function applyStoredTheme(): void {
  apply(stored());
}

export function ThemeToggle() {
  const [theme, setTheme] = useState(stored);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  const choose = () => {
    setTheme(next);
    apply(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // As above.
    }
  };
  return (
    <button
      type="button"
      className="button button-icon button-quiet"
      data-testid="theme"
      onClick={choose}
      aria-label={`Theme: ${theme}. Switch to ${next}.`}
      title={`Theme: ${theme}`}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
