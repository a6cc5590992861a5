// @ts-check
// Owns the loop around a room's core: what client, page and server report goes in as numbers, and orders are carried out;
// must not know why. Names and states stay here.

import { report } from './everwire_error.js';
import * as fact from './presence_facts.js';
import { onReturn, tabIdentity } from './presence_identity.js';
import { View } from './presence_view.js';
import { canonical, isObject, Voice } from './presence_voice.js';
import { Alarm } from './timer.js';

/** @typedef {import('./presence_core.js').Room} Core */
/** @typedef {import('./presence_view.js').Member} Member */
/** @typedef {{ state: any, text: string | undefined, throttle: number, grace: number, idle: number, userId: string | undefined, onWarning: ((warning: object) => void) | undefined }} Choices */

/** Of the wire. */
const MOST_ID = 128;
const STATUSES = ['here', 'away', 'offline', 'stale'];
const REFUSALS = ['bad_state', 'not_joined'];
const WARNINGS = [
  ['presence_unsupported', 'The server does not answer presence_join (PROTOCOL.md, "Presence"): nobody else is shown. It is asked once on every connection.'],
  ['many_members', 'The room has more members than the 10,000 that are shown.'],
];
/** What a person does. */
const DEEDS = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart', 'scroll'];
/** The core hears of that once a second. */
const DEED_MS = 1_000;

const NOTHING = Object.freeze({});

export class Room {
  /**
   * @param {any} client
   * @param {string | undefined} name
   * @param {Choices} choices
   * @param {(...given: [number, number, number, boolean, number, number]) => Core} makeCore
   */
  constructor(client, name, choices, makeCore) {
    this.client = client;
    this.name = name;
    this.choices = choices;
    this.state = choices.state;
    this.text = choices.text;
    /** What we call ourselves, when it is known. */
    this.id = choices.userId;
    /** What the server calls us. @type {string | undefined} */
    this.you = undefined;
    /** @type {Map<string, number>} */
    this.slots = new Map();
    /** @type {(string | undefined)[]} */
    this.names = [];
    /** @type {number[]} */
    this.free = [];
    /** Everybody, oneself included, by slot. @type {Map<number, Member>} */
    this.members = new Map();
    this.view = new View(() => this.makeMe());
    /** What the server says of a member, while the core judges that. @type {any} */
    this.word = undefined;
    /** @type {{ code: string, message: string } | null} */
    this.refused = null;
    this.voice = new Voice(this);
    /** The open connection by its number, from 1 on; 0 for none. */
    this.connection = 0;
    this.deed = -Infinity;
    this.leaving = false;
    this.left = false;
    /** @type {[kind: number, one: number, clock: number, flags: number, word: any][]} */
    this.facts = [];
    this.busy = false;
    this.due = Infinity;
    this.alarm = new Alarm(() => (this.due <= performance.now() ? this.tell(fact.TICK) : this.alarm.set(this.due)));
    const { document } = globalThis;
    const idle = document === undefined ? Infinity : choices.idle;
    this.core = makeCore(choices.throttle, choices.grace, idle, choices.text !== undefined, performance.now(), Date.now());
    /** @type {(() => void)[]} */
    this.offs = [];
    try {
      this.listen();
    } catch (error) {
      this.stop();
      throw error;
    }
    if (document?.hidden) this.tell(fact.HIDDEN, 1);
    this.look();
    if (this.id === undefined) this.identify();
  }

  listen() {
    const { client, offs } = this;
    const of = (/** @type {(event: any) => void} */ take) => (/** @type {any} */ event) => {
      // One of these may leave the room.
      if (event.room === this.name && !this.left) take(event);
    };
    offs.push(
      client.on('presence_list', of((event) => this.list(event))),
      client.on('presence_join', of((event) => this.hear(fact.HEARD, event, true))),
      client.on('presence_update', of((event) => this.hear(fact.HEARD, event, false))),
      client.on('presence_leave', of(({ userId, clock }) => isId(userId) && isClock(clock) && this.tell(fact.GONE, this.slotOf(userId), clock))),
      client.on('presence_refused', of((event) => this.refuse(event))),
      client.subscribe(() => this.look()),
    );
    if (globalThis.document !== undefined) {
      for (const deed of DEEDS) globalThis.addEventListener?.(deed, this, { capture: true, passive: true });
      globalThis.document.addEventListener?.('visibilitychange', this);
    }
  }

