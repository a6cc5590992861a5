// Owns one card of the graph. Must not know the other cards.

import { memo } from 'react';
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react';
import type { Direction } from '../layout.ts';
import type { NodeRecord } from '../runState.ts';
import { useNow } from '../useNow.ts';
import { Icon } from './Icon.tsx';
import { duration, NODE_ICONS, NODE_WORDS } from './statusWords.ts';

export interface DagNodeData extends Record<string, unknown> {
  readonly node: NodeRecord;
  readonly direction: Direction;
  readonly highlight: boolean;
}

export type DagFlowNode = Node<DagNodeData, 'dag'>;

export const DagNode = memo(function DagNode({ data }: NodeProps<DagFlowNode>) {
  const { node, direction, highlight } = data;
  return (
    <div className="node" data-place={`node ${node.id}`} data-testid={`node-${node.id}`} data-status={node.status} data-highlight={highlight || undefined}>
      <Handle type="target" position={direction === 'LR' ? Position.Left : Position.Top} isConnectable={false} />
      <NodeFace node={node} />
      <Handle type="source" position={direction === 'LR' ? Position.Right : Position.Bottom} isConnectable={false} />
    </div>
  );
});

/** What a card shows, in the graph and in the list. */
export function NodeFace({ node }: { node: NodeRecord }) {
  const attempt = node.metrics?.attempt ?? 1;
  return (
    <>
      <span className="node-mark">
        <Icon name={NODE_ICONS[node.status]} size={18} />
      </span>
      <span className="node-text">
        <span className="node-name" title={node.title}>
          {node.title}
        </span>
        <span className="node-detail">
          {NODE_WORDS[node.status]}
          {node.status === 'running' ? <Elapsed since={node.since} /> : <Spent node={node} />}
        </span>
      </span>
      {attempt > 1 && (
        <span className="node-attempt" title={`Attempt ${attempt}`}>
          ×{attempt}
        </span>
      )}
    </>
  );
}

function Spent({ node }: { node: NodeRecord }) {
  if (!node.metrics || node.status === 'pending' || node.kind === 'gate') return null;
  return <> · {duration(node.metrics.wall_ms)}</>;
}

/** Shown only after a second: most commands are shorter, and a number that flickers says nothing. */
function Elapsed({ since }: { since: number | undefined }) {
  useNow(since !== undefined);
  if (since === undefined) return null;
  const ms = performance.now() - since;
  return ms < 1_000 ? null : <> · {Math.floor(ms / 1_000)} s</>;
}
