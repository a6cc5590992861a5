// Presence: its types, and those of its hooks.

import { connect } from 'everwire';
import { pointer, presence, type Member, type Presence } from 'everwire/presence';
import { useMe, useMember, useOthers, usePresence, usePresenceStatus } from 'everwire/presence/react';
import { holds, type Same } from './expect.js';

interface State {
  readonly name: string;
  readonly at?: { readonly x: number; readonly y: number };
}

const client = connect('/live');
const room = presence<State>(client, 'side', { state: { name: 'Ann' }, throttle: 0, grace: 1_000, idle: false });
holds<Same<typeof room, Presence<State>>>();
presence(client);
presence(client, { userId: 'ann', onWarning: ({ code }) => void (code === 'presence_refused') });
// @ts-expect-error no such option
presence(client, 'side', { thottle: 1 });
// @ts-expect-error a room is a string
presence(client, 1);

room.set({ name: 'Bob' });
room.set((state) => ({ ...state, at: { x: 1, y: 2 } }));
// @ts-expect-error no such field
room.set({ nam: 'Bob' });
holds<Same<ReturnType<typeof room.members>, readonly Member<State>[]>>();
holds<Same<ReturnType<typeof room.member>, Member<State> | undefined>>();
room.on('join', ({ state }) => state.name.length);
room.subscribe(() => {})();
room.subscribe('ann', () => {})();
// @ts-expect-error no such change
room.on('come', () => {});
// @ts-expect-error members are not to be changed
room.me().status = 'away';

const cursors = pointer(room, { throttle: 40, smooth: false });
cursors.move(1, 2, 'node');
cursors.subscribe((all) => all.map(({ userId, x, y, node }) => [userId, x + y, node?.length]))();
// @ts-expect-error two numbers
cursors.move(1);
// @ts-expect-error a pointer is of a room
pointer(client);

export function Room() {
  const room = usePresence<State>(client, { state: { name: 'Ann' } });
  holds<Same<typeof room, Presence<State> | null>>();
  const others = useOthers(room);
  holds<Same<typeof others, readonly Member<State>[]>>();
  const count = useOthers(room, (all) => all.length);
  holds<Same<typeof count, number>>();
  useOthers(room, (all) => new Set(all), (one, other) => one.size === other.size);
  const me = useMe(room);
  const ann = useMember(room, 'ann');
  holds<Same<typeof ann, Member<State> | undefined>>();
  const status = usePresenceStatus(room);
  // @ts-expect-error no such status
  return status === 'open' ? null : `${me?.state.name} ${ann?.lastSeen?.toFixed()}`;
}
