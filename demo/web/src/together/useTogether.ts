// Owns being in the room of a run: what is said of oneself, on every page alike. Must not know how anybody is shown.

import { useEffect, useSyncExternalStore } from 'react';
import type { Client } from 'everwire/react';
import { type Presence, usePresence } from 'everwire/presence/react';
import { onRename, ownName } from '../ownName.ts';
import type { Said } from '../person.ts';

/** How long a lost connection is no leave, in milliseconds. */
export const GRACE = 5_000;

export function useTogether(client: Client<any, any, any> | null, page: Said['page'], node: string | null): Presence<Said> | null {
  const name = useSyncExternalStore(onRename, ownName);
  const said: Said = { page, ...(name !== '' && { name }), ...(node !== null && { node }) };
  const presence = usePresence<Said>(client, { state: said, grace: GRACE });
  useEffect(() => presence?.set(said), [presence, page, name, node]);
  return presence;
}
