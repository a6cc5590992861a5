// Owns the question to a person: the dialog, its countdown and its buttons. Must not know how a decision travels.

import { useEffect, useId, useRef, useState } from 'react';
import type { Decision, WaitingGate } from '../protocol.ts';
import { useNow } from '../useNow.ts';
import { Icon } from './Icon.tsx';

/** What is said about the decision; `busy` disables the buttons. */
export interface GateProgress {
  readonly text: string;
  readonly tone: 'blue' | 'amber' | 'red';
  readonly busy: boolean;
}

interface Props {
  readonly gate: WaitingGate;
  /** How many others wait behind this one. */
  readonly more: number;
  readonly progress: GateProgress | null;
  readonly onDecide: (decision: Decision, feedback?: string) => void;
  readonly onLater: () => void;
}

/** Feedback that the server admits, in bytes. */
const MAX_FEEDBACK = 4_096;

export function GateDialog({ gate, more, progress, onDecide, onLater }: Props) {
  const { presentation } = gate;
  const [feedback, setFeedback] = useState('');
  const ids = { title: useId(), text: useId(), feedback: useId() };
  const dialog = useRef<HTMLDivElement>(null);
  useFocusInside(dialog);
  const busy = progress?.busy ?? false;
  const words = feedback.trim();
  const tooLong = new TextEncoder().encode(words).length > MAX_FEEDBACK;
  const retry = presentation.kind === 'retry';
  return (
    <div className="overlay overlay-dim">
      <div
        ref={dialog}
        className="card gate"
        role="dialog"
        aria-modal="true"
        aria-labelledby={ids.title}
        aria-describedby={ids.text}
        data-testid="gate"
        data-node={gate.node_id}
        data-kind={presentation.kind}
        tabIndex={-1}
        onKeyDown={(event) => {
          // Escape decides nothing here: neither answer is the harmless one.
          if (event.key === 'Escape') event.preventDefault();
          if (event.key === 'Tab') keepInside(event, dialog.current);
          event.stopPropagation();
        }}
      >
        <div className="gate-head">
          <div>
            <p className="eyebrow">{retry ? 'A node failed' : 'Decision needed'}</p>
            <h2 id={ids.title}>{presentation.title}</h2>
          </div>
          <Countdown gate={gate} />
        </div>
        <p className="card-text" id={ids.text}>
          {presentation.description}
        </p>
        {presentation.evidence?.filter(({ text }) => text.trim() !== '').map(({ node_id, title, text }) => (
          <pre key={node_id} className="output" tabIndex={0} role="region" aria-label={`Output of ${title}`}>
            {text}
          </pre>
        ))}
        <label htmlFor={ids.feedback}>{retry ? 'Words for the next attempt' : 'Words for the nodes that follow'} <span className="gate-optional">optional</span></label>
        <textarea
          id={ids.feedback}
          data-testid="gate-feedback"
          value={feedback}
          disabled={busy}
          aria-invalid={tooLong}
          placeholder="Handed to later commands as EVERWIRE_FEEDBACK"
          onChange={(event) => setFeedback(event.target.value)}
        />
        <p className="gate-status" role="status" data-tone={tooLong ? 'red' : progress?.tone}>
          {tooLong ? `At most ${MAX_FEEDBACK} bytes.` : (progress?.text ?? (more > 0 ? `${more} more to decide after this.` : ''))}
        </p>
        <div className="card-actions">
          <button type="button" className="button button-primary" data-testid="gate-approve" disabled={busy} onClick={() => onDecide('approve')}>
            <Icon name={retry ? 'retry' : 'check'} />
            {retry ? 'Try again' : 'Approve'}
          </button>
          <button type="button" className="button button-danger" data-testid="gate-reject" disabled={busy} onClick={() => onDecide('reject')}>
            <Icon name="cross" />
            {retry ? 'Give up' : 'Reject'}
          </button>
          <button
            type="button"
            className="button"
            data-testid="gate-modify"
            disabled={busy || words === '' || tooLong}
            onClick={() => onDecide('modify', words)}
          >
            {retry ? 'Retry with words' : 'Modify'}
          </button>
          <button type="button" className="button button-quiet gate-later" data-testid="gate-later" onClick={onLater}>
            Look around
          </button>
        </div>
      </div>
    </div>
  );
}

function Countdown({ gate: { presentation } }: { gate: WaitingGate }) {
  // Clocks differ: more than there ever was to decide cannot be left.
  const left = Math.min(Math.max(presentation.expires_at - useNow(), 0), presentation.expires_in);
  const seconds = Math.ceil(left / 1_000);
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return (
    <span className="gate-clock" role="timer" aria-label="Time left to decide; silence counts as a rejection" data-low={seconds <= 30} data-testid="gate-clock">
      {text}
    </span>
  );
}

/** Takes the focus, and gives it back to where it was. */
function useFocusInside(dialog: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [dialog]);
}

function keepInside(event: React.KeyboardEvent, dialog: HTMLElement | null): void {
  const stops = [...(dialog?.querySelectorAll<HTMLElement>('button, textarea, [tabindex="0"]') ?? [])].filter(
    (element) => !element.matches(':disabled'),
  );
  const first = stops[0];
  const last = stops.at(-1);
  const active = document.activeElement;
  if (event.shiftKey && (active === first || active === dialog)) {
    event.preventDefault();
    last?.focus();
  } else if (!event.shiftKey && active === last) {
    event.preventDefault();
    first?.focus();
  }
}
