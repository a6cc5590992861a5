// @ts-check
// What a client does in a browser, against a real server (server.mjs). Each function is a test of its name.

import { clientFrom } from '../../src/shell/client.js';
import { assert, closeAll, collect, connect, countListeners, equal, given, opened, reported, room, sleep, thrown, until } from './support.js';

/** Short enough for tests, in the order of what a page would choose. */
const QUICK = { backoff: { base: 20, cap: 60 }, stableAfter: 0 };
const BEATING = { ...QUICK, heartbeat: { idle: 150, confirm: 300, timeout: 100, misses: 2 } };

/** @type {Record<string, () => Promise<void>>} */
const scenarios = {
  async an_echo_comes_back() {
    const client = connect(room('echo').url);
    const echoes = collect(client, 'note');
    equal(client.state, 'connecting');
    const receipt = client.send({ type: 'note', text: 'é😀 "x"' });
    equal(receipt.fate, 'pending', 'fate before open');
    await until(() => echoes.length === 1, 'the echo');
    equal(echoes[0], { type: 'note', text: 'é😀 "x"' });
    equal(await receipt.settled, { fate: 'sent', confirmed: false, code: null, message: null });
    equal(client.send({ type: 'note' }).fate, 'sent', 'fate where it is open and nothing waits');
  },

  async hello_ack_and_resync_go_round() {
    const place = room('everwire');
    const client = connect(place.url, QUICK);
    const states = collect(client, 'resync');
    const ticks = collect(client, 'tick');
    const receipt = client.send({ type: 'order', n: 1 }, { ack: true, priority: 'high' });
    equal((await receipt.settled).fate, 'acked');
    await until(() => states.length === 1, 'the first state');
    equal(Object.keys(states[0]), ['type', 'state', 'continuity', 'from', 'to']);
    equal([states[0].type, states[0].state, states[0].to], ['resync', { count: 0 }, 0]);
    equal(client.snapshot().peer, 'everwire');

    client.send({ type: 'do', publish: [{ type: 'tick', n: 1 }, { type: 'tick', n: 2 }] });
    await until(() => ticks.length === 2, 'numbered events');
    // Cut, and while away another client makes the log grow.
    const other = connect(place.url, QUICK);
    await opened(other);
    client.send({ type: 'do', cut: true });
    await until(() => client.state !== 'open', 'the cut');
    other.send({ type: 'do', publish: [{ type: 'tick', n: 3 }] });
    await until(() => ticks.length === 3, 'the missed event');
    equal(ticks.map((tick) => tick.n), [1, 2, 3]);
    await until(() => client.snapshot().continuity === 'kept', 'continuity');
    // A new epoch: the state stands for what was lost.
    other.send({ type: 'do', restart: true, all: true, cut: true });
    await until(() => states.length === 2, 'the state of the new log');
    equal(states[1].continuity, 'restored');
  },

  async batches_go_both_ways() {
    const place = room('everwire');
    const client = connect(place.url, QUICK);
    const ticks = collect(client, 'tick');
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    await sleep(50);
    for (let n = 0; n < 5; n++) client.send({ type: 'note', n });
    client.send({ type: 'do', publish: Array.from({ length: 300 }, (_, n) => ({ type: 'tick', n })) });
    await until(() => ticks.length === 300, 'a batch');
    equal(ticks.map((tick) => tick.n), Array.from({ length: 300 }, (_, n) => n));
    const { frames } = await place.look();
    const notes = frames.map((frame) => JSON.parse(frame)).filter((frame) => Array.isArray(frame));
    equal(notes.length, 1, 'frames of one task');
    equal(notes[0].slice(0, 5).map((/** @type {any} */ note) => note.n), [0, 1, 2, 3, 4]);
  },

  async a_joined_frame_keeps_to_the_peers_limit() {
    const place = room('everwire', `&limits=${encodeURIComponent('{"frame":1024}')}`);
    const client = connect(place.url, QUICK);
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    await sleep(50);
    for (let n = 0; n < 50; n++) client.send({ type: 'note', n, text: 'é'.repeat(50) });
    await until(async () => (await place.look()).frames.join().includes('"n":49'), 'all of them');
    const { frames } = await place.look();
    const bytes = frames.map((frame) => new TextEncoder().encode(frame).length);
    assert(Math.max(...bytes) <= 1_024, `a frame of ${Math.max(...bytes)} bytes`);
    const notes = frames.flatMap((frame) => JSON.parse(frame)).filter((note) => note.type === 'note');
    equal(notes.map((note) => note.n), Array.from({ length: 50 }, (_, n) => n), 'order');
  },

  async providers_that_reject_throw_or_lie_do_not_wedge_the_client() {
    const place = room('plain');
    let calls = 0;
    const said = console.error;
    console.error = () => {};
    try {
      const client = connect(() => {
        calls++;
        if (calls === 1) return Promise.reject(new Error('no url today'));
        if (calls === 2) throw new Error('none either');
        if (calls === 3) return 7;
        return calls === 4 ? Promise.resolve(place.url) : place.url;
      }, QUICK);
      await opened(client);
      equal(calls, 4, 'calls');
      // Asked afresh for each attempt, and at once where the answer is.
      client.send({ type: 'do', cut: true });
      await until(() => client.snapshot().connects === 2, 'the second connection');
      equal(calls, 5, 'calls');
    } finally {
      console.error = said;
    }
  },

  async a_token_travels_in_the_hello() {
    const place = room('everwire');
    const client = connect(place.url, { ...QUICK, token: async () => 'se"cret' });
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    const hello = await until(
      async () => (await place.look()).frames.map((frame) => JSON.parse(frame)).find((frame) => frame.type === 'hello'),
      'our hello',
    );
    equal(hello.token, 'se"cret');
    assert(/^[0-9a-f]{32}$/.test(hello.client), 'a client of 128 bits');
  },

  async a_url_may_be_a_url_or_http() {
    for (const url of [new URL(room('echo').url), room('echo').url.replace('ws', 'http'), async () => new URL(room('echo').url)]) {
      await opened(connect(url));
    }
    const client = connect('http://[', QUICK);
    await until(() => client.snapshot().reason?.code === 'invalid_url', 'the reason');
  },

  async a_late_close_of_an_old_socket_is_ignored() {
    const place = room('plain');
    const client = connect(place.url, BEATING);
    const ghosts = collect(client, 'ghost');
    await until(() => client.snapshot().peer === 'simple', 'a pong');
    client.send({ type: 'do', stall: true });
    await until(() => client.snapshot().connects === 2, 'the second connection');
    equal((await place.look()).open, 2, 'connections, by the server: it has not read that the first is given up');
    // Only now the old one speaks, and closes with a code that would end everything.
    client.send({ type: 'do', old: { frames: ['{"type":"ghost"}'], close: 4403 } });
    await until(async () => (await place.look()).open === 1, 'the end of the old socket');
    await sleep(100);
    equal([client.state, client.snapshot().connects, ghosts.length], ['open', 2, 0]);
  },

  async a_server_that_goes_away_is_left_without_a_gap() {
    const place = room('everwire');
    const client = connect(place.url);
    const notes = collect(client, 'note');
    const states = new Set();
    await until(() => client.snapshot().peer === 'everwire', 'the hello');
    client.subscribe(() => states.add(client.state));
    client.send({ type: 'do', publish: [{ type: 'note', n: 1 }], frames: ['{"type":"goaway","grace":5000}'] });
    await until(() => client.snapshot().connects === 2, 'the second connection');
    client.send({ type: 'do', publish: [{ type: 'note', n: 2 }] });
    await until(() => notes.length === 2, 'both notes');
    await until(async () => (await place.look()).open === 1, 'the first connection to be left');
    equal(notes.map(({ n }) => n), [1, 2]);
    equal([[...states], client.snapshot().continuity], [['open'], 'kept']);
    equal([(await place.look()).opened, (await place.look()).mostAtOnce], [2, 2]);
  },

  async a_stalled_connection_is_found_dead() {
    const place = room('plain');
    const client = connect(place.url, BEATING);
    await until(() => client.snapshot().peer === 'simple', 'a pong');
    client.send({ type: 'do', stall: true });
    await until(() => client.snapshot().reason?.code === 'heartbeat_lost' || client.snapshot().connects === 2, 'death', 3_000);
    await until(() => client.state === 'open' && client.snapshot().connects === 2, 'the second connection');
    equal((await place.look()).opened, 2);
  },

  async a_peer_that_answers_nothing_is_never_declared_dead() {
    const client = connect(room('mute').url, BEATING);
    await opened(client);
    await sleep(1_200);
    equal([client.state, client.snapshot().connects, client.snapshot().peer], ['open', 1, 'foreign']);
    equal(client.snapshot().freshness, 'unknown');
  },

  async nothing_reconnects_after_close() {
    const place = room('plain');
    const client = connect(place.url, QUICK);
    await opened(client);
    client.close();
    await until(() => client.state === 'closed', 'closed');
    const { final, reason, retryAt } = client.snapshot();
    equal([final, reason.code, retryAt], [true, 'closed_by_application', null]);
    equal(client.send({ type: 'note' }).fate, 'aborted', 'fate of what is sent to a closed client');
    await sleep(300);
    equal((await place.look()).opened, 1);
    client.retry();
    await opened(client);
    equal((await place.look()).opened, 2);
  },

  async a_close_while_connecting_is_final() {
    const place = room('plain');
    const client = connect(async () => place.url, QUICK);
    client.close();
    equal([client.state, client.snapshot().final], ['closed', true]);
    const second = connect(place.url, QUICK);
    second.close();
    await sleep(200);
    equal([client.state, second.state, (await place.look()).open], ['closed', 'closed', 0]);
  },

  async a_second_connect_of_strict_mode_leaves_one_connection() {
    const place = room('everwire');
    const first = connect(place.url, QUICK);
    const lost = collect(first, 'tick');
    first.close();
    const second = connect(place.url, QUICK);
    const ticks = collect(second, 'tick');
    await until(() => second.snapshot().peer === 'everwire', 'hello');
    second.send({ type: 'do', publish: [{ type: 'tick' }] });
    await until(() => ticks.length === 1, 'the event');
    equal([lost.length, (await place.look()).open], [0, 1]);
  },

  async a_handler_that_throws_is_reported_and_harms_nobody() {
    const errors = await reported(async () => {
      const client = connect(room('echo').url);
      /** @type {string[]} */
      const order = [];
      client.on('note', () => {
        order.push('first');
        throw new Error('mine');
      });
      client.on('note', () => order.push('second'));
      client.on('*', () => order.push('any'));
      client.subscribe(() => {
        throw new Error('a listener');
      });
      client.send({ type: 'note' });
      await until(() => order.length === 3, 'all handlers');
      equal(order, ['first', 'second', 'any']);
    });
    assert(errors.some((error) => error.message === 'mine'), 'the handler was reported');
    assert(errors.some((error) => error.message === 'a listener'), 'the listener was reported');
  },

  async handlers_come_and_go_inside_a_handler() {
    const client = connect(room('echo').url);
    /** @type {string[]} */
    const order = [];
    const offs = {
      a: client.on('note', () => {
        order.push('a');
        offs.a();
        offs.b();
        client.on('note', () => order.push('late'));
      }),
      b: client.on('note', () => order.push('b')),
      c: client.on('note', () => order.push('c')),
    };
    client.send({ type: 'note' });
    await until(() => order.length === 2, 'the first event');
    client.send({ type: 'note' });
    await until(() => order.length === 4, 'the second event');
    equal(order, ['a', 'c', 'c', 'late']);
    offs.a();
    offs.b();
  },

  async a_send_inside_a_handler_goes_out_in_order() {
    const client = connect(room('echo').url);
    /** @type {any[]} */
    const seen = [];
    client.on('note', (/** @type {any} */ { n }) => {
      seen.push(n);
      if (n < 3) client.send({ type: 'note', n: n + 1 });
    });
    client.send({ type: 'note', n: 0 });
    await until(() => seen.length === 4, 'the chain');
    equal(seen, [0, 1, 2, 3]);
  },

  async a_close_inside_a_handler_stops_the_rest_of_the_batch() {
    const client = connect(room('everwire').url, QUICK);
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    const seen = collect(client, 'tick');
    client.on('tick', () => client.close({ drain: 0 }));
    client.send({ type: 'do', publish: [1, 2, 3].map((n) => ({ type: 'tick', n })) });
    await until(() => client.state === 'closed', 'closed');
    await sleep(100);
    equal(seen.map((tick) => tick.n), [1]);
  },

  async hostile_names_are_only_names() {
    const client = connect(room('plain').url);
    const any = collect(client, '*');
    const proto = collect(client, '__proto__');
    const build = collect(client, 'constructor');
    await opened(client);
    client.send({
      type: 'do',
      frames: [
        '{"type":"__proto__","__proto__":{"polluted":true},"constructor":1}',
        '{"type":"constructor","prototype":{"polluted":true}}',
        '{"type":"toString"}',
      ],
    });
    await until(() => any.length === 3, 'the events');
    equal([proto.length, build.length], [1, 1]);
    equal(/** @type {any} */ ({}).polluted, undefined, 'pollution');
    client.send({ type: '__proto__' });
    assert(thrown(() => connect(room('plain').url, JSON.parse('{"__proto__":{"a":1}}'))).code === 'invalid_option', 'an option');
  },

  async malformed_frames_harm_themselves_only() {
    /** @type {any[]} */
    const warnings = [];
    const place = room('everwire');
    const client = connect(place.url, { ...QUICK, onWarning: (/** @type {any} */ warning) => warnings.push(warning.code) });
    const good = collect(client, 'good');
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    await sleep(50);
    client.send({
      type: 'do',
      binary: true,
      frames: [
        '{"type":',
        '',
        'null',
        '7',
        '[]',
        '[1,2]',
        '{}',
        '{"type":5}',
        '[{"type":"good","n":1},null,7,[],{"type":"good","n":2,"$seq":"x"},{"type":"good","n":3,"$id":5},{"type":"good","n":4}]',
        `[${Array.from({ length: 1_001 }, () => '{"type":"good","n":5}').join()}]`,
        '{"type":"hello","v":"one"}',
        '{"type":"ack","id":{}}',
        '{"type":"ack"}',
        '{"type":"nack","id":"x"}',
        '{"type":"resync","events":[7]}',
        '{"type":"resync","events":{}}',
        '{"type":"goaway","retry_after":-1}',
        '{"type":"goaway","spread":1e400}',
        '{"type":"resync_request"}',
        '{"type":"good","n":6}',
      ],
    });
    await until(() => good.some((event) => event.n === 6), 'the last one');
    equal(good.map((event) => event.n), [1, 4, 6]);
    assert(warnings.includes('malformed_frame') && warnings.includes('senseless_message'), warnings.join());
    equal([client.state, client.snapshot().connects], ['open', 1]);
  },

  async a_hostile_hello_harms_nothing() {
    const client = connect(room('plain').url, QUICK);
    const good = collect(client, 'good');
    await opened(client);
    client.send({
      type: 'do',
      frames: [
        '{"type":"hello","v":1,"features":["batch","seq","ack"],"epoch":"e","seq":9007199254740991,"limits":{"frame":0,"inflight":9007199254740991},"heartbeat":{"by":"server","every":0},"keep":9007199254740991,"client":"another"}',
        '{"type":"good","$seq":9007199254740992}',
        '{"type":"good"}',
      ],
    });
    await until(() => good.length > 0, 'the event');
    client.send({ type: 'note' });
    equal(client.state, 'open');
  },

  async opaque_frames_reach_those_who_ask_for_everything() {
    const client = connect(room('plain').url);
    const any = collect(client, '*');
    await opened(client);
    client.send({ type: 'do', frames: ['["1","2","room","phx_reply",{}]', '{"event":"x"}', '7', 'null'] });
    await until(() => any.length === 4, 'the frames');
    equal(any, [['1', '2', 'room', 'phx_reply', {}], { event: 'x' }, 7, null]);
  },

  async a_message_too_large_for_the_peer_is_refused_alone() {
    const client = connect(room('everwire').url, QUICK);
    await until(() => client.snapshot().peer === 'everwire', 'hello');
    const receipt = client.send({ type: 'note', text: 'x'.repeat(1 << 20) }, { ack: true });
    const small = client.send({ type: 'note', text: 'x' }, { ack: true });
    equal((await receipt.settled).fate, 'rejected');
    equal((await small.settled).fate, 'acked');
  },

  async a_page_that_becomes_visible_probes_at_once() {
    const place = room('plain');
    const client = connect(place.url, QUICK);
    await opened(client);
    client.send({ type: 'do', frames: ['{"type":"pong"}'] });
    await until(() => client.snapshot().peer === 'simple', 'a pong');
    const pings = async () => (await place.look()).frames.filter((frame) => frame.includes('"ping"')).length;
    await sleep(1_100);
    const before = await pings();
    document.dispatchEvent(new Event('visibilitychange'));
    await until(async () => (await pings()) > before, 'a ping');
    // A connection that stalled while nobody looked is found dead within seconds, not after three misses of 15 s.
    client.send({ type: 'do', stall: true });
    await sleep(1_100);
    document.dispatchEvent(new Event('visibilitychange'));
    await until(() => client.snapshot().connects === 2, 'the second connection', 6_000);
  },

  async a_page_hidden_away_closes_and_comes_back() {
    const place = room('plain');
    const client = connect(place.url, QUICK);
    await opened(client);
    globalThis.dispatchEvent(new Event('pagehide'));
    await until(async () => (await place.look()).open === 0, 'the close');
    equal([client.state, client.snapshot().reason.code], ['closed', 'suspended']);
    globalThis.dispatchEvent(new Event('pageshow'));
    await opened(client);
    equal((await place.look()).opened, 2);
  },

  async a_thousand_cycles_leak_nothing() {
    const place = room('plain');
    const listeners = countListeners();
    try {
      const client = connect(place.url, QUICK);
      const cycle = async (/** @type {any} */ each, /** @type {number} */ n) => {
        await until(() => each.state === 'open', 'open');
        each.close({ drain: 0 });
        // Engines allow a couple of hundred sockets, those that are closing included.
        if (n % 25 === 0) await until(async () => (await place.look()).open === 0, 'the server to see the closes');
      };
      await cycle(client, 0);
      equal(listeners.count(), 0, 'listeners of a client at rest');
      let pages = 0;
      for (let n = 1; n <= 1_000; n++) {
        client.retry();
        await cycle(client, n);
        if (n === 500) pages = given.pages();
      }
      equal([listeners.count(), given.pages() - pages], [0, 0], 'listeners and pages of memory after 1,000 cycles');
      // A new client for each cycle: closed by its application, it gives back the memory of its core at once.
      const before = given.pages();
      for (let n = 1; n <= 300; n++) {
        const each = given.make(place.url, QUICK);
        each.on('note', () => {});
        await cycle(each, n);
      }
      assert(given.pages() - before <= 1, `pages of memory: ${given.pages() - before}`);
      equal(listeners.count(), 0, 'listeners');
      await until(async () => (await place.look()).open === 0, 'no connection');
    } finally {
      listeners.stop();
    }
  },

  async a_snapshot_stays_the_same_object_until_something_changes() {
    const client = connect(room('everwire').url, QUICK);
    let changes = 0;
    const off = client.subscribe(() => changes++);
    const first = client.snapshot();
    assert(first === client.snapshot() && Object.isFrozen(first), 'the same frozen object');
    await opened(client);
    const open = client.snapshot();
    assert(open !== first && open === client.snapshot(), 'another object, once');
    equal(first.state, 'connecting', 'what was said stays said');
    assert(changes > 0, 'told');
    off();
    const told = changes;
    client.close({ drain: 0 });
    equal(changes, told, 'told after the end');
  },

  async wrong_arguments_are_named_with_what_is_allowed() {
    for (const [options, word] of /** @type {[any, string][]} */ ([
      [{ conectTimeout: 5 }, 'connectTimeout'],
      [{ backoff: { bas: 5 } }, 'backoff.bas'],
      [{ backoff: 5 }, 'backoff'],
      [{ token: {} }, 'token'],
      [{ protocols: [1] }, 'protocols'],
      [{ drain: null }, 'drain'],
      [null, 'options'],
      [[], 'options'],
      [{ reserved: { ping: 'pong' } }, 'reserved.ping'],
    ])) {
      const error = thrown(() => given.make('ws://127.0.0.1:1/', options));
      assert(error instanceof Error && error.name === 'EverwireError', `an EverwireError for ${word}`);
      assert(error.code === 'invalid_option' && error.message.includes(word), error.message);
    }
    equal(thrown(() => given.make(5)).code, 'invalid_url');
    const client = connect(room('plain').url, { breaker: false, heartbeat: {}, token: undefined });
    const cycle = /** @type {any} */ ({ type: 'x' });
    cycle.cycle = cycle;
    for (const event of [
      null, 5, 'x', [], {}, { type: 5 }, { type: 'ping' }, { type: 'resync' }, { type: 'x', $id: 1 }, { type: 'x', $seq: 1 },
      { type: 'x', n: 1n }, cycle, Object.create({ type: 'x' }), { type: 'x', toJSON: () => 'x' },
      { type: 'x', toJSON: () => ({ type: 'ping' }) }, { type: 'x', toJSON: () => { throw new Error('no'); } }, () => {},
      Object.assign([], { type: 'x' }),
    ]) {
      equal(thrown(() => client.send(event)).code, 'invalid_event');
    }
    assert(thrown(() => client.send(cycle)).cause instanceof Error, 'the cause');
    for (const options of [{ prio: 1 }, { priority: 'low' }, { ack: 1 }, 5, null]) {
      equal(thrown(() => client.send({ type: 'x' }, options)).code, 'invalid_option');
    }
    equal(thrown(() => client.close({ drain: -1 })).code, 'invalid_option');
    equal(thrown(() => client.on('x')).code, 'invalid_handler');
    equal(thrown(() => client.on('ping', () => {})).code, 'invalid_handler');
    equal(thrown(() => client.match({ a: () => {}, b: 5 })).code, 'invalid_handler');
    equal(thrown(() => client.subscribe(5)).code, 'invalid_handler');
  },

  async match_takes_all_its_handlers_on_and_off() {
    const client = connect(room('echo').url);
    /** @type {string[]} */
    const seen = [];
    const off = client.match({ a: () => seen.push('a'), b: () => seen.push('b') });
    client.send({ type: 'a' });
    client.send({ type: 'b' });
    await until(() => seen.length === 2, 'both');
    off();
    const c = collect(client, 'c');
    for (const type of ['a', 'b', 'c']) client.send({ type });
    await until(() => c.length === 1, 'the last');
    equal(seen, ['a', 'b']);
  },

  async a_renamed_reserved_type_frees_its_name() {
    const place = room('plain');
    const client = connect(place.url, { ...QUICK, reserved: { pong: 'alive', hello: 'welcome' } });
    const pongs = collect(client, 'pong');
    const hellos = collect(client, 'hello');
    await opened(client);
    client.send({ type: 'do', frames: ['{"type":"pong"}', '{"type":"hello","v":"mine"}'] });
    await until(() => pongs.length + hellos.length >= 2, 'our own types');
    client.send({ type: 'hello', to: 'you' });
    equal(thrown(() => client.send({ type: 'welcome' })).code, 'invalid_event');
  },

  async should_reconnect_overrules_the_close_code() {
    const place = room('plain');
    /** @type {number[]} */
    const codes = [];
    const client = connect(place.url, {
      ...QUICK,
      shouldReconnect: (/** @type {any} */ { code }) => {
        codes.push(code);
        return codes.length === 1 ? true : false;
      },
    });
    await opened(client);
    client.send({ type: 'do', close: 4400 });
    await until(() => client.snapshot().connects === 2 && client.state === 'open', 'the second connection');
    client.send({ type: 'do', close: 1000 });
    await until(() => client.snapshot().final, 'the end');
    equal(codes, [4400, 1000]);
    equal(client.snapshot().reason.closeCode, 1_000);
  },

  async a_refused_handshake_is_tried_again_later() {
    const place = room('refuse');
    const client = connect(place.url, QUICK);
    await until(async () => (await place.look()).opened >= 3, 'three attempts');
    assert(client.snapshot().attempt >= 2 && !client.snapshot().final, 'counted');
    client.close();
    equal(client.state, 'closed');
  },

  async text_and_bytes_go_both_ways_raw() {
    const place = room('echo');
    const ping = new Uint8Array([0xc0, 0]);
    const isPong = (/** @type {any} */ data) => data.byteLength === 2 && new Uint8Array(data)[0] === 0xc0;
    const client = connect(place.url, { ...BEATING, protocol: 'raw', heartbeat: { ...BEATING.heartbeat, ping, isPong } });
    /** @type {any[]} */
    const heard = [];
    client.on('message', (/** @type {any} */ data) => heard.push(typeof data === 'string' ? data : [...new Uint8Array(data)]));
    const bytes = new Uint8Array([9, 1, 2, 255, 9]);
    client.send('{"type":"ping"}');
    client.send(bytes.subarray(1, 4));
    client.send(new DataView(bytes.buffer, 3));
    client.send(bytes.buffer);
    client.send('');
    bytes.fill(7);
    await until(() => heard.length === 5, 'what was sent, before it was open');
    client.send('é😀');
    client.send(new Uint8Array(100_000).fill(3));
    await until(() => heard.length === 7, 'what was sent, and it was open');
    equal(heard.slice(0, 6), ['{"type":"ping"}', [1, 2, 255], [255, 9], [9, 1, 2, 255, 9], '', 'é😀']);
    equal([heard[6].length, heard[6].every((/** @type {number} */ byte) => byte === 3)], [100_000, true]);
    equal(thrown(() => client.send(new Blob(['x']))).code, 'invalid_event');
    await until(() => client.snapshot().freshness === 'fresh', 'an answer to the ping of the application');
    await sleep(400);
    equal([client.state, heard.length], ['open', 7], 'and its answers are no messages');
  },

  async more_than_five_clients_of_one_place_are_warned_of() {
    /** @type {string[]} */
    const warnings = [];
    const place = room('plain');
    const clients = Array.from({ length: 7 }, () =>
      connect(place.url, { onWarning: (/** @type {any} */ { code }) => warnings.push(code) }),
    );
    await Promise.all(clients.map(opened));
    assert(warnings.includes('many_clients'), 'a warning');
    for (const client of clients) client.close({ drain: 0 });
    warnings.length = 0;
    await opened(connect(place.url, { onWarning: (/** @type {any} */ { code }) => warnings.push(code) }));
    equal(warnings, [], 'warnings once they are gone');
  },
};

/**
 * @param {string} name
 * @param {any} makeCore
 * @param {() => number} pages
 * @param {string} base
 * @returns {Promise<string>} what went wrong; empty if nothing did
 */
export async function run(name, makeCore, pages, base) {
  const Client = clientFrom(makeCore);
  Object.assign(given, { make: (/** @type {any} */ url, /** @type {any} */ options) => new Client(url, options), pages, base });
  try {
    const scenario = scenarios[name];
    if (!scenario) throw new Error('there is no such scenario');
    await scenario();
    return '';
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  } finally {
    await closeAll();
  }
}
