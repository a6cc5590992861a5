// Owns the line of one edge. Must not know the graph.

import { memo } from 'react';
import { BaseEdge, type Edge, type EdgeProps } from '@xyflow/react';
import type { Point } from '../card.ts';
import { type Direction, spline } from '../layout.ts';

export interface RoutedEdgeData extends Record<string, unknown> {
  readonly between: readonly Point[];
  readonly direction: Direction;
}

export type RoutedFlowEdge = Edge<RoutedEdgeData, 'routed'>;

export const RoutedEdge = memo(function RoutedEdge({ id, sourceX, sourceY, targetX, targetY, data }: EdgeProps<RoutedFlowEdge>) {
  const path = spline({ x: sourceX, y: sourceY }, { x: targetX, y: targetY }, data?.between ?? [], data?.direction ?? 'LR');
  return <BaseEdge id={id} path={path} interactionWidth={0} />;
});
