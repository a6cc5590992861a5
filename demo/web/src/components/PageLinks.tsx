// Owns the ways from the dashboard to the small pages.

import type { ReactNode } from 'react';
import { Icon } from './Icon.tsx';

/** @param room the way to the room, which shows who is there. */
export function PageLinks({ room }: { room: ReactNode }) {
  return (
    <nav className="page-links" aria-label="Other pages">
      <a className="button button-icon button-quiet" href="/notifications/" aria-label="Notifications" title="Notifications" data-testid="to-notifications">
        <Icon name="bell" />
      </a>
      <a className="button button-icon button-quiet" href="/answer/" aria-label="Answers" title="Answers" data-testid="to-answers">
        <Icon name="text" />
      </a>
      {room}
    </nav>
  );
}
