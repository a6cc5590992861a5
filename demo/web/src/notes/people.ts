// Owns who is at the notes, in the shape the editor wants: of what others sent, only what is known to be a place and a name.
// Must not know the editor.

import type { Awareness } from 'y-protocols/awareness';
import { createAbsolutePositionFromRelativePosition, type Doc } from 'yjs';
import { colourOf, nameOf } from '../person.ts';

/** For those who do not know our colours. */
const PLAIN = ['#4f46e5', '#0e7490', '#15803d', '#b45309', '#be123c', '#7e22ce', '#1d4ed8', '#a21caf', '#4d7c0f', '#c2410c'];

export function introduce(awareness: Awareness, id: string, name: string): void {
  const color = PLAIN[colourOf(id)] ?? '#4f46e5';
  awareness.setLocalStateField('user', { id, name, color, colorLight: `${color}33` });
}

/**
 * A colour that somebody sent would go into a style as it is, a name could be of any length, and what is no place in the text
 * would end the drawing of everybody's cursors.
 */
export function plainPeople(awareness: Awareness) {
  return {
    doc: awareness.doc,
    on: awareness.on.bind(awareness),
    off: awareness.off.bind(awareness),
    getLocalState: () => awareness.getLocalState(),
    setLocalStateField: (field: string, value: unknown) => awareness.setLocalStateField(field, value),
    getStates: () => new Map([...awareness.getStates()].map(([client, state]) => [client, { cursor: cursorOf(awareness.doc, state['cursor']), user: userOf(client, state['user']) }])),
  };
}

function cursorOf(doc: Doc, cursor: any) {
  try {
    const { anchor, head } = cursor;
    for (const place of [anchor, head]) createAbsolutePositionFromRelativePosition(place, doc);
    return { anchor, head };
  } catch {
    return null;
  }
}

function userOf(client: number, user: unknown) {
  const said = user !== null && typeof user === 'object' ? (user as { id?: unknown }).id : undefined;
  const id = typeof said === 'string' && said !== '' ? said : String(client);
  const colour = `var(--person-${colourOf(id)})`;
  return { name: nameOf(id, user), color: colour, colorLight: `color-mix(in srgb, ${colour} 24%, transparent)` };
}
