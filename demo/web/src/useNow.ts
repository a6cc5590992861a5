// Owns the tick of what counts seconds on the page; one timer however many count.

import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, 500);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

const never = () => () => {};

/** The wall clock, renewed twice a second while `running`. */
export function useNow(running = true): number {
  return useSyncExternalStore(
    running ? subscribe : never,
    () => (running && listeners.size > 0 ? now : Math.floor(Date.now() / 500) * 500),
    () => 0,
  );
}
