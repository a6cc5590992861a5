// Owns the side panel of one node: its command, metrics and neighbours.

import { useEffect, useRef } from 'react';
import type { EdgeRecord, NodeRecord } from '../runState.ts';
import type { DAGStream } from '../useDAGStream.ts';
import { Icon } from './Icon.tsx';
import { NodeOutput } from './NodeOutput.tsx';
import { bytes, duration, NODE_ICONS, NODE_WORDS } from './statusWords.ts';

interface Props {
  readonly node: NodeRecord;
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  readonly edges: ReadonlyMap<string, EdgeRecord>;
  readonly runId: string | null;
  /** Whether a question is answered at once. */
  readonly live: boolean;
  readonly request: DAGStream['request'];
  readonly onSelect: (id: string) => void;
  readonly onClose: () => void;
}

export function NodePanel({ node, nodes, edges, runId, live, request, onSelect, onClose }: Props) {
  const head = useRef<HTMLHeadingElement>(null);
  // The panel is beside the graph and not over the page: focus goes to its heading, and back to the node at the end.
  const before = useRef<Element | null>(null);
  useEffect(() => {
    const active = document.activeElement;
    // From one node to the next inside the panel, the way back stays the same.
    if (!active?.closest('.panel')) before.current = active;
    head.current?.focus({ preventScroll: true });
  }, [node.id]);
  useEffect(
    () => () => {
      if (before.current instanceof HTMLElement && before.current.isConnected) before.current.focus({ preventScroll: true });
    },
    [],
  );
  const needs = [...edges.values()].filter((edge) => edge.to === node.id).map((edge) => edge.from);
  const feeds = [...edges.values()].filter((edge) => edge.from === node.id).map((edge) => edge.to);
  const title = (id: string) => nodes.get(id)?.title ?? id;
  return (
    <aside
      className="panel"
      data-testid="panel"
      data-node={node.id}
      aria-label={`Node ${node.title}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose();
      }}
    >
      <div className="panel-head">
        <h2 ref={head} tabIndex={-1}>
          {node.title}
        </h2>
        <button type="button" className="button button-icon button-quiet" aria-label="Close panel" data-testid="panel-close" onClick={onClose}>
          <Icon name="cross" />
        </button>
        <p>
          <span className="status" data-status={node.status}>
            <Icon name={NODE_ICONS[node.status]} size={13} />
            {NODE_WORDS[node.status]}
          </span>{' '}
          <span className="mono panel-quiet">{node.id}</span>
        </p>
      </div>
      <div className="panel-body">
        <NodeMetrics node={node} />
        {node.run && (
          <section>
            <h3>Command</h3>
            <code className="mono command">{node.run.map(quoted).join(' ')}</code>
          </section>
        )}
        {needs.length > 0 && <Links title="Needs" ids={needs} name={title} onSelect={onSelect} />}
        {feeds.length > 0 && <Links title="Feeds" ids={feeds} name={title} onSelect={onSelect} />}
        {/* What was asked about one attempt is nothing to the next. */}
        <NodeOutput key={`${runId} ${node.id} ${node.metrics?.attempt}`} node={node} live={live} request={request} />
      </div>
    </aside>
  );
}

function NodeMetrics({ node }: { node: NodeRecord }) {
  const { metrics } = node;
  if (!metrics || node.kind === 'gate') return null;
  return (
    <dl className="metrics" data-testid="metrics">
      <Metric name="Attempt" value={String(metrics.attempt)} />
      <Metric name="Wall time" value={duration(metrics.wall_ms)} />
      <Metric name="CPU time" value={duration(metrics.cpu_ms)} />
      <Metric name="Exit status" value={metrics.exit_code === undefined ? 'by signal' : String(metrics.exit_code)} />
      <Metric name="Printed" value={bytes(metrics.output_bytes)} />
    </dl>
  );
}

export function Metric({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface LinksProps {
  readonly title: string;
  readonly ids: readonly string[];
  readonly name: (id: string) => string;
  readonly onSelect: (id: string) => void;
}

function Links({ title, ids, name, onSelect }: LinksProps) {
  return (
    <section>
      <h3>{title}</h3>
      <div className="chips">
        {ids.map((id) => (
          <button key={id} type="button" className="chip" onClick={() => onSelect(id)}>
            {name(id)}
          </button>
        ))}
      </div>
    </section>
  );
}

/** A word as a shell would need it, though none reads it: so that it can be copied. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
