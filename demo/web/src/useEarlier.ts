// Owns the toast of what an earlier visit left under way, from the first look to its end. Must not know its words.

import { useEffect } from 'react';
import { isLive } from './connectionView.ts';
import { EARLIER, onItsWay } from './earlierVisit.ts';
import type { ToastStore } from './toasts.ts';
import type { DAGStream } from './useDAGStream.ts';

export function useEarlier({ connection, earlier }: Pick<DAGStream, 'connection' | 'earlier'>, toasts: ToastStore): void {
  const live = isLive(connection);
  const nothing = connection.queued + connection.inFlight === 0;
  useEffect(() => {
    if (earlier > 0) toasts.show(onItsWay(earlier, live));
    else if (nothing) toasts.dismiss(EARLIER);
  }, [earlier, live, nothing, toasts]);
}
