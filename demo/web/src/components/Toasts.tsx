// Owns how toasts look, how long they stay and that they are announced.

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Toast, ToastStore } from '../toasts.ts';
import { Icon, type IconName } from './Icon.tsx';

const ICONS: Record<Toast['tone'], IconName> = { blue: 'clock', green: 'check', red: 'hand', amber: 'unplug' };

interface Props {
  readonly store: ToastStore;
  readonly onShowNode: (nodeId: string) => void;
}

export function Toasts({ store, onShowNode }: Props) {
  const toasts = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  return (
    <section className="toasts" aria-label="Notifications">
      {/* The list itself is the live region: it has to exist before what it announces. */}
      <div className="toasts-list" role="log" aria-live="polite" aria-relevant="additions text">
        {toasts.map((toast) => (
          <ToastItem key={toast.key} toast={toast} store={store} onShowNode={onShowNode} />
        ))}
      </div>
    </section>
  );
}

function ToastItem({ toast, store, onShowNode }: Props & { toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (toast.lasts === undefined || held) return;
    const timer = setTimeout(() => store.dismiss(toast.key), toast.lasts);
    return () => clearTimeout(timer);
  }, [toast, held, store]);
  const { nodeId } = toast;
  return (
    <div
      className="toast"
      data-testid="toast"
      data-key={toast.key}
      data-tone={toast.tone}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="toast-mark">
        <Icon name={ICONS[toast.tone]} />
      </span>
      <div className="toast-body">
        <p className="toast-title">{toast.title}</p>
        {toast.text && <p className="toast-text">{toast.text}</p>}
        {nodeId !== undefined && (
          <button type="button" className="button button-link" onClick={() => onShowNode(nodeId)}>
            Show node
          </button>
        )}
      </div>
      <button type="button" className="button button-icon button-quiet" aria-label="Dismiss" onClick={() => store.dismiss(toast.key)}>
        <Icon name="cross" size={14} />
      </button>
    </div>
  );
}
