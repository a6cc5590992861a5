// Owns the words for why a message came to nothing, for a person.

import type { Outcome } from 'everwire';

export function whyNot({ fate, code, message }: Pick<Outcome, 'fate' | 'code' | 'message'>): string {
  if (code === 'taken_over') return 'Another tab with this page sees it through.';
  switch (fate) {
    case 'expired':
      return 'Its time was over before it could be delivered.';
    case 'unknown':
      return 'It was sent, and whether it was applied cannot be known.';
    default:
      return message ?? `It was ${fate}.`;
  }
}
