// Owns the list of the nodes: the graph for narrow screens and for readers.

import { memo, useMemo } from 'react';
import { inOrder } from '../inOrder.ts';
import type { NodeRecord, RunState } from '../runState.ts';
import { NodeFace } from './DagNode.tsx';

interface Props {
  readonly run: RunState;
  readonly highlighted: ReadonlySet<string>;
  readonly onSelect: (id: string) => void;
}

export function NodeList({ run, highlighted, onSelect }: Props) {
  // The order follows the shape alone, and a status moves nothing.
  const order = useMemo(
    () => inOrder(run.nodes.keys(), run.edges.values()),
    [run.structure],
  );
  return (
    <nav className="list" aria-label="Nodes of the run">
      <ol>
        {order.map(({ id, depth }) => {
          const node = run.nodes.get(id);
          return node && <Row key={id} node={node} depth={depth} highlight={highlighted.has(id)} onSelect={onSelect} />;
        })}
      </ol>
    </nav>
  );
}

interface RowProps {
  readonly node: NodeRecord;
  readonly depth: number;
  readonly highlight: boolean;
  readonly onSelect: (id: string) => void;
}

const Row = memo(function Row({ node, depth, highlight, onSelect }: RowProps) {
  return (
    <li style={{ '--depth': depth } as React.CSSProperties}>
      <button
        type="button"
        className="node"
        data-place={`node ${node.id}`}
        data-testid={`node-${node.id}`}
        data-status={node.status}
        data-highlight={highlight || undefined}
        onClick={() => onSelect(node.id)}
      >
        <NodeFace node={node} />
      </button>
    </li>
  );
});
