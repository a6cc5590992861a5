// Owns who somebody is to the eye: a name, a colour, two letters. Must not know where they are or how they stand.
// What others say of themselves is taken for text and nothing else.

/** What a page says of who looks at it. */
export interface Said {
  /** As the person wrote it; absent where nobody wrote one. */
  readonly name?: string;
  readonly page: 'dashboard' | 'room';
  /** The title of the node that is open on the dashboard. */
  readonly node?: string;
}

export const MAX_NAME = 24;
/** So many `--person-…` there are. */
export const COLOURS = 10;

const HOW = ['Amber', 'Brave', 'Calm', 'Clever', 'Copper', 'Gentle', 'Lucky', 'Misty', 'Nimble', 'Polar', 'Quiet', 'Rapid', 'Silver', 'Sunny', 'Swift', 'Velvet'];
const WHO = ['Badger', 'Crane', 'Dolphin', 'Falcon', 'Fox', 'Gecko', 'Heron', 'Ibex', 'Koala', 'Lynx', 'Marten', 'Otter', 'Panda', 'Raven', 'Seal', 'Wren'];

/** The name of a person: their own, or one that everybody makes of the id alike. */
export function nameOf(id: string, said: unknown): string {
  const own = cleanName(field(said, 'name'));
  if (own !== '') return own;
  if (id === '') return 'You';
  const hash = hashOf(id);
  return `${HOW[hash % HOW.length]} ${WHO[(hash >>> 8) % WHO.length]}`;
}

/** One line of what can be read, and no more of it than fits; empty if there is nothing. */
export function cleanName(given: unknown, most = MAX_NAME): string {
  if (typeof given !== 'string') return '';
  // Controls, and marks that turn the direction of what stands after them.
  const line = given.slice(0, 256).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return [...line].slice(0, most).join('').trim();
}

/** Which of the colours: the same on every page and after a reload. */
export function colourOf(id: string): number {
  return (hashOf(id) >>> 16) % COLOURS;
}

export function initialsOf(name: string): string {
  const [first = '', second = ''] = name.split(' ');
  return `${[...first][0] ?? '?'}${[...second][0] ?? ''}`.toUpperCase();
}

/** Where somebody is. */
export function whereabouts(said: unknown): string {
  if (field(said, 'page') === 'room') return 'In this room';
  if (field(said, 'page') !== 'dashboard') return '';
  const node = cleanName(field(said, 'node'), 64);
  return node === '' ? 'On the dashboard' : `On the dashboard, at “${node}”`;
}

function field(said: unknown, name: keyof Said): unknown {
  return said !== null && typeof said === 'object' ? (said as Record<string, unknown>)[name] : undefined;
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  // The last character has not reached the high bits yet.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
