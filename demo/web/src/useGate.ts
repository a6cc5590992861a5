// Owns one question from its arrival to its settlement: which gate is shown, and what is said about its decision.

import { useCallback, useEffect, useState } from 'react';
import type { GateProgress } from './components/GateDialog.tsx';
import type { Decision, WaitingGate } from './protocol.ts';
import type { Commands } from './useCommands.ts';

/** A confirmation takes as long as the network; one that takes longer is worth a word. */
const CONFIRMED_WITHIN = 3_000;
/** After the server's word a gate closes within a frame or so; one that stays longer was not settled by this decision. */
const SETTLES_WITHIN = 10_000;

const EARLIER: GateProgress = { text: 'An earlier decision of yours is on its way.', tone: 'blue', busy: true };

interface Answer {
  readonly gate: string;
  readonly state: 'under way' | 'applied' | 'refused';
  readonly message: string;
}

export interface GateView {
  readonly gate: WaitingGate | null;
  readonly more: number;
  readonly open: boolean;
  readonly progress: GateProgress | null;
  decide(decision: Decision, feedback?: string): void;
  setOpen(open: boolean): void;
}

/** @param earlier a decision of an earlier visit is under way: it may be the answer. */
export function useGate(gates: readonly WaitingGate[], { issue }: Commands, live: boolean, earlier: boolean): GateView {
  const gate = gates[0] ?? null;
  const id = gate ? `${gate.node_id}@${gate.presentation.expires_at}` : null;
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [putAside, setPutAside] = useState<string | null>(null);
  const current = answer !== null && answer.gate === id ? answer : null;

  const decide = useCallback(
    (decision: Decision, feedback?: string) => {
      if (!gate || id === null || earlier || (current && current.state !== 'refused')) return;
      const said = { type: 'human_decision', node_id: gate.node_id, decision, ...(feedback !== undefined && { feedback }) } as const;
      setAnswer({ gate: id, state: 'under way', message: '' });
      // Silence is a no by then.
      void issue('decision', said, gate.presentation.expires_in).then((outcome) => {
        setAnswer({ gate: id, state: outcome.ok ? 'applied' : 'refused', message: outcome.ok ? '' : outcome.message });
      });
    },
    [gate, id, earlier, current, issue],
  );

  useEffect(() => {
    if (current?.state !== 'applied' || !live) return;
    const timer = setTimeout(() => {
      setAnswer({ ...current, state: 'refused', message: 'The server took the decision, and the gate still waits. Decide again.' });
    }, SETTLES_WITHIN);
    return () => clearTimeout(timer);
  }, [current, live]);

  const [slow, setSlow] = useState<Answer | null>(null);
  useEffect(() => {
    if (current?.state !== 'under way') return;
    const timer = setTimeout(() => setSlow(current), CONFIRMED_WITHIN);
    return () => clearTimeout(timer);
  }, [current]);

  return {
    gate,
    more: Math.max(gates.length - 1, 0),
    open: gate !== null && putAside !== id,
    progress: current ? progressOf(current, live, slow === current) : earlier ? EARLIER : null,
    decide,
    setOpen: (open) => setPutAside(open ? null : id),
  };
}

function progressOf({ state, message }: Answer, live: boolean, slow: boolean): GateProgress {
  if (state === 'refused') return { text: message, tone: 'red', busy: false };
  if (state === 'applied') return { text: 'Delivered. The run goes on.', tone: 'blue', busy: true };
  if (!live) return { text: 'Decision queued, connection lost. It will be delivered once.', tone: 'amber', busy: true };
  if (slow) return { text: 'Sent, and not confirmed yet. It counts once, however often it is sent.', tone: 'amber', busy: true };
  return { text: 'Sending your decision…', tone: 'blue', busy: true };
}
