// Owns what a node printed: its beginning, and the way to the rest. Must not know how the rest is fetched.

import { useEffect, useRef } from 'react';
import type { NodeRecord } from '../runState.ts';
import type { DAGStream } from '../useDAGStream.ts';
import { useWholeOutput } from '../useWholeOutput.ts';
import type { WholeOutput } from '../wholeOutput.ts';
import { Icon } from './Icon.tsx';
import { bytes } from './statusWords.ts';

interface Props {
  readonly node: NodeRecord;
  readonly live: boolean;
  readonly request: DAGStream['request'];
}

export function NodeOutput({ node, live, request }: Props) {
  const [whole, ask] = useWholeOutput(request, node.id, node.metrics?.attempt ?? 0);
  const output = useRef<HTMLPreElement>(null);
  const shown = whole.state === 'shown';
  useEffect(() => {
    // The button that had the focus is gone.
    if (shown && document.activeElement === document.body) output.current?.focus({ preventScroll: true });
  }, [shown]);
  if (node.kind === 'gate') return <p className="panel-quiet">A person decides here. Nothing is run.</p>;
  if (node.output === undefined) {
    const text = node.status === 'running' ? 'Its output is shown at its end.' : 'Nothing was printed yet.';
    return <p className="panel-quiet">{text}</p>;
  }
  const text = shown ? whole.output : node.output;
  // While it runs again, the server speaks of that attempt, which is not the one shown.
  const more = node.metrics?.truncated && !shown && node.status !== 'running';
  return (
    <section className="panel-output">
      <h3 id="output-title" data-testid="output-title">
        Output{shown ? extent(text, node) : node.metrics?.truncated ? ', its beginning' : ''}
      </h3>
      {more && <Rest node={node} whole={whole} live={live} onAsk={ask} />}
      {/* Long output scrolls inside; a keyboard has to be able to reach it. */}
      <pre ref={output} className="output" data-testid="output" tabIndex={0} role="region" aria-labelledby="output-title">
        {text || (more ? '…' : 'Nothing was printed.')}
      </pre>
    </section>
  );
}

interface RestProps {
  readonly node: NodeRecord;
  readonly whole: WholeOutput;
  readonly live: boolean;
  readonly onAsk: () => void;
}

function Rest({ node, whole, live, onAsk }: RestProps) {
  const asking = whole.state === 'asking';
  return (
    <div className="output-rest" data-testid="output-rest" data-state={whole.state}>
      <p role="status" data-tone={whole.state === 'refused' ? 'red' : asking && !live ? 'amber' : undefined}>
        {restText(node, whole, live)}
      </p>
      {/* Not disabled while it asks: it would lose the focus. */}
      <button type="button" className="button" data-testid="output-all" aria-disabled={asking} onClick={asking ? undefined : onAsk}>
        <Icon name={asking ? 'spinner' : whole.state === 'refused' ? 'retry' : 'down'} size={14} />
        {asking ? (live ? 'Asking…' : 'Waiting…') : whole.state === 'refused' ? 'Try again' : 'Show the rest'}
      </button>
    </div>
  );
}

function restText({ output = '', metrics }: NodeRecord, whole: WholeOutput, live: boolean): string {
  if (whole.state === 'refused') return whole.message;
  if (whole.state === 'asking' && !live) return 'The rest comes as soon as the connection is back.';
  return `The first ${bytes(size(output))} of ${bytes(metrics?.output_bytes ?? 0)}.`;
}

/** A server keeps only so much. */
function extent(text: string, { metrics }: NodeRecord): string {
  const kept = size(text);
  const printed = metrics?.output_bytes ?? kept;
  return kept < printed ? `, the ${bytes(kept)} of ${bytes(printed)} that were kept` : ', all of it';
}

function size(text: string): number {
  return new TextEncoder().encode(text).length;
}
