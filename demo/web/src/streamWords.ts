// Owns what a person is told of a stream's connection: true words. Must not know how they look.

import type { StreamSnapshot } from 'everwire/stream';

export interface StreamView {
  readonly tone: 'green' | 'amber' | 'red' | 'blue' | 'grey';
  /** A word or two. */
  readonly word: string;
  /** What else there is to say, in a sentence; empty for nothing. */
  readonly note: string;
  /** Something is under way. */
  readonly busy: boolean;
  /** A button to try now makes sense. */
  readonly canRetry: boolean;
}

export type Known = Pick<StreamSnapshot, 'state' | 'final' | 'attempt' | 'retryAt' | 'reason' | 'freshness'>;

/** @param clock says a time, which is in milliseconds since 1970. @param online what the browser says of its network. */
export function streamView(known: Known, online: boolean, clock: (at: number) => string): StreamView {
  const still = { busy: false, canRetry: false };
  const why = known.reason?.code ?? '';
  if (known.state === 'open') {
    if (known.freshness === 'stale') return { ...still, busy: true, tone: 'amber', word: 'Silent', note: 'Nothing was heard for a while. It is being looked into.' };
    // Nothing was lost yet: a connection ends long after its network did.
    if (!online) return { ...still, tone: 'amber', word: 'Maybe offline', note: 'The browser says that there is no network: this may be out of date.' };
    return { ...still, tone: 'green', word: 'Connected', note: '' };
  }
  if (known.final) return { ...still, canRetry: true, tone: 'red', ...stopped(why, known.reason?.message ?? '') };
  if (!online) {
    return { ...still, canRetry: true, tone: 'grey', word: 'Offline', note: 'This device has no network. What happens meanwhile comes when it is back.' };
  }
  if (known.state === 'connecting' && known.attempt === 0) return { ...still, busy: true, tone: 'blue', word: 'Connecting', note: '' };
  if (known.state === 'connecting') return { ...still, busy: true, tone: 'blue', word: 'Reconnecting', note: 'Trying now.' };
  if (known.retryAt === null) return { ...still, tone: 'grey', word: 'Not connected', note: '' };
  const at = clock(known.retryAt);
  if (why === 'rate_limited') {
    // The server's word holds against a button too.
    return { ...still, tone: 'amber', word: 'Too many requests', note: `The server asks for patience. The next attempt is at ${at}.` };
  }
  if (why === 'unavailable') {
    return { ...still, canRetry: true, tone: 'amber', word: 'Server busy', note: `It cannot serve this now. Reconnecting at ${at}.` };
  }
  return { ...still, canRetry: true, tone: 'amber', word: 'Reconnecting', note: `The connection was lost. The next attempt is at ${at}.` };
}

function stopped(code: string, message: string): { word: string; note: string } {
  switch (code) {
    case 'unauthorized':
      return { word: 'Signed out', note: 'Sign in again, then try again.' };
    case 'forbidden':
      return { word: 'Not allowed', note: 'You may not see this. Ask for access, then try again.' };
    case 'html_page':
      return { word: 'Signed out', note: 'A web page came instead: sign in, to this site or to the network, then try again.' };
    case 'not_found':
      return { word: 'Not there', note: 'The server does not have this, or not any more.' };
    default:
      return { word: 'Stopped', note: message || 'The reason is not known.' };
  }
}
