// Owns the loading of who else is on the dashboard. Must not know how they are shown.

import { lazy, Suspense } from 'react';
import { RoomLink } from '../components/RoomLink.tsx';
import { reportError } from '../reportError.ts';
import type { PeopleProps } from './DashboardPeople.tsx';

const Loaded = lazy(() =>
  import('./DashboardPeople.tsx').catch((error: unknown) => {
    // Without them the run is shown as before.
    reportError(error, { where: 'people' });
    return { default: Alone };
  }),
);

/** `?alone` looks at a run without being seen: then nothing but the run is said on the connection. */
const ALONE = new URLSearchParams(location.search).has('alone');

export function People(props: PeopleProps) {
  if (ALONE) return <RoomLink dagId={props.dagId} />;
  return (
    <Suspense fallback={<RoomLink dagId={props.dagId} />}>
      <Loaded {...props} />
    </Suspense>
  );
}

const Alone = ({ dagId }: PeopleProps) => <RoomLink dagId={dagId} />;
