// Owns the pointers on the page: one's own on its way out, the others' drawn over everything. Frame by frame, past React.
// Must not know how a pointer travels.

import { useEffect, useRef } from 'react';
import { type Cursor, pointer, type Presence } from 'everwire/presence';
import { colourOf, nameOf } from '../person.ts';
import { useMedia } from '../useMedia.ts';
import { onScreen, spotOf } from './places.ts';

/** More of them hide the page. */
const MOST = 40;
/** One that rests so long steps back, in milliseconds. */
const RESTS = 8_000;

interface Props {
  readonly presence: Presence<any>;
  /** What the place is called where a pointer is, for its label; empty for nothing. */
  readonly titleOf?: (place: string) => string;
}

export function Pointers({ presence, titleOf }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const latest = useRef(titleOf);
  useEffect(() => {
    latest.current = titleOf;
  });
  const calm = useMedia('(prefers-reduced-motion: reduce)');
  useEffect(() => {
    const element = layer.current;
    if (!element) return;
    const own = pointer(presence, { smooth: !calm });
    const drawing = drawingOn(element, presence, (place) => latest.current?.(place) ?? '');
    const redraw = soon(() => drawing.show(own.cursors()));
    const moved = (event: PointerEvent) => {
      const spot = spotOf(event);
      if (spot) own.move(spot.x, spot.y, spot.place);
    };
    addEventListener('pointermove', moved, { passive: true });
    addEventListener('scroll', redraw, { passive: true, capture: true });
    addEventListener('resize', redraw, { passive: true });
    const offs = [own.subscribe((cursors) => drawing.show(cursors)), presence.subscribe(redraw)];
    // The graph is moved by a style.
    const watch = new MutationObserver(redraw);
    for (const plane of document.querySelectorAll('.canvas')) watch.observe(plane, { subtree: true, childList: true, attributeFilter: ['style', 'data-plane'] });
    return () => {
      removeEventListener('pointermove', moved);
      removeEventListener('scroll', redraw, { capture: true });
      removeEventListener('resize', redraw);
      for (const off of offs) off();
      watch.disconnect();
      own.stop();
      drawing.clear();
    };
  }, [presence, calm]);
  return <div className="pointers" ref={layer} aria-hidden="true" data-testid="pointers" />;
}

interface Drawn {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
  resting: ReturnType<typeof setTimeout> | undefined;
  at: string;
}

function drawingOn(layer: HTMLElement, presence: Presence<any>, titleOf: (place: string) => string) {
  const drawn = new Map<string, Drawn>();
  const remove = (id: string) => {
    const one = drawn.get(id);
    clearTimeout(one?.resting);
    one?.element.remove();
    drawn.delete(id);
  };
  return {
    show(cursors: readonly Cursor[]) {
      const shown = new Set<string>();
      for (const { userId, x, y, node = '' } of cursors) {
        const spot = shown.size < MOST ? onScreen({ place: node, x, y }) : null;
        if (!spot) continue;
        shown.add(userId);
        const one = drawn.get(userId) ?? make(layer, userId);
        drawn.set(userId, one);
        one.element.style.transform = `translate(${spot.left.toFixed(1)}px, ${spot.top.toFixed(1)}px)`;
        one.element.dataset['side'] = spot.left > innerWidth - 170 ? 'left' : 'right';
        const title = titleOf(node);
        const label = nameOf(userId, presence.member(userId)?.state) + (title && ` · ${title}`);
        if (one.label.textContent !== label) one.label.textContent = label;
        const at = `${x} ${y} ${node}`;
        if (one.at === at) continue;
        one.at = at;
        delete one.element.dataset['rests'];
        clearTimeout(one.resting);
        one.resting = setTimeout(() => (one.element.dataset['rests'] = 'true'), RESTS);
      }
      for (const id of [...drawn.keys()]) if (!shown.has(id)) remove(id);
    },
    clear() {
      for (const id of [...drawn.keys()]) remove(id);
    },
  };
}

const SVG = 'http://www.w3.org/2000/svg';

function make(layer: HTMLElement, userId: string): Drawn {
  const element = document.createElement('div');
  element.className = 'pointer';
  element.dataset['person'] = String(colourOf(userId));
  element.dataset['testid'] = 'pointer';
  const arrow = document.createElementNS(SVG, 'svg');
  arrow.setAttribute('viewBox', '0 0 16 18');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', 'M1 1l5 15 2.6-6.2L15 7.4z');
  arrow.append(path);
  const label = document.createElement('span');
  element.append(arrow, label);
  layer.append(element);
  return { element, label, resting: undefined, at: '' };
}

/** At most once a frame. */
function soon(act: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      act();
    });
  };
}
