// Owns the list of who is here, oneself first, and the field for one's own name. A row is drawn again for its member alone.

import { useSyncExternalStore } from 'react';
import type { Presence } from 'everwire/presence';
import { useMe, useMember, useOthers } from 'everwire/presence/react';
import { memberView, ownView, type RoomStatus } from '../memberWords.ts';
import { onRename, ownName, rename } from '../ownName.ts';
import { MAX_NAME, nameOf, type Said, whereabouts } from '../person.ts';
import { Avatar } from '../together/Avatar.tsx';

interface Props {
  readonly presence: Presence<Said> | null;
  readonly status: RoomStatus;
}

/** Rows at a time: nobody reads a thousand. */
const ROWS = 40;

export function PeopleList({ presence, status }: Props) {
  const ids = useOthers(presence, firstIds);
  const count = useOthers(presence, countOf);
  return (
    <section className="sheet" aria-labelledby="people-title" data-place="room people">
      <header className="sheet-head">
        <h2 id="people-title">
          People <span className="sheet-count numeric" data-testid="people-count">{count + 1}</span>
        </h2>
      </header>
      <ul className="people" data-testid="people">
        <Myself presence={presence} status={status} />
        {ids.map((id) => (
          <Row key={id} presence={presence} id={id} />
        ))}
      </ul>
      {count > ids.length && <p className="sheet-quiet numeric">and {(count - ids.length).toLocaleString()} more</p>}
    </section>
  );
}

const firstIds = (others: readonly { readonly userId: string }[]): readonly string[] => others.slice(0, ROWS).map(({ userId }) => userId);
const countOf = (others: readonly unknown[]): number => others.length;

function Myself({ presence, status }: Props) {
  const me = useMe(presence);
  const name = useSyncExternalStore(onRename, ownName);
  const id = me?.userId ?? '';
  const view = ownView(status, me?.status ?? 'here');
  return (
    <li className="person" data-testid="me" data-user={id} data-member={status === 'synced' ? me?.status : 'offline'}>
      <Avatar id={id} name={nameOf(id, { name })} />
      <span className="person-text">
        <label className="person-own">
          <span className="visually-hidden">Your name, as the others see it</span>
          <input
            type="text"
            className="person-name"
            data-testid="name"
            defaultValue={name}
            key={id === '' ? 'unknown' : 'known'}
            placeholder={nameOf(id, null)}
            maxLength={MAX_NAME}
            autoComplete="nickname"
            spellCheck={false}
            onChange={(event) => rename(event.target.value)}
          />
        </label>
        <span className="person-where">You</span>
      </span>
      <span className="status" data-tone={view.tone}>
        {view.word}
      </span>
    </li>
  );
}

function Row({ presence, id }: { presence: Props['presence']; id: string }) {
  const member = useMember(presence, id);
  if (!member) return null;
  const { tone, word, note } = memberView(member.status, member.lastSeen, time);
  const name = nameOf(id, member.state);
  return (
    <li className="person" data-testid="person" data-user={id} data-member={member.status}>
      <Avatar id={id} name={name} />
      <span className="person-text">
        <span className="person-name">{name}</span>
        <span className="person-where">{note || whereabouts(member.state)}</span>
      </span>
      <span className="status" data-tone={tone}>
        {word}
      </span>
    </li>
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const time = (at: number) => clock.format(at);
