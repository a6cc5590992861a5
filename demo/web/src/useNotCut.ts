// Owns when a page that was cut is not cut any more, whatever was last asked for: the server may be another since. Must not
// know how it was cut.

import { useEffect } from 'react';

/** It is live in so many looks in a row, in milliseconds apart: a machine that stood still is late in one, not in all. */
const [LOOKS, APART] = [5, 300];

export function useNotCut(cut: boolean, live: boolean, then: () => void): void {
  useEffect(() => {
    if (!cut || !live) return;
    let left = LOOKS;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return;
      clearInterval(timer);
      then();
    }, APART);
    return () => clearInterval(timer);
  }, [cut, live]);
}
