// Owns the elements of the page of notifications. Must not know where what they show comes from.

import { type IconName, PATHS } from '../icons.ts';
import type { Inbox, Notice } from '../inbox.ts';
import type { StreamView } from '../streamWords.ts';
import { chooseTheme, nextTheme, storedTheme, type Theme } from '../theme.ts';

const LOOKS: Record<Notice['kind'], { readonly icon: IconName; readonly tone: string }> = {
  started: { icon: 'play', tone: 'blue' },
  waiting: { icon: 'hand', tone: 'amber' },
  completed: { icon: 'check', tone: 'green' },
  failed: { icon: 'cross', tone: 'red' },
  cancelled: { icon: 'stop', tone: 'grey' },
  over_budget: { icon: 'clock', tone: 'red' },
};
const THEME_ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

/** An element of the page, which has it. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** A time of the day, to the second. */
export const clock = (at: number): string => new Date(at).toLocaleTimeString();

export function showState(view: StreamView): void {
  const state = element('state');
  state.dataset['tone'] = view.tone;
  state.dataset['busy'] = String(view.busy);
  setText(element('state-word'), view.word);
  setText(element('state-note'), view.note);
  element('retry').hidden = !view.canRetry;
}

export function showTheme(): void {
  const button = element('theme');
  const draw = (theme: Theme) => {
    const next = nextTheme(theme);
    button.replaceChildren(icon(THEME_ICONS[theme]));
    button.setAttribute('aria-label', `Theme: ${theme}. Switch to ${next}.`);
    button.title = `Theme: ${theme}`;
    button.onclick = () => {
      chooseTheme(next);
      draw(next);
    };
  };
  draw(storedTheme());
}

const rows = new Map<string, HTMLLIElement>();

/** @param known whether an empty inbox is known to be one. */
export function showNotices({ notices, read }: Inbox, known: boolean, onRead: (key: string) => void): void {
  const list = element('notices');
  element('nothing').hidden = notices.length > 0 || !known;
  element('read-all').hidden = notices.every(({ key }) => read.has(key));
  const kept = new Set(notices.map(({ key }) => key));
  for (const [key, row] of rows) {
    if (kept.has(key)) continue;
    row.remove();
    rows.delete(key);
  }
  // What is there stays where it is, with the focus that it may have.
  let before: Element | null = list.firstElementChild;
  for (const notice of notices) {
    const known = rows.get(notice.key);
    const row = known ?? rowOf(notice, onRead);
    if (row === before) before = before.nextElementSibling;
    else list.insertBefore(row, before);
    rows.set(notice.key, row);
    showRead(row, read.has(notice.key));
  }
}

function rowOf(notice: Notice, onRead: (key: string) => void): HTMLLIElement {
  const { icon: name, tone } = LOOKS[notice.kind] ?? LOOKS.started;
  const row = made('li', 'notice');
  row.dataset['tone'] = tone;
  row.dataset['key'] = notice.key;
  row.dataset['kind'] = notice.kind;
  const mark = made('span', 'notice-mark');
  mark.append(icon(name));
  const link = made('a', 'notice-title');
  link.href = notice.dag_id === 'default' ? '/' : `/?dag=${encodeURIComponent(notice.dag_id)}`;
  link.textContent = notice.title;
  link.addEventListener('click', () => onRead(notice.key));
  const text = made('p', 'notice-text');
  text.textContent = notice.text;
  const time = made('time', 'notice-time');
  time.dateTime = new Date(notice.at).toISOString();
  time.textContent = when(notice.at);
  time.title = new Date(notice.at).toLocaleString();
  const unread = made('span', 'visually-hidden notice-unread');
  const button = made('button', 'button button-quiet notice-read');
  button.type = 'button';
  button.textContent = 'Mark as read';
  button.setAttribute('aria-label', `Mark as read: ${notice.title}, ${when(notice.at)}`);
  button.addEventListener('click', () => {
    onRead(notice.key);
    // The button goes; whoever used it stays where he was.
    link.focus();
  });
  const body = made('div', 'notice-body');
  body.append(unread, link, text);
  const end = made('div', 'notice-end');
  end.append(time, button);
  row.append(mark, body, end);
  return row;
}

function showRead(row: HTMLLIElement, read: boolean): void {
  row.dataset['read'] = String(read);
  setText(row.querySelector<HTMLElement>('.notice-unread'), read ? '' : 'Unread: ');
  const button = row.querySelector<HTMLElement>('.notice-read');
  if (button) button.hidden = read;
}

/** The time where it is today's, else the day too. */
function when(at: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}

/** A text that is there already is not told to a reader again. */
function setText(target: HTMLElement | null, text: string): void {
  if (target && target.textContent !== text) target.textContent = text;
}

function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS(svg.namespaceURI, 'path') as SVGPathElement;
  path.setAttribute('d', PATHS[name]);
  const filled = name === 'play' || name === 'stop';
  const looks = { width: 16, height: 16, viewBox: '0 0 24 24', fill: filled ? 'currentColor' : 'none', stroke: 'currentColor' };
  for (const [key, value] of Object.entries({ ...looks, 'stroke-width': 2, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': true })) {
    svg.setAttribute(key, String(value));
  }
  svg.append(path);
  return svg;
}

function made<Name extends keyof HTMLElementTagNameMap>(name: Name, className: string): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.className = className;
  return element;
}
