// @ts-check
// Owns one run against one server: what it learned, its connections, its publications; must not know any single check.

import { NotChecked, NotOffered, NotSeen, Wrong, must, pause, until } from './check.mjs';
import { Peer } from './peer.mjs';
import { Publisher } from './publisher.mjs';

/** @typedef {import('./check.mjs').Check} Check */
/** @typedef {import('./check.mjs').Fact} Fact */
/** @typedef {import('./check.mjs').Group} Group */
/** @typedef {import('./check.mjs').Result} Result */
/**
 * @typedef {object} Options
 * @property {string} url
 * @property {string} [event] JSON that makes the server publish an event (publisher.mjs)
 * @property {string} [critical] JSON that makes the server send a critical event
 * @property {string} [request] JSON that is answered by a reply
 * @property {number} [log] how many events the server's log holds
 * @property {string} [token] for the client's hello
 * @property {string} [origin] for the handshake
 * @property {number} [patience] how long an answer may take, in ms
 * @property {() => Promise<void>} [stop] makes the server say goaway, for the last check
 * @property {number} [stopWithin] how long that may take, in ms
 */

/** A critical event that was provoked: on which connection, where to look for it again, and when. */
/** @typedef {{ peer: Peer, event: any, from: number, at: number }} Provoked */

export const usualEvent = '{"type":"say","text":"{n}"}';
/** A refusal may be such an event, too. */
const usualCritical = '{"type":"conformance_unknown"}';

/** All that a client may name. */
const everyFeature = ['batch', 'ack', 'seq', 'reply'];

const unseen = {
  critical: 'no critical event came: give a CRITICAL that makes the server send one',
  request: 'nothing was answered by a reply: give a REQUEST that is',
};

/** What ends the message with this `$id`, from its server. @param {string} id @returns {(message: any) => boolean} */
export const isAnswer = (id) => (message) => ['ack', 'nack', 'reply'].includes(message?.type) && message.id === id;

/** @param {any} message */
const isCritical = (message) => typeof message?.$id === 'string' && typeof message.type === 'string';

export class Run {
  /** Every raw connection of the run, for those checks that look at all that came. @type {Peer[]} */
  peers = [];
  /** @type {Set<Fact>} */
  facts = new Set();
  /** The server's hello. @type {any} */
  hello = null;
  /** @type {Peer | null} */
  #witness = null;
  /** @type {Peer | null} */
  #speaker = null;
  /** @type {Provoked | null} */
  #unacknowledged = null;
  /** @type {Provoked | null} */
  #acknowledged = null;
  /** @type {{ peer: Peer, at: number } | null} */
  listener = null;