  stop() {
    this.left = true;
    for (const off of this.offs.splice(0)) off();
    for (const deed of DEEDS) globalThis.removeEventListener?.(deed, this, { capture: true });
    globalThis.document?.removeEventListener?.('visibilitychange', this);
    this.alarm.set(Infinity);
    this.view.clear();
    this.core.free();
  }

  /** The name of this tab, which a page that comes back has to claim anew. */
  identify() {
    const ask = () => {
      this.id = undefined;
      this.look();
      const asked = tabIdentity();
      void asked.then((id) => {
        if (this.left || asked !== tabIdentity()) return;
        this.id = id;
        this.view.renew();
        this.look();
      });
    };
    this.offs.push(onReturn(ask));
    ask();
  }

  // ---------------------------------------------------------------------------------------------------- what happens

  /** @param {Event} event */
  handleEvent({ type }) {
    if (type === 'visibilitychange') {
      const { hidden } = globalThis.document;
      this.tell(fact.HIDDEN, +hidden);
      // Frames come no more.
      if (hidden) this.view.flush();
      return;
    }
    const now = performance.now();
    if (now - this.deed < DEED_MS) return;
    this.deed = now;
    this.tell(fact.USED);
  }

  /** Which connection is open? */
  look() {
    if (this.left) return;
    const { state, connects } = this.client.snapshot();
    const number = state === 'open' && this.id !== undefined ? connects + 1 : 0;
    if (number === this.connection) return;
    this.connection = number;
    this.refused = null;
    this.tell(fact.CONNECTION, number);
  }

  /** @param {any} event */
  list({ you, members, more }) {
    if (!isId(you) || !Array.isArray(members)) return;
    const own = this.slotOf(you);
    this.refused = null;
    if (you !== this.you) {
      // Who one was, or somebody else was, before the server knew better.
      const before = this.you === undefined ? undefined : this.slots.get(this.you);
      this.you = you;
      this.view.takeOff(own);
      if (before !== undefined) this.show(before);
      this.view.renew();
    }
    this.tell(fact.LIST, own);
    for (const member of members) this.hear(fact.LISTED, member, true);
    this.tell(fact.LIST_END, +(more === true));
  }

  /** @param {number} kind @param {any} word @param {boolean} whole where a state that is left out is none */
  hear(kind, word, whole) {
    if (!isObject(word)) return;
    const { userId, clock, state, status } = word;
    if (!isId(userId) || !isClock(clock)) return;
    const has = isObject(state);
    // What is not known counts as being there.
    let flags = Math.max(STATUSES.indexOf(status), 0) + 16 * +(whole || has);
    if (userId === this.you && has) flags += 4 * this.voice.origin(state);
    this.tell(kind, this.slotOf(userId), clock, flags, word);
  }

  /** @param {any} event */
  refuse({ code, message }) {
    this.refused = Object.freeze({ code: String(code), message: String(message) });
    this.view.renew();
    const place = REFUSALS.indexOf(code);
    this.tell(fact.REFUSED, place < 0 ? REFUSALS.length : place);
  }

  /** @param {any} state @param {string} text */
  set(state, text) {
    this.state = state;
    this.text = text;
    this.view.renew();
    this.tell(fact.SET);
  }

  /** A function of the application may ask for it while the core has more to order. */
  leave() {
    if (this.leaving) return;
    this.leaving = true;
    this.tell(fact.LEAVE);
  }

  // ------------------------------------------------------------------------------------------------------- the core

