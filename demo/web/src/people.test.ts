import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Awareness } from 'y-protocols/awareness';
import { createAbsolutePositionFromRelativePosition, createRelativePositionFromTypeIndex, Doc } from 'yjs';
import { plainPeople } from './notes/people.ts';

test('a cursor that is no place in the text is none, and the others are shown', () => {
  const doc = new Doc();
  const text = doc.getText('notes');
  text.insert(0, 'a text');
  const awareness = new Awareness(doc);
  const place = JSON.parse(JSON.stringify(createRelativePositionFromTypeIndex(text, 2)));
  const cursors = [
    { anchor: place, head: place },
    ...[null, 5, 'x', {}, { anchor: 5, head: 5 }, { anchor: place }, { anchor: place, head: {} }, { anchor: place, head: { item: { client: 9, clock: -1 } } }],
  ];
  for (const [client, cursor] of cursors.entries()) awareness.states.set(client, { cursor });
  const shown = plainPeople(awareness).getStates();
  assert.deepEqual(shown.get(0)?.cursor, cursors[0]);
  for (const { cursor } of shown.values()) {
    if (cursor) for (const each of [cursor.anchor, cursor.head]) createAbsolutePositionFromRelativePosition(each, doc);
  }
  assert.equal([...shown.values()].filter(({ cursor }) => cursor !== null).length, 1);
  awareness.destroy();
});
