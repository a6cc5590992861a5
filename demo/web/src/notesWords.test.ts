import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NotesFacts, notesView } from './notesWords.ts';

const facts = (given: Partial<NotesFacts>): NotesFacts => ({ state: 'open', synced: true, unsaved: false, denied: null, kept: true, ...given });

test('saved is said only of what the server was proven to have', () => {
  assert.equal(notesView(facts({})).word, 'Saved');
  assert.equal(notesView(facts({ unsaved: true })).word, 'Saving');
  assert.equal(notesView(facts({ synced: false })).word, 'Catching up');
  assert.equal(notesView(facts({ synced: false, unsaved: true, state: 'closed' })).word, 'Not saved');
});

test('it is said where unsaved letters are', () => {
  const cut = { synced: false, unsaved: true, state: 'closed' } as const;
  assert.match(notesView(facts(cut)).note, /kept in this browser/);
  assert.match(notesView(facts({ ...cut, kept: false })).note, /while this page is open/);
});

test('without a connection nothing is said to be current', () => {
  assert.equal(notesView(facts({ synced: false, state: 'closed' })).word, 'Offline');
  assert.equal(notesView(facts({ synced: false, state: 'connecting' })).word, 'Connecting');
  assert.equal(notesView(facts({ denied: 'no' })).tone, 'red');
});
