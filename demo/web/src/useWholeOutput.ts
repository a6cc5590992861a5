// Owns the asking for all that a node printed: one question at a time, given up with the component that asked. Must not know
// how it looks.

import { useEffect, useRef, useState } from 'react';
import type { NodeOutput } from './protocol.ts';
import { reportError } from './reportError.ts';
import type { DAGStream } from './useDAGStream.ts';
import { answered, refused, type WholeOutput } from './wholeOutput.ts';

/** Long enough for a connection that has to come back first. */
const ANSWER_WITHIN = 60_000;

/** Of one attempt of one node: another one is another component (`key`). */
export function useWholeOutput(request: DAGStream['request'], nodeId: string, attempt: number): [WholeOutput, ask: () => void] {
  const [whole, setWhole] = useState<WholeOutput>({ state: 'not asked' });
  const asked = useRef<AbortController | null>(null);
  useEffect(() => () => asked.current?.abort(), []);

  const ask = async () => {
    asked.current?.abort();
    const { signal } = (asked.current = new AbortController());
    setWhole({ state: 'asking' });
    let end: WholeOutput;
    try {
      const reply = await request<NodeOutput>({ type: 'node_output', node_id: nodeId }, { timeout: ANSWER_WITHIN, signal });
      end = reply === null ? refused(new Error('There is no connection yet.')) : answered(reply, nodeId, attempt);
    } catch (error) {
      if (signal.aborted) return;
      reportError(error, { where: 'output', nodeId });
      end = refused(error);
    }
    if (!signal.aborted) setWhole(end);
  };
  return [whole, () => void ask()];
}
