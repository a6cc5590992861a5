// Owns what becomes of the question for all that a node printed: the answer that counts, and the words for why there is
// none. Must not know who asks.

import type { NodeOutput } from './protocol.ts';

export type WholeOutput =
  | { readonly state: 'not asked' | 'asking' }
  | { readonly state: 'shown'; readonly output: string }
  | { readonly state: 'refused'; readonly message: string };

/** Characters of an answer that are shown; more than the server keeps, and a peer that sends more must not fill the page. */
export const MAX_WHOLE = 1 << 18;

/** An answer, if it is to what was asked: about this node, and about the attempt whose beginning is shown. */
export function answered({ node_id, attempt, output }: NodeOutput, nodeId: string, shownAttempt: number): WholeOutput {
  if (node_id !== nodeId || attempt !== shownAttempt) return { state: 'refused', message: 'The node was run again meanwhile.' };
  if (typeof output !== 'string') return { state: 'refused', message: 'The server no longer has it.' };
  return { state: 'shown', output: output.slice(0, MAX_WHOLE) };
}

/** Why there is no answer, for a person. */
export function refused(error: unknown): WholeOutput {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return { state: 'refused', message: WORDS[String(code)] ?? (error instanceof Error ? sentence(error.message) : String(error)) };
}

const WORDS: Readonly<Record<string, string>> = {
  timeout: 'No answer came within a minute.',
  unknown_node: 'This run has no such node any more.',
  reply_unsupported: 'This server shows the beginning only.',
  reply_lost: 'The answer was lost on its way.',
};

/** @param text the server's own words. */
function sentence(text: string): string {
  const end = /[.!?]$/.test(text) ? '' : '.';
  return text.charAt(0).toUpperCase() + text.slice(1) + end;
}
