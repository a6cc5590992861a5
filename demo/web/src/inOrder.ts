// Owns the order of a graph's nodes in a list: each after what it needs, and how deep it lies.

import type { Edge } from './protocol.ts';

export interface Placed {
  readonly id: string;
  /** The longest way from a node that needs nothing. */
  readonly depth: number;
}

/** Nodes of one depth keep the order in which they came. What lies on a circle, which a DAG has none of, comes last. */
export function inOrder(ids: Iterable<string>, edges: Iterable<Edge>): readonly Placed[] {
  const depth = new Map<string, number>();
  const open = new Map<string, number>();
  for (const id of ids) {
    depth.set(id, 0);
    open.set(id, 0);
  }
  const feeds = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (!depth.has(from) || !depth.has(to)) continue;
    open.set(to, (open.get(to) ?? 0) + 1);
    feeds.set(from, [...(feeds.get(from) ?? []), to]);
  }
  const ready = [...open].filter(([, needs]) => needs === 0).map(([id]) => id);
  const sorted = new Set<string>();
  for (const id of ready) {
    sorted.add(id);
    for (const next of feeds.get(id) ?? []) {
      depth.set(next, Math.max(depth.get(next) ?? 0, (depth.get(id) ?? 0) + 1));
      const needs = (open.get(next) ?? 1) - 1;
      open.set(next, needs);
      if (needs === 0) ready.push(next);
    }
  }
  const rank = (id: string) => (sorted.has(id) ? (depth.get(id) ?? 0) : Number.MAX_SAFE_INTEGER);
  return [...depth.keys()].map((id) => ({ id, depth: rank(id) })).sort((a, b) => a.depth - b.depth);
}
