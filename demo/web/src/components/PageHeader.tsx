// Owns the bar at the top of a small page: which pages there are, and the theme.

import { ThemeToggle } from './ThemeToggle.tsx';

const PAGES = [
  { id: 'run', href: '/', word: 'Run' },
  { id: 'notifications', href: '/notifications/', word: 'Notifications' },
  { id: 'answer', href: '/answer/', word: 'Answers' },
  { id: 'room', href: '/room/', word: 'Room' },
] as const;

export function PageHeader({ current }: { current: (typeof PAGES)[number]['id'] }) {
  return (
    <header className="page-header">
      <a className="page-brand" href="/" aria-label="everwire, to the run">
        <svg className="brand-mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" fill="var(--accent)" />
          <path d="M5 16h5l3-7 6 14 3-7h5" fill="none" stroke="var(--on-accent)" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
      </a>
      <nav className="page-nav" aria-label="Pages">
        {PAGES.map(({ id, href, word }) => (
          <a key={id} href={href} aria-current={id === current ? 'page' : undefined}>
            {word}
          </a>
        ))}
      </nav>
      <ThemeToggle />
    </header>
  );
}
