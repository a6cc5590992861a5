// Owns the loading of the editor: a page does not have it before somebody opens notes. Must not know the editor.

import { lazy, Suspense } from 'react';
import { reportError } from '../reportError.ts';
import type { NotesProps } from './NotesEditor.tsx';

const Editor = lazy(() =>
  import('./NotesEditor.tsx').catch((error: unknown) => {
    reportError(error, { where: 'notes' });
    return { default: Failed };
  }),
);

export function Notes(props: NotesProps) {
  return (
    <Suspense fallback={<div className="notes" aria-busy="true" />}>
      <Editor {...props} />
    </Suspense>
  );
}

function Failed() {
  return (
    <p className="notes-failed" role="alert">
      The editor could not be loaded. Reload the page to try again.
    </p>
  );
}
