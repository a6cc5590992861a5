// Owns what a screen reader is told of new notices: at once what is urgent, the rest when there is a pause.

import { type Notice, spoken } from '../inbox.ts';
import { element } from './view.ts';

/** Notices that come together are said together. In milliseconds. */
const TOGETHER = 150;

export function createAnnouncer(): { say(notice: Notice): void } {
  const polite = speaker('polite');
  const assertive = speaker('assertive');
  return { say: (notice) => (notice.urgent ? assertive : polite)(notice) };
}

function speaker(id: string): (notice: Notice) => void {
  let waiting: Notice[] = [];
  return (notice) => {
    waiting.push(notice);
    if (waiting.length > 1) return;
    // Emptied first: a region that says the same again says nothing.
    element(id).textContent = '';
    setTimeout(() => {
      element(id).textContent = spoken(waiting);
      waiting = [];
    }, TOGETHER);
  };
}