  /** @type {Publisher} */
  #requests;

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.patience = options.patience ?? 2_000;
    this.publisher = new Publisher(options.event ?? usualEvent);
    this.#requests = new Publisher(options.request ?? '{}');
    this.alarm = new Publisher(options.critical ?? usualCritical);
    this.features = /** @type {string[]} */ ([]);
  }

  get target() {
    const { url, origin, token } = this.options;
    return { url, patience: this.patience, ...(origin === undefined ? {} : { origin }), ...(token === undefined ? {} : { token }) };
  }

  /** W of the server. */
  get window() {
    return Math.min(1_024, Math.max(1, this.hello?.limits?.inflight ?? 256));
  }

  /** A connection that has not said anything. */
  async open() {
    const peer = await Peer.open(this.target);
    this.peers.push(peer);
    if (this.facts.has('hello')) await peer.hear(({ type }) => type === 'hello');
    return peer;
  }

  /**
   * A connection that has said hello, where the server did.
   *
   * @param {{ features?: string[], client?: string }} [options]
   */
  async connect({ features = everyFeature, client } = {}) {
    const peer = await this.open();
    if (client !== undefined) peer.client = client;
    if (this.facts.has('hello')) peer.sayHello(features);
    return peer;
  }

  /** Waits until the server has read all that `peer` said, as far as one can know. @param {Peer} peer */
  async settled(peer) {
    if (this.facts.has('pong') && peer.isOpen) await peer.ping();
    await pause(this.facts.has('pong') ? 25 : 200);
  }

  /** A connection that hears all that is published. */
  async witness() {
    if (!this.#witness?.isOpen) {
      this.#witness = await this.connect();
      await this.settled(this.#witness);
    }
    return this.#witness;
  }

  /** Finds out whether what the person said makes the server publish something. */
  async learnToPublish() {
    try {
      const [event] = await this.publish();
      this.facts.add('event');
      return event;
    } catch (error) {
      if (error instanceof Wrong) return null;
      throw error;
    }
  }

  /**
   * Makes the server publish, one event after the other, and returns what the witness was told.
   *
   * @param {number} [count]
   * @returns {Promise<any[]>}
   */
  async publish(count = 1) {
    const witness = await this.witness();
    if (!this.#speaker?.isOpen) this.#speaker = await this.connect();
    const events = [];
    for (let left = count, turns = 0; left > 0; turns += 1) {
      const { message, isIt } = this.publisher.message();
      const [from, answers] = [witness.mark, this.#speaker.mark];
      const id = this.facts.has('ack') ? this.#speaker.nextId() : undefined;
      this.#speaker.send({ ...message, ...(id ? { $id: id } : {}) });
      const speaker = this.#speaker;
      const heard = () => witness.messages.slice(from).find((said) => this.isPublished(isIt, said));
      const refused = () => speaker.messages.slice(answers).some((said) => said?.type === 'nack' && said.id === id);
      await until(() => heard() ?? refused(), this.patience);
      const event = heard();
      this.publisher.advance();
      if (event === undefined && refused() && turns < count + this.publisher.templates.length) continue;
      must(event !== undefined, message, 'nothing that was published');
      events.push(event);
      left -= 1;
    }
    return events;
  }

  /**
   * Makes the server send `peer` a critical event, and returns it.
   *
   * @param {Peer} peer
   * @returns {Promise<any>}
   */
  async provoke(peer) {
    const known = new Set(peer.messages.map((message) => message?.$id));
    const id = peer.nextId();
    peer.send({ ...this.alarm.message().message, $id: id });
    this.alarm.advance();
    await peer.hear(isAnswer(id));
    await this.settled(peer);
    const within = this.options.critical === undefined ? 0 : this.patience;
    const event = await peer.hear((message) => isCritical(message) && !known.has(message.$id), { within });
    if (event === undefined) throw new NotSeen(unseen.critical);
    return event;
  }

  /** Makes the server send `peer` so many critical events, several at a time. @param {Peer} peer @param {number} count */
  async provokeMany(peer, count) {
    for (let left = count; left > 0; ) {
      const ids = Array.from({ length: Math.min(left, this.window, 64) }, () => peer.nextId());
      for (const id of ids) {
        peer.send({ ...this.alarm.message().message, $id: id });
        this.alarm.advance();
      }
      for (const id of ids) await peer.hear(isAnswer(id));
      left -= ids.length;
    }
    await this.settled(peer);
  }

  /** Finds out whether critical events can be had. Time passes for two of them while other checks are made. */
  async learnToProvoke() {
    const [silent, answering] = [await this.connect(), await this.connect()];
    try {
      this.#unacknowledged = await this.#provoked(silent);
      this.#acknowledged = await this.#provoked(answering);
      answering.send({ type: 'ack', id: this.#acknowledged.event.$id });
      await this.settled(answering);
      this.#acknowledged.from = answering.mark;
      this.facts.add('critical');
    } catch (error) {
      if (!(error instanceof NotSeen)) throw error;
    }
  }

  /** @param {Peer} peer @returns {Promise<Provoked>} */
  async #provoked(peer) {
    const event = await this.provoke(peer);
    return { peer, event, from: peer.mark, at: performance.now() };
  }

  /** A critical event that was never acknowledged. */
  unacknowledged() {
    if (this.#unacknowledged === null) throw new NotSeen(unseen.critical);
    return this.#unacknowledged;
  }

  /** One that was acknowledged at once. */
  acknowledged() {
    if (this.#acknowledged === null) throw new NotSeen(unseen.critical);
    return this.#acknowledged;
  }

  /** Something that is to be answered by a reply. */
  request() {
    this.#requests.advance();
    return this.#requests.message().message;
  }

  /** Finds out whether what the person said is answered by a reply. */
  async learnToRequest() {
    if (this.options.request === undefined) return;
    const peer = await this.connect();
    const id = peer.nextId();
    peer.send({ ...this.request(), $id: id });
    const answer = await peer.hear(isAnswer(id));
    if (answer?.type === 'reply') this.facts.add('request');
  }

  /** Finds out whether there is presence: a join is answered by a list. @param {Peer} peer */
  async learnPresence(peer) {
    peer.send({ type: 'presence_join', userId: `conformance-${peer.client}`, grace: 0 });
    const list = await peer.hear(({ type }) => type === 'presence_list', { within: Math.min(this.patience, 1_000) });
    if (list === undefined) return;
    this.facts.add('presence');
    peer.send({ type: 'presence_leave' });
  }

  /** Opens a connection that says nothing but its hello, to hear the server's pings while other checks are made. */
  async listen() {
    const peer = await this.connect();
    this.listener = { peer, at: performance.now() };
  }

  /** Makes something happen in the room, where that can be done. */
  async publishIfPossible() {
    if (this.facts.has('event')) await this.publish();
  }

  /** @param {(message: any) => boolean} isIt @param {any} message */
  isPublished(isIt, message) {
    return isIt(message) && (!this.facts.has('seq') || this.publisher.isMarked || typeof message.$seq === 'number');
  }

  /** How often the witness was told what `isIt` knows. @param {(message: any) => boolean} isIt @param {number} [from] */
  async timesPublished(isIt, from = 0) {
    const witness = await this.witness();
    await this.settled(witness);
    return witness.messages.slice(from).filter((message) => this.isPublished(isIt, message)).length;
  }

  /** Makes every check of every group, in their order. @param {Group[]} groups @returns {Promise<Result[]>} */
  async make(groups) {
    /** @type {Result[]} */
    const results = [];
    let isReachable = true;
    for (const { feature, checks } of groups) {
      for (const { name, requires, section, needs, make } of checks) {
        const result = { feature, name, requires, section };
        if (!isReachable) {
          results.push({ ...result, ending: 'not checked', detail: ['the server cannot be reached any more'] });
          continue;
        }
        const ended = this.#missing(needs) ?? (await this.#one(make));
        results.push({ ...result, ...ended });
        if (ended.ending === 'failed') isReachable = await Peer.open(this.target).then((peer) => peer.leave().then(() => true), () => false);
      }
    }
    await Promise.all(this.peers.map((peer) => peer.leave()));
    return results;
  }

  /** @param {Fact[]} needs @returns {Pick<Result, 'ending' | 'detail'> | null} */
  #missing(needs) {
    const missing = needs.filter((need) => !this.facts.has(need));
    if (missing.length === 0) return null;
    const features = missing.filter((need) => !['event', 'critical', 'request'].includes(need));
    if (features.length > 0) return { ending: 'not offered', detail: [`the server has no ${features.join(', no ')}`] };
    if (missing.includes('critical')) return { ending: 'not seen', detail: [unseen.critical] };
    if (missing.includes('request')) return { ending: 'not seen', detail: [unseen.request] };
    return { ending: 'not checked', detail: ['nothing was published: give an EVENT that makes the server do so'] };
  }

  /** @param {Check['make']} make @returns {Promise<Pick<Result, 'ending' | 'detail'>>} */
  async #one(make) {
    try {
      await make(this);
      return { ending: 'passed', detail: [] };
    } catch (error) {
      if (error instanceof Wrong) return { ending: 'failed', detail: [`sent: ${error.sent}`, `came: ${error.came}`] };
      if (error instanceof NotOffered) return { ending: 'not offered', detail: [error.message] };
      if (error instanceof NotSeen) return { ending: 'not seen', detail: [error.message] };
      if (error instanceof NotChecked) return { ending: 'not checked', detail: [error.message] };
      return { ending: 'failed', detail: [error instanceof Error ? error.message : String(error)] };
    }
  }
}
