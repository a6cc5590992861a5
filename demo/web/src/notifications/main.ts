// Owns the start of the page of notifications, and what leads where. Must not know how anything looks.

import { type Stream, stream } from 'everwire/stream';
import { empty, markRead, type Notice, receive, remembered, unread } from '../inbox.ts';
import { reportError } from '../reportError.ts';
import { streamView } from '../streamWords.ts';
import { applyStoredTheme } from '../theme.ts';
import { createAnnouncer } from './announcer.ts';
import { showCount } from './badge.ts';
import { readKeys, rememberRead, watchRead } from './memory.ts';
import { clock, element, showNotices, showState, showTheme } from './view.ts';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/header.css';
import '../styles/page.css';
import '../styles/notices.css';

type Told = {
  connected: { readonly from: number; readonly head: number; readonly kept: number };
  notification: Notice;
};

applyStoredTheme();
showTheme();

const announcer = createAnnouncer();
let inbox = empty(readKeys());
/** What is told up to this id was there before the page: history, which nobody wants to hear. */
let history: { readonly log: string; readonly head: number } | null = null;
/** Nothing is said of an empty inbox before the server said that it is. */
let known = false;

const source: Stream<Told> = stream<Told>('/api/notifications');

source.match({
  connected: ({ data, id }) => {
    history ??= { log: logOf(id), head: data.head };
    known ||= data.head === 0;
    show();
  },
  notification: ({ data, id }) => {
    const next = receive(inbox, data);
    known = true;
    if (next === inbox) return;
    inbox = next;
    if (!isHistory(id)) announcer.say(data);
    show();
  },
});
source.subscribe(showConnection);
for (const event of ['online', 'offline']) addEventListener(event, showConnection);

element('retry').addEventListener('click', () => source.retry());
element('read-all').addEventListener('click', () => read(inbox.notices.map(({ key }) => key)));
// What another tab of this browser read is read here too.
watchRead((keys) => {
  inbox = markRead(inbox, keys);
  show();
});

showConnection();
show();

function read(keys: Iterable<string>): void {
  inbox = markRead(inbox, keys);
  rememberRead(remembered(inbox));
  show();
}

let due = false;
/** Once a frame at most, however much comes at once. */
function show(): void {
  if (due) return;
  due = true;
  // Not a frame: a hidden page has none, and its badge is what counts then.
  setTimeout(() => {
    due = false;
    try {
      showNotices(inbox, known, (key) => read([key]));
      showCount(unread(inbox));
    } catch (error) {
      reportError(error, { where: 'render' });
    }
  });
}

function showConnection(): void {
  showState(streamView(source.snapshot(), navigator.onLine, clock));
}

const logOf = (id: string) => id.split(':')[0] ?? '';

function isHistory(id: string): boolean {
  return history !== null && logOf(id) === history.log && Number(id.split(':')[1]) <= history.head;
}