  /**
   * Tells the core a fact, or lets it wait for those before it, and carries out what it orders.
   *
   * @param {number} kind @param {number} [one] @param {number} [clock] @param {number} [flags] @param {any} [word]
   */
  tell(kind, one = 0, clock = 0, flags = 0, word = undefined) {
    if (this.left) return;
    this.facts.push([kind, one, clock, flags, word]);
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.facts.shift(); next !== undefined; next = this.facts.shift()) {
        const [kind, one, clock, flags, word] = next;
        this.word = word;
        this.due = this.core.handle(kind, one, clock, flags, performance.now(), Date.now());
        for (let order = this.core.poll(); order !== 0; order = this.core.poll()) this.carryOut(order);
      }
    } finally {
      this.busy = false;
      this.word = undefined;
    }
    if (this.leaving) this.stop();
    else this.alarm.set(this.due);
  }

  /** @param {number} order */
  carryOut(order) {
    const flags = (order >>> 4) & 15;
    const slot = Math.floor(order / 256);
    switch (order & 15) {
      case fact.SHOW:
        return this.change(slot, STATUSES[flags & 3] ?? '', (flags & 4) !== 0, (flags & 8) !== 0);
      case fact.TAKE_OFF:
        this.members.delete(slot);
        return this.view.takeOff(slot);
      case fact.FORGET:
        this.slots.delete(this.names[slot] ?? '');
        this.names[slot] = undefined;
        return void this.free.push(slot);
      case fact.JOIN:
        return this.voice.join((flags & 1) !== 0, (flags & 2) !== 0);
      case fact.UPDATE:
        return this.voice.update((flags & 1) !== 0, (flags & 2) !== 0 ? (flags & 4) !== 0 : undefined);
      case fact.SAY_LEAVE:
        return this.voice.leave();
      case fact.ADOPT: {
        const state = stateOf(this.word);
        if (canonical(state) !== canonical(this.state)) this.state = state;
        this.text = JSON.stringify(state);
        return this.view.renew();
      }
      case fact.ME:
        return this.view.renew();
      case fact.WARN:
        return this.warn(flags);
    }
  }

  /** @param {number} slot @param {string} status @param {boolean} fresh with the state of the word @param {boolean} seen with its time */
  change(slot, status, fresh, seen) {
    const before = this.members.get(slot);
    const { word } = this;
    const lastSeen = seen ? word?.lastSeen : before?.lastSeen;
    this.members.set(slot, Object.freeze({
      userId: this.names[slot] ?? '',
      state: fresh ? stateOf(word) : before?.state ?? NOTHING,
      status,
      lastSeen: Number.isFinite(lastSeen) ? lastSeen : null,
      self: false,
    }));
    this.show(slot);
  }

  /** Oneself is shown as one says, and not as the server heard. @param {number} slot */
  show(slot) {
    const member = this.members.get(slot);
    if (this.names[slot] === this.you) this.view.renew();
    else if (member !== undefined) this.view.show(slot, member);
  }

  makeMe() {
    const { id, state, you } = this;
    const heard = you === undefined ? undefined : this.members.get(this.slots.get(you) ?? -1);
    const status = !this.left && this.standing() & 8 ? 'away' : 'here';
    return Object.freeze({ userId: you ?? id ?? '', state, status, lastSeen: heard?.lastSeen ?? null, self: true });
  }

  standing() {
    return this.left ? 0 : this.core.standing();
  }

  /** @param {string} userId */
  slotOf(userId) {
    let slot = this.slots.get(userId);
    if (slot === undefined) {
      slot = this.free.pop() ?? this.names.length;
      this.names[slot] = userId;
      this.slots.set(userId, slot);
    }
    return slot;
  }

  /** @param {number} which */
  warn(which) {
    const { refused } = this;
    const [code, message] = WARNINGS[which] ?? ['presence_refused', `The server refused: ${refused?.message} (${refused?.code})`];
    const warning = Object.freeze({ code, message });
    try {
      if (this.choices.onWarning) this.choices.onWarning(warning);
      else console.warn(`everwire: ${message} [${code}]`);
    } catch (error) {
      report(error);
    }
  }
}

/** @param {any} word */
const stateOf = (word) => (isObject(word?.state) ? word.state : NOTHING);

/** @param {unknown} value @returns {value is string} */
const isId = (value) => typeof value === 'string' && value !== '' && value.length <= MOST_ID;

/** @param {unknown} value */
const isClock = (value) => Number.isSafeInteger(value) && /** @type {number} */ (value) >= 0;
