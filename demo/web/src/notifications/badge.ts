// Owns the count outside of the page: its title, its icon and, where it is installed, the badge of the app.

import { element } from './view.ts';

const TITLE = document.title;
const MARK =
  '<rect width="32" height="32" rx="8" fill="#4f46e5"/><path d="M5 16h5l3-7 6 14 3-7h5" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>';
const DOT = '<circle cx="25" cy="7" r="6" fill="#e5344e" stroke="#fff" stroke-width="2"/>';

let shown: number | null = null;

export function showCount(count: number): void {
  if (count === shown) return;
  shown = count;
  document.title = count > 0 ? `(${count}) ${TITLE}` : TITLE;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${MARK}${count > 0 ? DOT : ''}</svg>`;
  if (icon) icon.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  const badge = element('count');
  badge.hidden = count === 0;
  badge.textContent = `${count} unread`;
  // Only an installed page has one; a browser that has none refuses.
  navigator.setAppBadge?.(count).catch(() => {});
}
