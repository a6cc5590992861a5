/** Presence for React 18 and later: safe under StrictMode, concurrent rendering, Suspense and on servers. */

import type { Client } from './index.js';
import type { Member, Presence, PresenceOptions } from './presence.js';

export type * from './presence.js';

/**
 * The room of this component: joined when it is mounted, left when it is unmounted for good (not in StrictMode's rehearsal,
 * nor while it is suspended). Components with the same client and room share one, with the options of the first.
 *
 * Renders nothing again when somebody comes or goes: the other hooks do. Null on a server, before the first commit, and
 * without a client; every hook here takes null. Errors of `presence` reach the nearest error boundary.
 */
export declare function usePresence<State extends object = any>(
  client: Client<any, any, any> | null | undefined,
  room?: string | undefined,
  options?: PresenceOptions<State>,
): Presence<State> | null;
export declare function usePresence<State extends object = any>(
  client: Client<any, any, any> | null | undefined,
  options: PresenceOptions<State>,
): Presence<State> | null;

/** Oneself. */
export declare function useMe<State>(presence: Presence<State> | null): Member<State> | undefined;

/** One member, rendered again only when that one changes; undefined while it is not there. */
export declare function useMember<State>(presence: Presence<State> | null, userId: string | undefined): Member<State> | undefined;

/**
 * Everybody else, or what `select` makes of them. Renders again only when that is another: by default what is neither the
 * same nor an array of the same. `(others) => others.length` renders when the number changes; a list of ids with a
 * `useMember` in each row renders one row for one member.
 */
export declare function useOthers<State>(presence: Presence<State> | null): readonly Member<State>[];
export declare function useOthers<State, Selected>(
  presence: Presence<State> | null,
  select: (others: readonly Member<State>[]) => Selected,
  isEqual?: (one: Selected, other: Selected) => boolean,
): Selected;

/**
 * How the room stands: `joining` (nobody can say yet), `synced`, `stale` (no connection, or no list on it yet), `refused`, or
 * `unsupported` (the server has no presence).
 */
export declare function usePresenceStatus(presence: Presence<any> | null): 'joining' | 'synced' | 'stale' | 'refused' | 'unsupported';
