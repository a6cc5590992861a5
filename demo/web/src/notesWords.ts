// Owns what is said of shared notes: whether all is here, and whether the server has what was written. Must not know how it looks.

export interface NotesFacts {
  readonly state: 'connecting' | 'open' | 'closing' | 'closed';
  readonly synced: boolean;
  readonly unsaved: boolean;
  readonly denied: string | null;
  /** Whether the browser keeps what is written. */
  readonly kept: boolean;
}

export interface NotesView {
  readonly tone: 'green' | 'amber' | 'red' | 'blue' | 'grey';
  readonly word: string;
  readonly note: string;
  readonly busy: boolean;
}

export function notesView({ state, synced, unsaved, denied, kept }: NotesFacts): NotesView {
  const still = { busy: false };
  if (denied !== null) return { ...still, tone: 'red', word: 'Not allowed', note: 'The server keeps these notes from you.' };
  if (synced && !unsaved) return { ...still, tone: 'green', word: 'Saved', note: 'The server has every letter.' };
  if (synced) return { busy: true, tone: 'blue', word: 'Saving', note: 'Sent; not yet proven to be there.' };
  const where = kept ? 'kept in this browser' : 'kept while this page is open';
  if (state === 'open') return { busy: true, tone: 'blue', word: 'Catching up', note: unsaved ? `What you wrote is ${where}.` : '' };
  if (unsaved) return { ...still, tone: 'amber', word: 'Not saved', note: `No connection. What you wrote is ${where} and merged on return.` };
  if (state === 'connecting') return { busy: true, tone: 'blue', word: 'Connecting', note: '' };
  return { ...still, tone: 'grey', word: 'Offline', note: 'Others may have written since. You can write, too.' };
}
