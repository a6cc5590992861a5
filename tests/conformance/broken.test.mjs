// @ts-check
// What is wrong with a server is found by the check that is there for it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { conformance } from '../../tools/conformance/conformance.mjs';
import { report } from '../../tools/conformance/report.mjs';
import { complete, completeServer, startBroken } from './support/servers.mjs';

/** @type {{ what: string, changes: [string, string][], found: string[] }[]} */
const broken = [
  { what: 'answers pings with its own ts', changes: [['ts: message.ts', 'ts: Date.now()']], found: ['pong-same-ts'] },
  { what: 'applies a repeated message again', changes: [['if (!client.outcomes.has(n)) ', '']], found: ['ack-applies-once', 'ack-across-connections'] },
  { what: 'forgets its clients when they leave', changes: [['{ peer: null, seen: Date.now() }', '{ peer: null, seen: 0 }']], found: ['ack-across-connections'] },
  { what: 'applies what left the window', changes: [["if (n <= client.highest - WINDOW) return { type: 'nack', code: 'forgotten' };", '']], found: ['window'] },
  { what: 'skips a number', changes: [['head += 1;', 'head += head % 5 === 4 ? 2 : 1;']], found: ['seq-contiguous'] },
  { what: 'sends numbers before the hello', changes: [['waiting: true }', 'waiting: false, seq: true }']], found: ['envelope-before-hello'] },
  { what: 'sends numbers to whom did not name them', changes: [['peer.seq ? event : { ...event, $seq: undefined }', 'event']], found: ['envelope-unnamed'] },
  { what: 'takes a number of another epoch for its own', changes: [['of === epoch && ', '']], found: ['resync-other-epoch'] },
  { what: 'says kept and leaves a hole', changes: [['events: after(from) }', 'events: after(from).slice(1) }']], found: ['resync-behind'] },
  { what: 'says kept of a number that it never gave', changes: [[' && from <= head;', ';']], found: ['resync-too-far'] },
  { what: 'sends batches before the hello', changes: [['  tell(peer, { type: \'hello\'', '  socket.send(\'[{"type":"say","text":"welcome"},{"type":"say","text":"to all"}]\');\n  tell(peer, { type: \'hello\'']], found: ['frames', 'hello-first'] },
  { what: 'sends batches and names none', changes: [["features: ['batch', ", 'features: ['], ['function tell({ socket }, message) {\n  socket.send(JSON.stringify(message));', 'function tell({ socket, client }, message) {\n  socket.send(JSON.stringify(client ? [message] : message));']], found: ['frames'] },
  { what: 'dies of a malformed frame', changes: [['} catch {}', '} catch (error) { process.exit(1); }']], found: ['malformed-frames'] },
  { what: 'takes a hello without a client for one', changes: [["typeof name !== 'string' || ", '']], found: ['bad-hello-code'] },
  { what: 'reads the first of a batch only', changes: [['[frame].flat()', '[frame].flat().slice(0, 1)']], found: ['batch-read', 'batch-bad-element'] },
  { what: 'keeps both connections of a client', changes: [["client.peer?.socket.close(4409, 'the same client connected again');", '']], found: ['client-replaced'] },
  { what: 'lets a late hello replace the newer connection', changes: [['client.peer?.opened > peer.opened', 'false']], found: ['client-late'] },
  { what: 'heeds no late hello, and keeps its connection', changes: [["return peer.socket.close(4409, 'a late hello');", 'return;']], found: ['client-late'] },
  { what: 'numbers what it has told already', changes: [['if (peer.late && peer.seq) resync(peer, {});', '']], found: ['late-hello'] },
  { what: 'answers a nack without a code', changes: [["code: 'bad_message', ", '']], found: ['shapes'] },
  { what: 'leaves at once after goaway', changes: [['socket.close(1012)), GRACE)', 'socket.close(1012)), 0)']], found: ['goaway'] },
];

