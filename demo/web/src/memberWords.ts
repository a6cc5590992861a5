// Owns the words for how somebody stands. Must not know who it is.

import type { MemberStatus } from 'everwire/presence';

export interface MemberView {
  readonly tone: 'green' | 'amber' | 'red' | 'grey';
  readonly word: string;
  /** What there is to say beyond where they are; empty for nothing. */
  readonly note: string;
}

/** @param clock says a time, which is in milliseconds since 1970. */
export function memberView(status: MemberStatus, lastSeen: number | null, clock: (at: number) => string): MemberView {
  const heard = lastSeen === null ? null : `Last heard at ${clock(lastSeen)}`;
  switch (status) {
    case 'here':
      return { tone: 'green', word: 'Here', note: '' };
    case 'away':
      return { tone: 'grey', word: 'Away', note: 'Looks elsewhere' };
    case 'offline':
      return { tone: 'red', word: 'Offline', note: heard ?? 'Connection lost' };
    case 'stale':
      return { tone: 'amber', word: 'Stale', note: heard ?? 'May have changed' };
  }
}

export type RoomStatus = 'joining' | 'synced' | 'stale' | 'refused' | 'unsupported';

/** How one stands oneself: nobody is called here before the server has said so. */
export function ownView(room: RoomStatus, status: MemberStatus): { readonly tone: RoomView['tone']; readonly word: string } {
  if (room === 'synced') return memberView(status, null, String);
  if (room === 'stale') return memberView('offline', null, String);
  return roomView(room, 0, '');
}

export interface RoomView {
  readonly tone: 'green' | 'amber' | 'red' | 'blue' | 'grey';
  readonly word: string;
  readonly note: string;
  readonly busy: boolean;
}

/** How the room itself stands, as this page sees it. */
export function roomView(status: RoomStatus, others: number, refusal: string): RoomView {
  switch (status) {
    case 'synced':
      if (others === 0) return { busy: false, tone: 'green', word: 'Live', note: 'Nobody else is here yet.' };
      return { busy: false, tone: 'green', word: 'Live', note: `${others === 1 ? 'One other is' : `${others} others are`} in this room.` };
    case 'stale':
      return { busy: true, tone: 'amber', word: 'Not live', note: 'Your connection is lost: the others are shown as they were last seen.' };
    case 'refused':
      return { busy: false, tone: 'red', word: 'Refused', note: refusal };
    case 'unsupported':
      return { busy: false, tone: 'grey', word: 'Alone', note: 'This server does not say who is here.' };
    case 'joining':
      return { busy: true, tone: 'blue', word: 'Joining', note: 'Asking who is here.' };
  }
}
