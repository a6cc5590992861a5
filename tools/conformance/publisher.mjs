// @ts-check
// Owns the event that makes the server publish one; must not know how it is sent.

import { randomBytes } from 'node:crypto';

const reserved = new Set(['ping', 'pong', 'hello', 'ack', 'nack', 'reply', 'resync_request', 'resync', 'goaway']);

/** What is the application's. @param {any} message */
export const isEvent = (message) => typeof message?.type === 'string' && !reserved.has(message.type);

/** @typedef {{ message: any, isIt: (message: any) => boolean }} Publication */

/**
 * What the server is told so that it publishes something to everybody: one message, or several that are sent by turns.
 * `{n}` in it becomes something new each time, by which what is published is known again. Without it, every event is
 * taken for the answer, so nothing else may happen in the room.
 */
export class Publisher {
  #count = 0;
  #turn = 0;
  #run = randomBytes(4).toString('hex');

  /** @param {string} text JSON */
  constructor(text) {
    const value = JSON.parse(text);
    this.templates = (Array.isArray(value) ? value : [value]).map((template) => JSON.stringify(template));
    this.isMarked = this.templates.every((template) => template.includes('{n}'));
  }

  /** @param {number} [ahead] of the one whose turn it is @returns {Publication} */
  message(ahead = 0) {
    this.#count += 1;
    const mark = `${this.#run}-${this.#count}.`;
    const template = this.templates[(this.#turn + ahead) % this.templates.length] ?? '{}';
    return {
      message: JSON.parse(template.replaceAll('{n}', mark)),
      isIt: (message) => isEvent(message) && (!this.isMarked || JSON.stringify(message).includes(mark)),
    };
  }

  /** The server did as it was told: it is the next one's turn. */
  advance(by = 1) {
    this.#turn += by;
  }
}
