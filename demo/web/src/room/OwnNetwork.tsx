// Owns the switch that cuts this page's own network, and what the others see meanwhile. Must not know presence.

import { useEffect, useRef, useState } from 'react';
import type { Snapshot } from 'everwire/react';
import { absence } from '../absence.ts';
import { isLive } from '../connectionView.ts';
import { lastNetworkAction, rememberNetworkAction, setNetwork } from '../network.ts';
import { Icon } from '../components/Icon.tsx';
import { GRACE } from '../together/useTogether.ts';
import { useNotCut } from '../useNotCut.ts';
import { useNow } from '../useNow.ts';

interface Props {
  readonly link: string;
  readonly connection: Snapshot;
  /** Called when the network is there again: to try now, and not when it was planned. */
  readonly onBack: () => void;
}

export function OwnNetwork({ link, connection, onBack }: Props) {
  const [cut, setCut] = useState(() => lastNetworkAction() === 'cut');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const live = isLive(connection);
  const since = useLostSince(connection);
  const { seen, note, part } = absence(since, useNow(since !== null), GRACE);

  // What the dashboard did to this tab's link is not forgotten for looking at it.
  const turn = (next: boolean) => {
    setCut(next);
    rememberNetworkAction(next ? 'cut' : 'restore');
  };
  useNotCut(cut, live, () => turn(false));

  const toggle = async () => {
    setBusy(true);
    const wrong = await setNetwork(link, cut ? 'restore' : 'cut');
    setBusy(false);
    setFailure(wrong);
    if (wrong !== null) return;
    turn(!cut);
    if (cut) onBack();
  };

  return (
    <section className="sheet" aria-labelledby="network-title" data-place="room network">
      <div className="network" data-seen={seen}>
        <span className="network-mark" data-tone={since === null ? 'green' : 'amber'}>
          <Icon name={since === null ? 'network' : 'unplug'} size={20} />
        </span>
        <span className="network-text">
          <h2 id="network-title">Your network</h2>
          <span>{cut ? 'Cut, for this page alone' : since === null ? 'Connected' : 'Connecting'}</span>
        </span>
        <button type="button" role="switch" className="switch" aria-checked={!cut} aria-labelledby="network-title" aria-busy={busy} data-testid="network" onClick={() => void toggle()}>
          <span aria-hidden="true" />
        </button>
      </div>
      <p className="network-note" data-testid="network-note" data-seen={seen}>
        {note}
      </p>
      <div className="network-grace" data-seen={seen} aria-hidden="true">
        <span style={{ transform: `scaleX(${1 - part})` }} />
      </div>
      {failure !== null && (
        <p className="network-failure" role="alert">
          {failure}
        </p>
      )}
    </section>
  );
}

/** When the connection was lost, by this page's clock; null while there is one, and before the first. */
function useLostSince({ state, connects }: Snapshot): number | null {
  const [since, setSince] = useState<number | null>(null);
  const was = useRef(false);
  useEffect(() => {
    if (state === 'open') was.current = true;
    setSince((before) => (state === 'open' || (!was.current && connects === 0) ? null : (before ?? Date.now())));
  }, [state, connects]);
  return since;
}
