// Owns the menu that breaks this page's own network, to see what happens.

import { useEffect, useRef, useState } from 'react';
import { lastNetworkAction, type NetworkAction, rememberNetworkAction } from '../network.ts';
import { useNotCut } from '../useNotCut.ts';
import { Icon } from './Icon.tsx';

const ITEMS: readonly { readonly action: NetworkAction; readonly name: string; readonly text: string }[] = [
  { action: 'cut', name: 'Cut', text: 'Connections are reset, new ones refused' },
  { action: 'stall', name: 'Stall', text: 'Half-open: nothing passes, nobody is told' },
  { action: 'slow', name: 'Slow', text: 'A bad mobile network' },
  { action: 'restore', name: 'Restore', text: 'Everything passes' },
];

const LABELS: Record<NetworkAction, string> = { cut: 'Cut', stall: 'Stalled', slow: 'Slow', restore: 'Network' };

interface Props {
  readonly live: boolean;
  readonly onAction: (action: NetworkAction) => Promise<string | null>;
}

export function NetworkMenu({ live, onAction }: Props) {
  const [current, setCurrent] = useState(lastNetworkAction);
  const [failure, setFailure] = useState<string | null>(null);
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => menu.current?.removeAttribute('open');
  const choose = async (action: NetworkAction) => {
    const wrong = await onAction(action);
    setFailure(wrong);
    if (wrong !== null) return;
    setCurrent(action);
    close();
  };
  useEffect(() => rememberNetworkAction(current), [current]);
  useNotCut(current === 'cut', live, () => setCurrent('restore'));
  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (event.target instanceof Node && !menu.current?.contains(event.target)) close();
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  }, []);
  return (
    <details
      ref={menu}
      className="menu"
      data-testid="net"
      data-network={current}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        close();
        menu.current?.querySelector('summary')?.focus();
      }}
      onBlur={(event) => {
        if (event.relatedTarget && !menu.current?.contains(event.relatedTarget)) close();
      }}
    >
      <summary className="button menu-button" aria-label={`Network of this page: ${current === 'restore' ? 'as it is' : LABELS[current]}`} data-testid="net-menu" data-tone={current === 'restore' ? undefined : 'amber'}>
        <Icon name={current === 'restore' ? 'network' : 'unplug'} />
        <span className="menu-label">{LABELS[current]}</span>
        <Icon name="chevron" size={13} />
      </summary>
      <div className="menu-body">
        <p className="menu-title">What happens to this page’s connection, in a real TCP proxy on the server.</p>
        {ITEMS.map(({ action, name, text }) => (
          <button
            key={action}
            type="button"
            className="menu-item"
            data-testid={`net-${action}`}
            aria-pressed={current === action}
            onClick={() => void choose(action)}
          >
            <strong>{name}</strong>
            <span>{text}</span>
            {current === action && <Icon name="check" />}
          </button>
        ))}
        {failure !== null && (
          <p className="menu-error" role="alert">
            {failure}
          </p>
        )}
      </div>
    </details>
  );
}