/** Of the server that has every feature. @type {typeof broken} */
const brokenInMore = [
  { what: 'never sends a critical event again', changes: [['setInterval(() => repeat(peer), RETRY)', 'setInterval(() => {}, RETRY)']], found: ['critical-retried'] },
  { what: 'sends a critical event again under another $id', changes: [['?? []) tell(peer, critical);', '?? []) tell(peer, { ...critical, $id: `${critical.$id}.${Math.random()}` });']], found: ['critical-retried', 'critical-repeated'] },
  { what: 'sends a critical event again although it was acknowledged', changes: [["if (type === 'ack') peer.client.unacknowledged.delete(message.id);", "if (type === 'ack') return;"]], found: ['critical-acknowledged'] },
  { what: 'forgets critical events when their client leaves', changes: [['peer.client.peer = null;', '{ peer.client.peer = null; peer.client.unacknowledged.clear(); }']], found: ['critical-repeated'] },
  { what: 'settles a critical event for all clients', changes: [['peer.client.unacknowledged.delete(message.id)', 'clients.forEach((each) => each.unacknowledged.delete(message.id))']], found: ['critical-own'] },
  { what: 'keeps more critical events than W', changes: [['if (unacknowledged.size > WINDOW) ', 'if (unacknowledged.size > 2 * WINDOW) ']], found: ['critical-window'] },
  { what: 'promises pings and sends none', changes: [["peer.client && tell(peer, { type: 'ping', ts: Date.now() })", '{}']], found: ['ping-by-server'] },
  { what: 'says kept of what its log has trimmed', changes: [['last >= head - log.length', 'last >= 0']], found: ['resync-trimmed'] },
  { what: 'believes its log one longer than it is', changes: [['last >= head - log.length', 'last >= head - log.length - 1']], found: ['resync-trimmed'] },
  { what: 'says that more follows, and nothing does', changes: [['if (from >= head) return;', 'return;']], found: ['resync-parts'] },
  { what: 'leaves out an event between the parts', changes: [['    from = to;', '    from = to + 1;']], found: ['resync-parts'] },
  { what: 'tells events to who did not say hello', changes: [['if (peer.client === null) return;\n  for (const event', 'for (const event']], found: ['auth-silent'] },
  { what: 'applies what who did not say hello says', changes: [['if (peer.client === null) return;\n  if (type ===', 'if (peer.client === null) return apply(message);\n  if (type ===']], found: ['auth-silent'] },
  { what: 'takes any token', changes: [['token !== TOKEN', 'token === undefined']], found: ['auth-refused'] },
  { what: 'refuses a token with a code by which nobody asks for another', changes: [['close(4401', 'close(4000']], found: ['auth-refused'] },
  { what: 'replies without data', changes: [["return { type: 'reply', data: { count: head } };", "return { type: 'reply' };"]], found: ['reply-each'] },
  { what: 'carries a request out again', changes: [['if (!client.outcomes.has(n)) ', "if (!client.outcomes.has(n) || message.type === 'count') "]], found: ['reply-repeated', 'reply-across-connections'] },
  { what: 'acknowledges a request beside its reply', changes: [['{ ...outcome, id });\n', "{ ...outcome, id });\n    if (outcome.type === 'reply') tell(peer, { type: 'ack', id });\n"]], found: ['reply-each'] },
  { what: 'leaves who joins out of the list', changes: [['members: [...roster].map(', 'members: [...roster].filter(([each]) => each !== user).map(']], found: ['presence-list'] },
  { what: 'gives each member clocks that stand still', changes: [['member.clock = clock = Math.max(clock + 1, Date.now());', 'member.clock = clock = 1;']], found: ['presence-told', 'presence-away', 'presence-grace'] },
  { what: 'tells of members to who did not join', changes: [['if (peer !== but) tell(peer, message);', 'if (peer !== but) tell(peer, message);\n  for (const peer of peers) if (!peer.places.has(room)) tell(peer, message);']], found: ['presence-told', 'presence-leave', 'presence-rooms'] },
  { what: 'numbers presence', changes: [["const message = { type, ...named(room)", "const message = { type, $seq: head + 1, ...named(room)"]], found: ['presence-told', 'shapes'] },
  { what: 'says nothing of who is away', changes: [["? 'away' : undefined", '? undefined : undefined']], found: ['presence-away'] },
  { what: 'lets a lost member leave at once', changes: [['const wait = grace ?? member.grace;', 'const wait = 0;']], found: ['presence-grace', 'presence-return'] },
  { what: 'never lets a lost member leave', changes: [["setTimeout(() => settle(room, user, 'presence_leave'), wait)", 'setTimeout(() => {}, wait)']], found: ['presence-grace'] },
  { what: 'lets a member that came back leave', changes: [['clearTimeout(member.timer);', '']], found: ['presence-return'] },
  { what: 'waits with who leaves', changes: [["return lose(peer, room, 0)", 'return lose(peer, room)']], found: ['presence-leave'] },
  { what: 'takes the end of one connection for that of all', changes: [[' || member.seats.size > 0', '']], found: ['presence-tabs'] },
  { what: 'takes a text for a state', changes: [["if (state !== undefined && (typeof state !== 'object' || state === null || Array.isArray(state))) return refuse('bad_state');", '']], found: ['presence-refused'] },
  { what: 'has one roster for all rooms', changes: [['const roster = rosters.get(room) ?? new Map();\n  rosters.set(room, roster);', "const roster = rosters.get('') ?? new Map();\n  rosters.set(room, roster).set('', roster);"]], found: ['presence-rooms'] },
  { what: 'tells a pointer to who moved it', changes: [['(each === user ? [] : [...seats.keys()])', '([...seats.keys()])'], ], found: ['presence-cursor'] },
  { what: 'passes a pointer on wherever it is', changes: [['Math.min(1e6, Math.max(-1e6, value))', 'value']], found: ['presence-cursor'] },
  { what: 'replies to who did not name it', changes: [["outcome.type === 'reply' && !peer.features.includes('reply') ? { type: 'ack', id } : ", '']], found: ['reply-unnamed'] },
];

describe('a server that', { concurrency: 28 }, () => {
  for (const { what, changes, found } of broken) {
    test(`${what} is caught`, async (t) => {
      const { url, stop } = await startBroken(t, changes);
      const results = await conformance({ url, stop, patience: 800 });
      const wrong = results.filter(({ ending }) => ending === 'failed').map(({ name }) => name);
      for (const name of found) assert.ok(wrong.includes(name), `${name} did not find it\n${report(url, results)}`);
    });
  }
  for (const { what, changes, found } of brokenInMore) {
    test(`${what} is caught`, async (t) => {
      const { url } = await startBroken(t, changes, completeServer);
      const results = await conformance({ url, ...complete, patience: 800 });
      const wrong = results.filter(({ ending }) => ending === 'failed').map(({ name }) => name);
      for (const name of found) assert.ok(wrong.includes(name), `${name} did not find it\n${report(url, results)}`);
    });
  }
});
