// Owns where the nodes of a graph stand and how its edges run between them. Must not know what a node shows.

import dagre from '@dagrejs/dagre';
import { NODE_HEIGHT, NODE_WIDTH, type Point } from './card.ts';
import { edgeId } from './runState.ts';
import { wrapTall } from './wrapTall.ts';

export type Direction = 'LR' | 'TB';

/** From here on a quick layout counts more than a short one. */
const MANY = 100;

export interface Layout {
  readonly direction: Direction;
  readonly size: Point;
  /** Top left corners. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** By `edgeId`: the points between the two cards, past those in between. */
  readonly routes: ReadonlyMap<string, readonly Point[]>;
}

/** Edges to unknown nodes are ignored. */
export function layout(
  ids: Iterable<string>,
  edges: Iterable<{ readonly from: string; readonly to: string }>,
  direction: Direction,
): Layout {
  const graph = new dagre.graphlib.Graph();
  const all = [...ids];
  graph.setGraph({
    // The better ranks take 1.4 s for 400 nodes, the others 0.1 s: a page must not stand still for its looks.
    ranker: all.length > MANY ? 'tight-tree' : 'network-simplex',
    rankdir: direction,
    nodesep: direction === 'LR' ? 16 : 28,
    ranksep: direction === 'LR' ? 64 : 52,
    marginx: 8,
    marginy: 8,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of all) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  const known = [...edges].filter(({ from, to }) => graph.hasNode(from) && graph.hasNode(to));
  const needs = new Map<string, number>();
  for (const { to } of known) needs.set(to, (needs.get(to) ?? 0) + 1);
  for (const { from, to } of known) {
    // An edge to what waits for many may be long, so that cards stand where they can run and not all before the end.
    graph.setEdge(from, to, { weight: (needs.get(to) ?? 0) > 4 ? 1 : known.length });
  }
  dagre.layout(graph, { disableOptimalOrderHeuristic: all.length > MANY });
  const nodes = new Map<string, Point>();
  for (const id of graph.nodes()) {
    const { x, y } = graph.node(id) as Point;
    nodes.set(id, { x: x - NODE_WIDTH / 2, y: y - NODE_HEIGHT / 2 });
  }
  const routes = new Map<string, readonly Point[]>();
  for (const edge of graph.edges()) {
    // The first and the last point lie on the cards' borders; the handles take their place.
    const { points } = graph.edge(edge) as { points: Point[] };
    routes.set(edgeId({ from: edge.v, to: edge.w }), points.slice(1, -1));
  }
  const wrapped = direction === 'LR' ? wrapTall(nodes) : nodes;
  // The ways were those between the places before.
  if (wrapped !== nodes) for (const id of routes.keys()) routes.set(id, []);
  return { direction, size: sizeOf(wrapped), nodes: wrapped, routes };
}

function sizeOf(nodes: ReadonlyMap<string, Point>): Point {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  for (const { x, y } of nodes.values()) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + NODE_WIDTH);
    bottom = Math.max(bottom, y + NODE_HEIGHT);
  }
  return { x: Math.max(right - left, 1), y: Math.max(bottom - top, 1) };
}

/**
 * A smooth line from `start` to `end` that leaves and arrives along the direction: one curve between neighbours, else a
 * uniform cubic B-spline past what lies in between.
 */
export function spline(start: Point, end: Point, between: readonly Point[], direction: Direction): string {
  const lead = (point: Point, by: number): Point =>
    direction === 'LR' ? { x: point.x + by, y: point.y } : { x: point.x, y: point.y + by };
  const f = (value: number) => value.toFixed(1);
  let path = `M${f(start.x)} ${f(start.y)}`;
  if (between.length < 2) {
    const half = (direction === 'LR' ? end.x - start.x : end.y - start.y) / 2;
    const [a, b] = [lead(start, half), lead(end, -half)];
    return `${path}C${f(a.x)} ${f(a.y)} ${f(b.x)} ${f(b.y)} ${f(end.x)} ${f(end.y)}`;
  }
  const through = [start, start, start, lead(start, 24), ...between, lead(end, -24), end, end, end];
  for (let at = 0; at + 2 < through.length; at += 1) {
    const [a, b, c] = through.slice(at, at + 3) as [Point, Point, Point];
    const mix = (p: Point, q: Point, share: number) => `${f(p.x + (q.x - p.x) * share)} ${f(p.y + (q.y - p.y) * share)}`;
    const knot = `${f((a.x + 4 * b.x + c.x) / 6)} ${f((a.y + 4 * b.y + c.y) / 6)}`;
    if (at > 0) path += ` ${knot}`;
    if (at + 3 < through.length) path += `C${mix(b, c, 1 / 3)} ${mix(b, c, 2 / 3)}`;
  }
  return path;
}
