// Owns the list of short messages on the page, bounded. Must not know how they look.

export type ToastTone = 'blue' | 'green' | 'red' | 'amber';

export interface Toast {
  /** A toast of the same key replaces the earlier one in its place. */
  readonly key: string;
  readonly tone: ToastTone;
  readonly title: string;
  readonly text?: string;
  /** The node to show when the toast is activated. */
  readonly nodeId?: string;
  /** How long it stays, in milliseconds; absent: until it is replaced or dismissed. */
  readonly lasts?: number;
}

/** More than this many at once help nobody. */
export const MAX_TOASTS = 4;

/** One of the same key, or a problem in the same words, takes the place of the earlier. Those with an end go first, then the oldest. */
export function withToast(toasts: readonly Toast[], toast: Toast): readonly Toast[] {
  const known = toasts.findIndex(({ key, tone, text }) => key === toast.key || (tone === 'red' && tone === toast.tone && text !== undefined && text === toast.text));
  if (known >= 0) return toasts.with(known, toast);
  const room = [...toasts, toast];
  if (room.length > MAX_TOASTS) {
    const victim = room.findIndex((other) => other.lasts !== undefined);
    room.splice(victim < 0 || victim === room.length - 1 ? 0 : victim, 1);
  }
  return room;
}

export interface ToastStore {
  subscribe(listener: () => void): () => void;
  getSnapshot(): readonly Toast[];
  show(toast: Toast): void;
  dismiss(key: string): void;
}

export function createToastStore(): ToastStore {
  let toasts: readonly Toast[] = [];
  const listeners = new Set<() => void>();
  const set = (next: readonly Toast[]) => {
    toasts = next;
    for (const listener of listeners) listener();
  };
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    getSnapshot: () => toasts,
    show: (toast) => set(withToast(toasts, toast)),
    dismiss: (key) => set(toasts.filter((toast) => toast.key !== key)),
  };
}
