// Owns the editor of shared notes, with the cursors of the others in it, and the line that says how the notes stand.
// A module of its own, and the default of it: an editor is loaded by who opens one.

import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { defaultKeymap } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import { Announcer } from '../components/Announcer.tsx';
import { notesView } from '../notesWords.ts';
import { editorTheme } from './editorTheme.ts';
import { introduce, plainPeople } from './people.ts';
import { openNotes, type SharedNotes } from './sharedNotes.ts';

export interface NotesProps {
  readonly id: string;
  readonly link: string;
  readonly label: string;
  readonly person: { readonly id: string; readonly name: string };
  /** Whether the page has its connection: the notes then try for theirs at once. */
  readonly live: boolean;
}

export default function NotesEditor({ id, link, label, person, live }: NotesProps) {
  const host = useRef<HTMLDivElement>(null);
  const [notes, setNotes] = useState<SharedNotes | null>(null);

  useEffect(() => {
    const opened = openNotes(id, link);
    const { text, provider } = opened;
    const view = new EditorView({
      parent: host.current ?? document.body,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          // Tab is left alone: it is the way out of the editor.
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          yCollab(text, plainPeople(provider.awareness)),
          EditorView.lineWrapping,
          drawSelection(),
          highlightSpecialChars(),
          placeholder('What should the next person know?'),
          EditorView.contentAttributes.of({ 'aria-label': label, 'data-testid': 'notes-text' }),
          editorTheme,
        ],
      }),
    });
    setNotes(opened);
    return () => {
      setNotes(null);
      view.destroy();
      opened.close();
    };
  }, [id, link, label]);

  useEffect(() => {
    if (notes && person.id !== '') introduce(notes.provider.awareness, person.id, person.name);
  }, [notes, person.id, person.name]);
  useEffect(() => {
    if (notes && live) notes.provider.client.retry();
  }, [notes, live]);

  return (
    <div className="notes" data-testid="notes">
      <div className="notes-text" ref={host} />
      {notes ? <Standing notes={notes} /> : <p className="notes-state" data-tone="blue" />}
    </div>
  );
}

function Standing({ notes: { provider, kept } }: { notes: SharedNotes }) {
  const { synced, unsaved, denied } = useSyncExternalStore(subscribeOf(provider), () => provider.snapshot());
  const { state } = useSyncExternalStore(subscribeOf(provider.client), () => provider.client.snapshot());
  const view = notesView({ state, synced, unsaved, denied, kept: kept() });
  return (
    <>
      <p className="notes-state" data-testid="notes-state" data-tone={view.tone} data-busy={view.busy} data-synced={synced} data-unsaved={unsaved}>
        <span className="connection-dot" aria-hidden="true" />
        <span>
          <strong>{view.word}</strong> {view.note}
        </span>
      </p>
      {/* Each pause in writing is a "saved" to the eye, and would be a chatter to the ear. */}
      <Announcer message={synced ? '' : `Notes: ${view.word}. ${view.note}`} />
    </>
  );
}

const subscribers = new WeakMap<object, (listener: () => void) => () => void>();

/** The same function for the same object: another one would subscribe anew with each render. */
function subscribeOf(source: { subscribe(listener: () => void): () => void }): (listener: () => void) => () => void {
  const known = subscribers.get(source);
  if (known) return known;
  const subscribe = (listener: () => void) => source.subscribe(listener);
  subscribers.set(source, subscribe);
  return subscribe;
}
