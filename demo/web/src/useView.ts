// Owns what part of the graph is in view while nobody has chosen one. Must not know how cards are drawn.

import { useEffect, useRef } from 'react';
import { type Node, type ReactFlowInstance, useStore } from '@xyflow/react';
import { NODE_HEIGHT, NODE_WIDTH } from './card.ts';
import type { Layout } from './layout.ts';
import type { RunState } from './runState.ts';
import { useMedia } from './useMedia.ts';

export const FIT = { padding: { top: '60px', right: '24px', bottom: '28px', left: '24px' }, maxZoom: 1.1, minZoom: 0.1 } as const;

/** Below this nobody can read a card: the view then follows what is going on, at a size that can be read. */
const READABLE = 0.5;
/** A view that jumps with every event is worse than one that lags. */
const SETTLE = 700;

interface View {
  /** To be called when a person moves the view: it is theirs from then on, until the next run. */
  taken(): void;
}

export function useView<N extends Node>(
  { fitView, getViewport, setViewport }: Pick<ReactFlowInstance<N>, 'fitView' | 'getViewport' | 'setViewport'>,
  run: RunState,
  places: Layout,
  selected: string | null,
): View {
  const moved = useRef(false);
  const calm = useMedia('(prefers-reduced-motion: reduce)');
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const small = Math.min(width / places.size.x, (height - 88) / places.size.y) < READABLE;
  const busy = small ? busyNodes(run) : '';

  useEffect(() => {
    moved.current = false;
  }, [run.runId, places.direction]);

  useEffect(() => {
    if (moved.current || width === 0) return;
    const nodes = busy.split(' ').filter(Boolean).map((id) => ({ id }));
    const follow = nodes.length > 0 ? { nodes, minZoom: READABLE, maxZoom: 0.85, padding: 0.3 } : FIT;
    const show = () => void fitView({ ...follow, duration: calm ? 0 : 320 });
    const timer = setTimeout(show, nodes.length > 0 ? SETTLE : 30);
    return () => clearTimeout(timer);
  }, [places, busy, width, height, calm, fitView]);

  // The panel lies over the right side: a card under it is brought out.
  useEffect(() => {
    const place = selected === null ? undefined : places.nodes.get(selected);
    const panel = document.querySelector('.panel')?.getBoundingClientRect();
    if (!place || !panel || panel.height < height / 2 || panel.width > width / 2) return;
    const { x, y, zoom } = getViewport();
    const right = x + (place.x + NODE_WIDTH) * zoom;
    const over = right - (panel.left - 24);
    const under = y + (place.y + NODE_HEIGHT) * zoom - height;
    if (over > 0 || under > 0) {
      void setViewport({ x: x - Math.max(over, 0), y: y - Math.max(under, 0), zoom }, { duration: calm ? 0 : 200 });
    }
  }, [selected, places, width, height, calm, getViewport, setViewport]);

  return {
    taken() {
      moved.current = true;
    },
  };
}

/** What is going on, as a key: the first few, because a view of all of them would be small again. */
function busyNodes({ nodes }: RunState): string {
  const ids: string[] = [];
  for (const { id, status } of nodes.values()) {
    if ((status === 'running' || status === 'waiting') && ids.push(id) === 3) break;
  }
  return ids.join(' ');
}
