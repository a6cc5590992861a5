// Owns the words for commands that an earlier visit to the page left behind: on their way, applied or not. Must not know how
// they were kept.

import type { Outcome } from 'everwire';
import { whyNot } from './outcomeWords.ts';
import type { Toast } from './toasts.ts';

/** What is under way; one toast for all of it. */
export const EARLIER = 'earlier';

export function onItsWay(count: number, live: boolean): Toast {
  return {
    key: EARLIER,
    tone: live ? 'blue' : 'amber',
    title: count === 1 ? 'Your earlier decision is on its way' : `${count} earlier decisions of yours are on their way`,
    text: live
      ? 'Kept from an earlier visit. The server has not answered yet.'
      : 'Kept from an earlier visit, it will be delivered once, as soon as the connection is back.',
  };
}

/** @param nameOf the title of a node. */
export function ended(event: { readonly [field: string]: unknown }, outcome: Outcome, nameOf: (nodeId: string) => string): Toast {
  const { type, node_id, decision } = event;
  const what = type === 'human_decision' ? `${ANSWERS[String(decision)] ?? 'answer'} to “${nameOf(String(node_id))}”` : (WISHES[String(type)] ?? 'wish');
  const key = `${EARLIER}-${String(type)}-${String(node_id ?? '')}`;
  if (outcome.fate === 'sent') {
    return { key, tone: 'blue', title: `Sent: your earlier ${what}`, text: 'This server does not say whether it was applied.', lasts: 12_000 };
  }
  if (outcome.fate === 'acked') {
    return { key, tone: 'green', title: `Applied: your earlier ${what}`, text: 'Kept from an earlier visit, and delivered once.', lasts: 12_000 };
  }
  return { key, tone: 'red', title: `Not applied: your earlier ${what}`, text: whyNot(outcome), lasts: 20_000 };
}

const ANSWERS: Readonly<Record<string, string>> = { approve: 'yes', reject: 'no', modify: 'words' };

const WISHES: Readonly<Record<string, string>> = {
  pause_execution: 'wish to pause the run',
  resume_execution: 'wish to resume the run',
  cancel_execution: 'wish to cancel the run',
};
