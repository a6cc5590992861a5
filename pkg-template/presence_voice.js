// @ts-check
// Owns how one speaks to the server of oneself, and which of the states that it has is one that was said; must not know when
// anything is to be said.

import { report } from './everwire_error.js';
import * as fact from './presence_facts.js';

/** @typedef {import('./presence_room.js').Room} Room */

/** States that were said and of which the server has not told us yet. */
const MOST_SAID = 32;

// As bits, for the core, of what could not go.
const JOIN = 1;
const STATE = 2;
const AWAY = 4;

// Places in the core's `Origin::ALL`.
const LAST = 1;
const EARLIER = 2;
const OTHER = 3;

/** @param {unknown} value */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The same for the same value, in whichever order its fields come. @param {any} value */
export const canonical = (value) =>
  JSON.stringify(value, (_, inner) => (isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner));

export class Voice {
  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    /** @type {string[]} */
    this.said = [];
  }

  /** @param {boolean} state @param {boolean} away */
  join(state, away) {
    this.said = [];
    const { choices, id, name } = this.room;
    this.say({ type: 'presence_join', room: name, userId: id, state: this.state(state), grace: choices.grace, away: away || undefined }, JOIN);
  }

  /** @param {boolean} state @param {boolean | undefined} away */
  update(state, away) {
    const what = (state ? STATE : 0) + (away !== undefined ? AWAY : 0);
    this.say({ type: 'presence_update', room: this.room.name, state: this.state(state), away }, what);
  }

  leave() {
    const { client, connection, name } = this.room;
    const event = { type: 'presence_leave', room: name };
    this.say(event, 0, () => {
      // Nobody is there to say it anew: it waits in the queue, unless the connection took it along.
      if (client.state === 'open' && client.snapshot().connects < connection) client.send(event);
    });
  }

  /** Which of our states is it? @param {any} state */
  origin(state) {
    const place = this.said.lastIndexOf(canonical(state));
    if (place < 0) return OTHER;
    // Of those before it nothing will come.
    this.said.splice(0, place);
    return this.said.length === 1 ? LAST : EARLIER;
  }

  /** @param {boolean} wanted */
  state(wanted) {
    if (!wanted) return undefined;
    const { state } = this.room;
    this.said.push(canonical(state));
    if (this.said.length > MOST_SAID) this.said.shift();
    return state;
  }

  /**
   * Belongs to this connection: it goes now, or is said anew.
   *
   * @param {any} event
   * @param {number} what that would be
   * @param {() => unknown} [otherwise] what is done where it could not go
   */
  say(event, what, otherwise) {
    const { client, connection } = this.room;
    const unsent = otherwise ?? (() => this.room.connection === connection && this.room.tell(fact.UNSENT, what));
    // A message would wake a client that was closed.
    if (client.state !== 'open') return void unsent();
    try {
      const receipt = client.send(event, { volatile: true });
      if (receipt.fate === 'dropped') unsent();
      else if (receipt.fate === 'pending') void receipt.settled.then((/** @type {any} */ { fate }) => fate === 'dropped' && unsent());
    } catch (error) {
      report(error);
    }
  }
}
