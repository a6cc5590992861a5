// Owns the summary of a run that is over.

import type { NodeStatus, Results } from '../protocol.ts';
import { inOrder } from '../inOrder.ts';
import type { EdgeRecord, NodeRecord } from '../runState.ts';
import { Icon } from './Icon.tsx';
import { Metric } from './NodePanel.tsx';
import { duration, RUN_TONES } from './statusWords.ts';

interface Props {
  readonly results: Results;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  readonly edges: ReadonlyMap<string, EdgeRecord>;
  readonly onSelect: (id: string) => void;
  readonly onClose: () => void;
}

const TITLES: Partial<Record<Results['status'], string>> = {
  succeeded: 'The run is complete',
  failed: 'The run ended with failures',
  cancelled: 'The run was cancelled',
  over_budget: 'The run was stopped: its budget is spent',
};

export function CompletionView({ results, nodes, edges, onSelect, onClose }: Props) {
  const statuses = Object.entries(results.nodes);
  const count = (...wanted: NodeStatus[]) => statuses.filter(([, status]) => wanted.includes(status)).length;
  const wrong = statuses.filter(([, status]) => status === 'failed' || status === 'rejected').map(([id]) => id);
  const last = lastOutput(nodes, edges);
  const good = results.status === 'succeeded';
  return (
    <section className="complete" data-testid="complete" data-status={results.status} data-tone={RUN_TONES[results.status]} aria-label="Results">
      <div className="card">
        <div className="complete-head">
          <span className="node-mark">
            <Icon name={good ? 'check' : results.status === 'cancelled' ? 'stop' : 'cross'} size={18} />
          </span>
          <h2>{TITLES[results.status] ?? results.status}</h2>
          <button type="button" className="button button-icon button-quiet" aria-label="Close results" data-testid="complete-close" onClick={onClose}>
            <Icon name="cross" />
          </button>
        </div>
        {results.reason && <p className="card-text">{results.reason}</p>}
        <dl className="metrics">
          <Metric name="Succeeded" value={`${count('succeeded')} of ${statuses.length}`} />
          <Metric name="Failed" value={String(count('failed', 'rejected'))} />
          <Metric name="Not run" value={String(count('skipped', 'cancelled', 'pending'))} />
          <Metric name="Took" value={duration(results.wall_ms)} />
          <Metric name="CPU time" value={duration(results.cpu_ms)} />
        </dl>
        {wrong.length > 0 && (
          <div className="chips complete-wrong">
            {wrong.slice(0, 8).map((id) => (
              <button key={id} type="button" className="chip" onClick={() => onSelect(id)}>
                {nodes.get(id)?.title ?? id}
              </button>
            ))}
          </div>
        )}
        {good && last?.output && (
          <pre className="output" tabIndex={0} role="region" aria-label={`Output of ${last.title}`}>
            {last.output}
          </pre>
        )}
      </div>
    </section>
  );
}

/** What the run came to: the output of the command that needs the most. */
function lastOutput(nodes: Props['nodes'], edges: Props['edges']): NodeRecord | undefined {
  return inOrder(nodes.keys(), edges.values())
    .map(({ id }) => nodes.get(id))
    .findLast((node) => node?.kind === 'command' && node.status === 'succeeded' && node.output);
}
