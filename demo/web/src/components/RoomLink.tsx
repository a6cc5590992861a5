// Owns the way from the dashboard to the room of its run, with or without faces.

import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';

interface Props {
  readonly dagId: string;
  readonly title?: string;
  readonly count?: number;
  readonly children?: ReactNode;
}

export function RoomLink({ dagId, title = 'Room', count, children }: Props) {
  return (
    <a className="button button-quiet room-link" href={`/room/?dag=${encodeURIComponent(dagId)}`} aria-label={title} title={title} data-testid="to-room" data-count={count}>
      {children ?? <Icon name="people" />}
    </a>
  );
}
