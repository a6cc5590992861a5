// Owns which DAG the page shows, by its URL: `?dag=<id>`.

import { useState } from 'react';
import { App } from './App.tsx';

const FIRST = 'default';

export function Root() {
  const [dagId, setDagId] = useState(() => new URLSearchParams(location.search).get('dag') ?? FIRST);
  const choose = (id: string) => {
    const url = new URL(location.href);
    if (id === FIRST) url.searchParams.delete('dag');
    else url.searchParams.set('dag', id);
    history.replaceState(null, '', url);
    setDagId(id);
  };
  // Another DAG is another page: nothing of the old one may stay.
  return <App key={dagId} dagId={dagId} onDag={choose} />;
}
