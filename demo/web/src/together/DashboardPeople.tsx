// Owns the others on the dashboard: their faces in the header, which are the way to the room, and their pointers.
// A module of its own, and the default of it: the run does not wait for it.

import { useEffect } from 'react';
import { createPortal } from 'react-dom';
import type { Client } from 'everwire/react';
import { useMe, useOthers } from 'everwire/presence/react';
import { RoomLink } from '../components/RoomLink.tsx';
import { nameOf } from '../person.ts';
import { Avatar } from './Avatar.tsx';
import { Pointers } from './Pointers.tsx';
import { useTogether } from './useTogether.ts';

export interface PeopleProps {
  readonly client: Client<any, any, any> | null;
  readonly dagId: string;
  /** The title of the node that is open here. */
  readonly node: string | null;
  readonly titleOf: (node: string) => string | undefined;
  readonly onMe: (id: string) => void;
}

/** Faces beside each other; more are a number. */
const FACES = 3;

export default function DashboardPeople({ client, dagId, node, titleOf, onMe }: PeopleProps) {
  const presence = useTogether(client, 'dashboard', node);
  const me = useMe(presence);
  const faces = useOthers(presence, firstOthers);
  const count = useOthers(presence, countOf);
  const id = me?.userId ?? '';
  useEffect(() => onMe(id), [id, onMe]);
  if (!presence || !me) return <RoomLink dagId={dagId} />;
  const shown = [...faces, ...(count < FACES ? [me] : [])];
  const more = count - faces.length;
  const names = faces.map(({ userId, state }) => nameOf(userId, state));
  const title = count === 0 ? 'Room: only you are here' : `Room: ${names.join(', ')}${more > 0 ? `, ${more} more` : ''} and you`;
  return (
    <>
      <RoomLink dagId={dagId} title={title} count={count + 1}>
        <span className="faces" data-stale={!presence.synced}>
          {shown.slice(0, more > 0 ? FACES - 1 : FACES).map(({ userId, state }) => (
            <Avatar key={userId} id={userId} name={nameOf(userId, state)} />
          ))}
          {more > 0 && <span className="avatar avatar-more numeric">{Math.min(more + 1, 99)}</span>}
        </span>
      </RoomLink>
      {createPortal(<Pointers presence={presence} titleOf={(place) => (place.startsWith('node ') ? (titleOf(place.slice(5)) ?? '') : '')} />, document.body)}
    </>
  );
}

const countOf = (others: readonly unknown[]): number => others.length;
const firstOthers = <T,>(others: readonly T[]): readonly T[] => others.slice(0, FACES);
