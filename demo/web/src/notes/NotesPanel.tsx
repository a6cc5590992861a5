// Owns the panel of the notes on a run, beside the graph. Must not know what is in them.

import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Icon } from '../components/Icon.tsx';
import { onRename, ownName } from '../ownName.ts';
import { nameOf } from '../person.ts';
import { Notes } from './Notes.tsx';

interface Props {
  readonly dagId: string;
  readonly link: string;
  readonly live: boolean;
  /** Who one is to the others; empty as long as nobody can say. */
  readonly me: string;
  readonly onClose: () => void;
}

export function NotesPanel({ dagId, link, live, me, onClose }: Props) {
  const name = useSyncExternalStore(onRename, ownName);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    head.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <aside
      className="panel"
      data-testid="notes-panel"
      aria-label="Notes on this run"
      onKeyDown={(event) => {
        // One that takes back what an input method proposes closes nothing.
        if (event.key === 'Escape' && !event.nativeEvent.isComposing) onClose();
      }}
    >
      <div className="panel-head">
        <h2 ref={head} tabIndex={-1}>
          Notes on this run
        </h2>
        <button type="button" className="button button-icon button-quiet" aria-label="Close notes" data-testid="notes-close" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </div>
      <Notes id={notesOf(dagId)} link={link} label="Notes on this run" live={live} person={{ id: me, name: nameOf(me, { name }) }} />
    </aside>
  );
}

/** The same document for the dashboard and the room. */
export const notesOf = (dagId: string): string => `run-${dagId}`;
