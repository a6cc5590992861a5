// Owns where something is on the page, so that another window, of another size, can find the same spot: as a part of an
// element with a name (`data-place`), or on the plane of the graph (`data-plane`). Must not know whose pointer is there.

export interface Spot {
  readonly place: string;
  readonly x: number;
  readonly y: number;
}

/** The spot of a pointer; null where it is nowhere that another page would know. */
export function spotOf({ target, clientX, clientY }: PointerEvent): Spot | null {
  if (!(target instanceof Element)) return null;
  const element = target.closest<HTMLElement>('[data-place], [data-plane]');
  if (!element) return null;
  const { place, plane } = element.dataset;
  const frame = place === undefined ? planeOf(element) : frameOf(element);
  if (!frame) return null;
  return { place: place ?? plane ?? '', x: (clientX - frame.left) / frame.width, y: (clientY - frame.top) / frame.height };
}

/** Where a spot is in this window, in pixels of it; null if it is not shown here. */
export function onScreen({ place, x, y }: Spot): { readonly left: number; readonly top: number } | null {
  // It is somebody else's word.
  const name = CSS.escape(place);
  const element = document.querySelector<HTMLElement>(`[data-place="${name}"]`);
  const plane = element ? null : document.querySelector<HTMLElement>(`[data-plane="${name}"]`);
  const frame = element ? frameOf(element) : plane && planeOf(plane);
  if (!frame) return null;
  const left = frame.left + x * frame.width;
  const top = frame.top + y * frame.height;
  const inside = left >= 0 && top >= 0 && left < innerWidth && top < innerHeight;
  return inside ? { left, top } : null;
}

type Frame = Pick<DOMRect, 'left' | 'top' | 'width' | 'height'>;

function frameOf(element: Element): Frame | null {
  const frame = element.getBoundingClientRect();
  return frame.width > 0 && frame.height > 0 ? frame : null;
}

/** The plane of the graph has an origin and a scale, and no end. */
function planeOf(element: Element): Frame | null {
  const moved = element.querySelector<HTMLElement>('.react-flow__viewport');
  if (!moved || moved.offsetWidth === 0) return null;
  const { left, top, width } = moved.getBoundingClientRect();
  const scale = width / moved.offsetWidth;
  return scale > 0 ? { left, top, width: scale, height: scale } : null;
}
