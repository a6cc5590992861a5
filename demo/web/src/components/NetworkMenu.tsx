// Owns the menu that breaks this page's own network, to see what happens.

import { useRef, useState } from 'react';
import type { NetworkAction } from '../network.ts';
import { Icon } from './Icon.tsx';

const ITEMS: readonly { readonly action: NetworkAction; readonly name: string; readonly text: string }[] = [
  { action: 'cut', name: 'Cut', text: 'Connections are reset, new ones refused' },
  { action: 'stall', name: 'Stall', text: 'Half-open: nothing passes, nobody is told' },
  { action: 'slow', name: 'Slow', text: 'A bad mobile network' },
  { action: 'restore', name: 'Restore', text: 'Everything passes' },
];

interface Props {
  readonly onAction: (action: NetworkAction) => Promise<string | null>;
}

export function NetworkMenu({ onAction }: Props) {
  const [current, setCurrent] = useState<NetworkAction>('restore');
  const [failure, setFailure] = useState<string | null>(null);
  const menu = useRef<HTMLDetailsElement>(null);
  const choose = async (action: NetworkAction) => {
    const wrong = await onAction(action);
    setFailure(wrong);
    if (wrong === null) setCurrent(action);
  };
  return (
    <details
      ref={menu}
      className="menu"
      data-testid="net"
      data-network={current}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !menu.current) return;
        menu.current.open = false;
        menu.current.querySelector('summary')?.focus();
      }}
      onBlur={(event) => {
        // A person who goes elsewhere is done with the menu; a click on no element at all is no such thing.
        if (menu.current && event.relatedTarget && !menu.current.contains(event.relatedTarget)) menu.current.open = false;
      }}
    >
      <summary className="button" data-testid="net-menu" data-tone={current === 'restore' ? undefined : 'amber'}>
        <Icon name={current === 'restore' ? 'network' : 'unplug'} />
        <span className="menu-label">Network</span>
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
