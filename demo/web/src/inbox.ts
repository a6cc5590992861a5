// Owns which notices there are and which of them were read. Must not know where they come from or how they look.

/** What `GET /api/notifications` tells. */
export interface Notice {
  /** The same for good: one that is told again has it too. */
  readonly key: string;
  readonly kind: 'started' | 'waiting' | 'completed' | 'failed' | 'cancelled' | 'over_budget';
  readonly urgent: boolean;
  readonly title: string;
  readonly text: string;
  readonly dag_id: string;
  readonly run_id: string;
  readonly node_id?: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

export interface Inbox {
  /** The newest first. */
  readonly notices: readonly Notice[];
  readonly read: ReadonlySet<string>;
}

/** As many as the server keeps. */
export const KEPT = 200;

export const empty = (read: Iterable<string> = []): Inbox => ({ notices: [], read: new Set(read) });

/** With one more; the same inbox if it is there. */
export function receive(inbox: Inbox, notice: Notice): Inbox {
  if (inbox.notices.some(({ key }) => key === notice.key)) return inbox;
  return { ...inbox, notices: [notice, ...inbox.notices].slice(0, KEPT) };
}

/** The same inbox if nothing changes. */
export function markRead(inbox: Inbox, keys: Iterable<string>): Inbox {
  const fresh = [...keys].filter((key) => !inbox.read.has(key));
  return fresh.length === 0 ? inbox : { ...inbox, read: new Set([...inbox.read, ...fresh]) };
}

export const unread = ({ notices, read }: Inbox): number => notices.filter(({ key }) => !read.has(key)).length;

/** What is worth remembering of what was read. Of those that are kept none is forgotten: no more can have been read after it. */
export const remembered = ({ read }: Inbox): readonly string[] => [...read].slice(-2 * KEPT);

/** What a reader is told of several notices at once: the first ones in full. */
export function spoken(notices: readonly Notice[], most = 3): string {
  const said = notices.slice(0, most).map(({ title, text }) => `${title}. ${text}`);
  const more = notices.length - said.length;
  return [...said, ...(more > 0 ? [`And ${more} more.`] : [])].join(' ');
}
