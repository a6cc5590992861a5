// Owns one document of notes: its text, its way to the server, and what the browser keeps of it. Must not know the editor.

import { YjsProvider, type YjsPersistence } from 'everwire/yjs';
import { IndexeddbPersistence } from 'y-indexeddb';
import { Doc, type Text } from 'yjs';
import { proxiedNotesUrl } from '../network.ts';

/** A storage that says nothing for so long is not waited for, in milliseconds. */
const STORAGE = 2_000;

export interface SharedNotes {
  readonly text: Text;
  readonly provider: YjsProvider;
  /** Whether the browser keeps what is written. */
  readonly kept: () => boolean;
  close(): void;
}

export function openNotes(id: string, link: string): SharedNotes {
  const doc = new Doc();
  const storage = storageOf(doc, id);
  const options = storage === null ? {} : { persistence: storage.persistence };
  const provider = new YjsProvider(doc, () => proxiedNotesUrl(id, link), options);
  return {
    text: doc.getText('notes'),
    provider,
    kept: () => storage?.kept() ?? false,
    // The provider and the storage end with the document.
    close: () => doc.destroy(),
  };
}

function storageOf(doc: Doc, id: string): { persistence: YjsPersistence; kept(): boolean } | null {
  // Forbidden or absent: the notes then last as long as the page, and as the server.
  if (typeof indexedDB === 'undefined') return null;
  const stored = new IndexeddbPersistence(`everwire ${id}`, doc);
  const patience = new Promise((done) => setTimeout(done, STORAGE));
  return { persistence: { whenSynced: Promise.race([stored.whenSynced, patience]) }, kept: () => stored.synced };
}
