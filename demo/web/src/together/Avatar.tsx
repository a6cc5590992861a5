// Owns the disc that stands for a person. Decoration: the name is always said beside it.

import { colourOf, initialsOf } from '../person.ts';

export function Avatar({ id, name }: { id: string; name: string }) {
  return (
    <span className="avatar" data-person={colourOf(id)} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}
