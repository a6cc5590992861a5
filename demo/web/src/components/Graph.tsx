// Owns the drawing of the graph: where cards stand, what is selected, what is in view. Must not know the run's commands.

import { useMemo, useRef } from 'react';
import {
  Background,
  BackgroundVariant,
  Controls,
  MiniMap,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { NODE_HEIGHT, NODE_WIDTH } from '../card.ts';
import { type Direction, layout } from '../layout.ts';
import type { EdgeRecord, NodeRecord, RunState } from '../runState.ts';
import { FIT, useView } from '../useView.ts';
import { DagNode, type DagFlowNode } from './DagNode.tsx';
import { RoutedEdge, type RoutedFlowEdge } from './RoutedEdge.tsx';
import { NODE_WORDS } from './statusWords.ts';

const nodeTypes = { dag: DagNode };
const edgeTypes = { routed: RoutedEdge };
/** So many lines are a background, not something to follow. */
const DENSE = 300;

interface Props {
  readonly run: RunState;
  readonly direction: Direction;
  readonly selected: string | null;
  readonly highlighted: ReadonlySet<string>;
  readonly onSelect: (id: string | null) => void;
}

export function Graph(props: Props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ run, direction, selected, highlighted, onSelect }: Props) {
  // Laid out anew only when the shape changes: a status moves nothing.
  const places = useMemo(
    () => layout(run.nodes.keys(), run.edges.values(), direction),
    // eslint-disable-next-line -- `structure` stands for the keys of both maps.
    [run.structure, direction],
  );

  // A card whose data did not change keeps its identity, so that React Flow and `memo` leave it alone.
  const cards = useRef(new Map<string, DagFlowNode>());
  const nodes = useMemo(() => {
    const next = new Map<string, DagFlowNode>();
    for (const node of run.nodes.values()) {
      const position = places.nodes.get(node.id);
      if (!position) continue;
      const highlight = highlighted.has(node.id);
      const old = cards.current.get(node.id);
      const same = old?.data.node === node && old.data.direction === direction && old.data.highlight === highlight;
      if (old && same && old.selected === (node.id === selected) && old.position === position) {
        next.set(node.id, old);
        continue;
      }
      next.set(node.id, {
        id: node.id,
        type: 'dag',
        position,
        width: NODE_WIDTH,
        height: NODE_HEIGHT,
        selected: node.id === selected,
        ariaLabel: label(node),
        data: same ? old.data : { node, direction, highlight },
      });
    }
    cards.current = next;
    return [...next.values()];
  }, [run.nodes, places, direction, highlighted, selected]);

  const lines = useRef(new Map<string, RoutedFlowEdge>());
  const edges = useMemo(() => {
    const next = new Map<string, RoutedFlowEdge>();
    for (const [id, edge] of run.edges) {
      const className = edgeClass(edge, run.nodes);
      const old = lines.current.get(id);
      const between = places.routes.get(id);
      if (!between) continue;
      const sameRoute = old?.data?.between === between;
      if (old && sameRoute && old.className === className) {
        next.set(id, old);
        continue;
      }
      const data = old?.data && sameRoute ? old.data : { between, direction };
      next.set(id, { id, type: 'routed', source: edge.from, target: edge.to, className, data });
    }
    lines.current = next;
    return [...next.values()];
  }, [run.edges, run.nodes, places, direction]);

  const view = useView(useReactFlow<DagFlowNode>(), run, places, selected);

  const onNodesChange = (changes: NodeChange<DagFlowNode>[]) => {
    const selects = changes.filter((change) => change.type === 'select');
    const on = selects.find((change) => change.selected);
    if (on) onSelect(on.id);
    else if (selects.length > 0) onSelect(null);
  };

  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      onNodesChange={onNodesChange}
      onMoveStart={(event) => {
        // Our own `fitView` moves without an event.
        if (event) view.taken();
      }}
      nodesDraggable={false}
      nodesConnectable={false}
      edgesFocusable={false}
      deleteKeyCode={null}
      selectionKeyCode={null}
      multiSelectionKeyCode={null}
      minZoom={0.1}
      maxZoom={1.8}
      fitView
      fitViewOptions={FIT}
      className={edges.length > DENSE ? 'dense' : ''}
      data-plane={`graph ${direction}`}
      aria-label="Graph of the run"
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.4} />
      <Controls showInteractive={false} position="bottom-left" fitViewOptions={FIT} />
      {nodes.length > 24 && (
        <MiniMap<DagFlowNode> className="minimap" nodeClassName={miniClass} ariaLabel="Overview of the graph" pannable zoomable />
      )}
    </ReactFlow>
  );
}

function label(node: NodeRecord): string {
  const attempt = node.metrics && node.metrics.attempt > 1 ? `, attempt ${node.metrics.attempt}` : '';
  return `${node.title}: ${NODE_WORDS[node.status]}${attempt}`;
}

function miniClass({ data }: DagFlowNode): string {
  return `minimap-${data.node.status}`;
}

function edgeClass(edge: EdgeRecord, nodes: ReadonlyMap<string, NodeRecord>): string {
  if (edge.active) return 'edge-active';
  return nodes.get(edge.from)?.status === 'succeeded' && nodes.get(edge.to)?.status === 'succeeded' ? 'edge-done' : 'edge-idle';
}
