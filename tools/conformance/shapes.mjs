// @ts-check
// Owns the shapes of what a server may say (PROTOCOL.md §11); must not know when it may say it.

const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isAbsentOr = (/** @type {(value: any) => boolean} */ fits) => (/** @type {unknown} */ value) => value === undefined || value === null || fits(value);
const isText = (/** @type {unknown} */ value) => typeof value === 'string';
const isIdentity = (/** @type {unknown} */ value) => typeof value === 'string' && Buffer.byteLength(value) <= 128;
const isBoolean = (/** @type {unknown} */ value) => typeof value === 'boolean';
const within = (/** @type {number} */ low, /** @type {number} */ high) => (/** @type {unknown} */ value) => isCount(value) && Number(value) >= low && Number(value) <= high;
const anHour = 3_600_000;
/** Of a member, or of what one says of itself. */
const member = {
  userId: isAbsentOr((value) => isIdentity(value) && value !== ''),
  clock: isAbsentOr(within(1, Number.MAX_SAFE_INTEGER)),
  state: isAbsentOr((value) => typeof value === 'object' && !Array.isArray(value)),
  status: isAbsentOr((value) => ['here', 'away', 'stale', 'offline'].includes(value)),
  lastSeen: isAbsentOr(isCount),
};
const inRoom = { room: isAbsentOr((value) => isIdentity(value) && value !== ''), $seq: (/** @type {unknown} */ value) => value === undefined };

/** @type {Record<string, Record<string, (value: any) => boolean>>} */
const shapes = {
  ping: {},
  pong: {},
  hello: {
    v: within(1, Number.MAX_SAFE_INTEGER),
    features: isAbsentOr((value) => Array.isArray(value) && value.every(isText)),
    epoch: isAbsentOr(isIdentity),
    seq: isAbsentOr(within(0, Number.MAX_SAFE_INTEGER - 1)),
    keep: isAbsentOr(within(0, 604_800_000)),
    auth: isAbsentOr(isBoolean),
    limits: isAbsentOr((limits) => isAbsentOr(within(1_024, 16_777_216))(limits?.frame) && isAbsentOr(within(1, 1_024))(limits?.inflight)),
    heartbeat: isAbsentOr(
      (heartbeat) =>
        isAbsentOr((by) => ['client', 'server', 'none'].includes(String(by)))(heartbeat?.by) && isAbsentOr(within(1_000, 300_000))(heartbeat?.every),
    ),
  },
  // What it repeats of a client is as long as the client made it.
  ack: { id: isText },
  nack: { id: isText, code: (code) => isIdentity(code) && code !== '', message: isAbsentOr(isText), retry_after: isAbsentOr(within(0, anHour)) },
  reply: { id: isText },
  resync: {
    epoch: isIdentity,
    from: isAbsentOr(isCount),
    to: isCount,
    kept: isAbsentOr(isBoolean),
    events: isAbsentOr(Array.isArray),
    more: isAbsentOr(isBoolean),
  },
  presence_list: { ...inRoom, you: isIdentity, members: (members) => Array.isArray(members) && members.every((each) => isMember(each)), more: isAbsentOr(isBoolean) },
  presence_join: { ...inRoom, ...member },
  presence_update: { ...inRoom, ...member },
  presence_leave: { ...inRoom, userId: member.userId, clock: member.clock },
  presence_refused: { ...inRoom, code: (code) => isIdentity(code) && code !== '', message: isAbsentOr(isText) },
  goaway: { retry_after: isAbsentOr(within(0, anHour)), spread: isAbsentOr(within(0, anHour)), grace: isAbsentOr(within(0, anHour)), reason: isAbsentOr(isText) },
};
/** @type {Record<string, (value: any) => boolean>} */
const envelope = { $seq: isAbsentOr(within(1, Number.MAX_SAFE_INTEGER - 1)), $id: isAbsentOr(isIdentity) };

/** @param {any} value */
const isMember = (value) => isText(value?.userId) && Object.entries(member).every(([name, fits]) => fits(value[name]));

/** What is wrong with a message's shape, or null. @param {any} message */
export function misshapen(message) {
  const shape = shapes[message.type] ?? envelope;
  const field = Object.keys(shape).find((name) => !shape[name]?.(message[name]));
  return field === undefined ? null : `${field} of ${message.type} is ${JSON.stringify(message[field])}`;
}
