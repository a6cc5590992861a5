// Owns the button that goes through the themes. Must not know what they are.

import { useState } from 'react';
import type { IconName } from '../icons.ts';
import { chooseTheme, nextTheme, storedTheme, type Theme } from '../theme.ts';
import { Icon } from './Icon.tsx';

const ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

export function ThemeToggle() {
  const [theme, setTheme] = useState(storedTheme);
  const next = nextTheme(theme);
  const choose = () => {
    setTheme(next);
    chooseTheme(next);
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
