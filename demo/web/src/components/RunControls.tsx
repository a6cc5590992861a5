// Owns the buttons that start, pause, resume and cancel a run.

import type { RunStatus } from '../protocol.ts';
import { Icon } from './Icon.tsx';
import { isFinal } from './statusWords.ts';

export type Control = 'start' | 'pause' | 'resume' | 'cancel';

interface Props {
  readonly known: boolean;
  readonly status: RunStatus;
  /** What was asked for and not yet answered. */
  readonly pending: ReadonlySet<string>;
  readonly onControl: (control: Control) => void;
}

export function RunControls({ known, status, pending, onControl }: Props) {
  const active = status === 'running' || status === 'paused';
  const idle = !known || status === 'idle';
  const paused = status === 'paused';
  const hold: Control = paused ? 'resume' : 'pause';
  return (
    <div className="controls" role="group" aria-label="Run">
      {/* Before the first run, Start stands alone in the middle of the page; here its place is kept. */}
      <button
        type="button"
        className={`button controls-start${isFinal(status) ? ' button-primary' : ''}`}
        {...(idle ? { style: { visibility: 'hidden' }, 'aria-hidden': true } : { 'data-testid': 'start' })}
        disabled={idle || active || pending.has('start')}
        onClick={() => onControl('start')}
      >
        <Icon name={isFinal(status) ? 'retry' : 'play'} />
        {isFinal(status) ? 'Run again' : 'Start'}
      </button>
      <button type="button" className="button" data-testid={hold} disabled={!active || pending.has(hold)} onClick={() => onControl(hold)}>
        <Icon name={paused ? 'play' : 'pause'} />
        {paused ? 'Resume' : 'Pause'}
      </button>
      <button type="button" className="button button-danger" data-testid="cancel" disabled={!active || pending.has('cancel')} onClick={() => onControl('cancel')}>
        <Icon name="stop" />
        Cancel
      </button>
    </div>
  );
}
