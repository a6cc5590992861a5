// Owns the line that counts the nodes by status.

import { memo } from 'react';
import type { NodeStatus } from '../protocol.ts';
import type { NodeRecord } from '../runState.ts';
import { NODE_WORDS } from './statusWords.ts';

const ORDER: readonly NodeStatus[] = ['running', 'waiting', 'failed', 'rejected', 'succeeded', 'pending', 'skipped', 'cancelled'];

export const Progress = memo(function Progress({ nodes }: { nodes: ReadonlyMap<string, NodeRecord> }) {
  const counts = new Map<NodeStatus, number>();
  for (const { status } of nodes.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  return (
    <ul className="progress" aria-label="Nodes by status" data-testid="progress">
      {ORDER.filter((status) => counts.has(status)).map((status) => (
        <li key={status} className="progress-item" data-status={status}>
          {counts.get(status)} {NODE_WORDS[status].toLowerCase()}
        </li>
      ))}
    </ul>
  );
});
