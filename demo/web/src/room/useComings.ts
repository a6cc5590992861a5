// Owns who came and went since the page was opened. Must not know how it is told.

import { useEffect, useState } from 'react';
import type { Member, Presence } from 'everwire/presence';
import { type Change, changeOf, type Coming, remembering } from '../comings.ts';
import { nameOf } from '../person.ts';

/** Comings that nobody was told of yet are told together, after so long without another, in milliseconds. */
const TOGETHER = 1_500;

interface Heard {
  readonly comings: readonly Coming[];
  /** Those of the last while, for one sentence. */
  readonly told: readonly Coming[];
}

export function useComings(presence: Presence<any> | null): Heard {
  const [comings, setComings] = useState<readonly Coming[]>([]);
  const [told, setTold] = useState<readonly Coming[]>([]);
  useEffect(() => {
    if (!presence) return;
    const stood = new Map(presence.others().map(({ userId, status }) => [userId, status]));
    // Who was there before we came did not join.
    let began = presence.synced;
    let waiting: Coming[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const note = ({ userId, state }: Member, change: Change | null) => {
      if (change === null || !began) return;
      const coming = { userId, name: nameOf(userId, state), change, at: Date.now() };
      setComings((before) => remembering(before, coming));
      waiting.push({ ...coming, number: 0 });
      clearTimeout(timer);
      timer = setTimeout(() => {
        setTold(waiting);
        waiting = [];
      }, TOGETHER);
    };
    const offs = [
      presence.on('join', (member) => {
        if (!stood.has(member.userId)) note(member, 'joined');
        stood.set(member.userId, member.status);
      }),
      presence.on('update', (member) => {
        const before = stood.get(member.userId);
        // Ours is the connection that is lost: of theirs nothing is known.
        if (member.status === 'stale') return;
        stood.set(member.userId, member.status);
        note(member, changeOf(before, member.status));
      }),
      presence.on('leave', (member) => {
        stood.delete(member.userId);
        note(member, 'left');
      }),
      // Called after all of the above of one frame.
      presence.subscribe(() => {
        began ||= presence.synced;
      }),
    ];
    return () => {
      clearTimeout(timer);
      for (const off of offs) off();
    };
  }, [presence]);
  return { comings, told };
}
