// Owns what is where on the page of the room, and its one connection. Must not know how anybody is drawn.

import { useEffect, useState, useSyncExternalStore } from 'react';
import { useClient, useConnection } from 'everwire/react';
import { useMe, useOthers, usePresenceStatus } from 'everwire/presence/react';
import { Announcer } from '../components/Announcer.tsx';
import { PageHeader } from '../components/PageHeader.tsx';
import { spokenComings } from '../comings.ts';
import { isLive } from '../connectionView.ts';
import { roomView } from '../memberWords.ts';
import { linkKey, proxiedStreamUrl, serverConfig } from '../network.ts';
import { Notes } from '../notes/Notes.tsx';
import { notesOf } from '../notes/NotesPanel.tsx';
import { onRename, ownName } from '../ownName.ts';
import { nameOf } from '../person.ts';
import { reportError } from '../reportError.ts';
import { Pointers } from '../together/Pointers.tsx';
import { useTogether } from '../together/useTogether.ts';
import { Comings } from './Comings.tsx';
import { OwnNetwork } from './OwnNetwork.tsx';
import { PeopleList } from './PeopleList.tsx';
import { useComings } from './useComings.ts';

const FIRST = 'default';

export function RoomPage() {
  const [dagId] = useState(() => new URLSearchParams(location.search).get('dag') ?? FIRST);
  const [link] = useState(linkKey);
  const client = useClient(() => proxiedStreamUrl(dagId, link), { key: dagId });
  const connection = useConnection(client);
  const presence = useTogether(client, 'room', null);
  const me = useMe(presence);
  const status = usePresenceStatus(presence);
  const others = useOthers(presence, countOf);
  const { comings, told } = useComings(presence);
  const name = useSyncExternalStore(onRename, ownName);
  const title = useTitle(dagId);
  const view = roomView(status, others, presence?.refused?.message ?? '');
  const live = isLive(connection);
  return (
    <>
      <PageHeader current="room" />
      <main className="page room">
        <div className="room-head" data-place="room head">
          <h1>Room</h1>
          <p className="page-lead">
            Everybody who looks at <a href={dagId === FIRST ? '/' : `/?dag=${encodeURIComponent(dagId)}`}>{title}</a>, here or on the dashboard. Alone?{' '}
            <a href={location.href} target="_blank" rel="noopener">
              Open it once more
            </a>{' '}
            and be two.
          </p>
        </div>
        <div className="link-state room-state" data-testid="room-state" data-status-word={status} data-tone={view.tone} data-busy={view.busy}>
          <span className="connection-dot" aria-hidden="true" />
          <p>
            <strong>{view.word}</strong> <span>{view.note}</span>
          </p>
        </div>
        <div className="room-parts">
          <section className="sheet room-notes" aria-labelledby="notes-title" data-place="room notes">
            <header className="sheet-head">
              <h2 id="notes-title">Notes on this run</h2>
              <p>Write at the same time: nothing is lost, on a cut neither.</p>
            </header>
            <Notes id={notesOf(dagId)} link={link} label="Notes on this run" live={live} person={{ id: me?.userId ?? '', name: nameOf(me?.userId ?? '', { name }) }} />
          </section>
          <div className="room-side">
            <OwnNetwork link={link} connection={connection} onBack={() => client?.retry()} />
            <PeopleList presence={presence} status={status} />
            <Comings comings={comings} />
          </div>
        </div>
      </main>
      {presence && <Pointers presence={presence} />}
      <Announcer message={`${view.word}. ${status === 'stale' ? view.note : ''}`} />
      <Announcer message={spokenComings(told)} />
    </>
  );
}

const countOf = (others: readonly unknown[]): number => others.length;

/** What the run is called, as soon as the server says it. */
function useTitle(dagId: string): string {
  const [title, setTitle] = useState('the run');
  useEffect(() => {
    let gone = false;
    serverConfig().then(
      ({ dags }) => gone || setTitle(dags.find(({ id }) => id === dagId)?.title ?? 'the run'),
      (error: unknown) => reportError(error, { where: 'network' }),
    );
    return () => {
      gone = true;
    };
  }, [dagId]);
  return title;
}
