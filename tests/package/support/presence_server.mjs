// @ts-check
// Owns a server of presence made of objects: members, clocks, and the words of PROTOCOL.md; must not know who looks on.

/** @typedef {import('./network.mjs').Socket} Socket */
/** @typedef {{ userId: string, clock: number, state?: any, status?: string, lastSeen: number }} Member */

export class PresenceServer {
  /** @param {{ user?: string | undefined, part?: number, room?: string | undefined, echo?: boolean }} [options] the server's own user; members in a part of the list; echo: one's own changes are told too */
  constructor({ user, part = 1_000, room, echo = true } = {}) {
    this.user = user;
    this.part = part;
    this.room = room;
    this.echo = echo;
    /** @type {Map<string, Member>} */
    this.members = new Map();
    this.clock = 1_000;
    /** Everything that clients said of presence. @type {any[]} */
    this.heard = [];
    /** @type {Map<Socket, string>} */
    this.joined = new Map();
    /** Whether it knows presence at all. */
    this.knows = true;
  }

  /** Speaks on a socket from now on, and opens it. @param {Socket} socket */
  serve(socket) {
    const send = socket.send.bind(socket);
    socket.send = (text) => {
      send(text);
      const given = JSON.parse(text);
      for (const event of Array.isArray(given) ? given : [given]) if (event.type.startsWith('presence_') && event.room === this.room) this.hear(socket, event);
    };
    socket.accept();
  }

  /** @param {Socket} socket @param {any} event */
  hear(socket, event) {
    this.heard.push(event);
    if (!this.knows) return;
    const userId = this.user ?? event.userId ?? this.joined.get(socket);
    const status = event.away ? 'away' : 'here';
    if (event.type === 'presence_join') {
      const had = this.members.get(userId);
      this.joined.set(socket, userId);
      this.put(userId, event.state ?? had?.state, status);
      this.list(socket, userId);
    } else if (event.type === 'presence_update') {
      const had = this.members.get(userId);
      if (had && (event.state || event.away !== undefined)) this.put(userId, event.state ?? had.state, event.away === undefined ? had.status : status);
    } else if (event.type === 'presence_leave') {
      this.joined.delete(socket);
      this.remove(userId);
    }
  }

  /** A member comes or changes. @param {string} userId @param {any} [state] @param {string} [status] */
  put(userId, state, status = 'here') {
    const known = this.members.has(userId);
    const member = { userId, clock: ++this.clock, state, status, lastSeen: this.clock };
    this.members.set(userId, member);
    this.tell({ type: known ? 'presence_update' : 'presence_join', ...member }, userId);
    return member;
  }

  /** @param {string} userId */
  remove(userId) {
    if (this.members.delete(userId)) this.tell({ type: 'presence_leave', userId, clock: ++this.clock }, userId);
  }

  /** @param {any} event @param {string} about */
  tell(event, about) {
    for (const [socket, userId] of this.joined) {
      if (socket.readyState === 1 && (this.echo || userId !== about)) socket.deliver({ ...event, room: this.room });
    }
  }

  /** @param {Socket} socket @param {string} you */
  list(socket, you) {
    const all = [...this.members.values()];
    for (let from = 0; from === 0 || from < all.length; from += this.part) {
      const more = from + this.part < all.length ? true : undefined;
      socket.deliver({ type: 'presence_list', room: this.room, you, members: all.slice(from, from + this.part), more });
    }
  }
}
