// @ts-check
// One document and five people who type at random through random cuts: equal in the end, and no character is lost. Our
// provider and the stock client of y-websocket, on our server, which is killed, and on the stock one, which forgets.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines, resultOfPage } from '../../tools/webdriver.mjs';
import { StockServer } from '../package/support/y_sync.mjs';
import { bundled } from './support/bundle.mjs';
import { serveLab } from './support/lab.mjs';
import { Proxy } from './support/proxy.mjs';
import { startServer } from './support/server.mjs';
import { LONG, pause } from './support/until.mjs';

const SECONDS = LONG ? 180 : 20;
const PEOPLE = 5;
/** What is left of a test once nothing fails any more: the longest delay of a client that was cut off often, and some. */
const SETTLING = 75;
/** Between two faults of one connection; more than five losses a minute and a careful client waits for long. */
const [SOONEST, LATEST] = LONG ? [8_000, 20_000] : [3_000, 8_000];

/** Who types where: whose client, at which document, by which ways. @typedef {{ name: string, stock: boolean, id: string, ports: number[] }} Table */

const page = `
  import { YjsProvider } from 'everwire/yjs';
  import { WebsocketProvider } from 'y-websocket';
  import * as Y from 'yjs';
  const { tables, seconds, settling } = await (await fetch('/tables')).json();
  const random = (below) => Math.floor(Math.random() * below);
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const troubles = [];
  addEventListener('error', ({ message }) => troubles.push(message));
  addEventListener('unhandledrejection', ({ reason }) => troubles.push(String(reason)));

  /** One person: what was typed and not deleted again by the same. No character is typed twice. */
  function sit(stock, id, port, number) {
    const doc = new Y.Doc();
    const provider = stock
      ? new WebsocketProvider('ws://127.0.0.1:' + port + '/api/docs', id, doc, { disableBc: true })
      : new YjsProvider(doc, 'ws://127.0.0.1:' + port + '/api/docs/' + id, {
          backoff: { base: 200, cap: 2_000 },
          heartbeat: { idle: 2_000, confirm: 3_000, timeout: 1_500, misses: 2 },
          onWarning() {},
        });
    provider.awareness.setLocalStateField('name', number);
    const person = { doc, text: doc.getText('t'), provider, typed: new Set(), deleted: 0, opened: 0, lies: 0 };
    if (stock) provider.on('status', ({ status }) => (person.opened += status === 'connected'));
    let next = 0x4e00 + number * 4_000;
    person.type = () => {
      const { text, typed } = person;
      if (typed.size > 5 && random(5) === 0) {
        const letter = [...typed][random(typed.size)];
        text.delete(text.toString().indexOf(letter), 1);
        typed.delete(letter);
        person.deleted++;
        return;
      }
      const letters = Array.from({ length: 1 + random(2) }, () => String.fromCodePoint(next++));
      text.insert(random(text.length + 1), letters.join(''));
      for (const letter of letters) typed.add(letter);
      if (!stock && !provider.unsaved) person.lies++;
    };
    person.isDone = () => (stock ? provider.synced : provider.synced && !provider.unsaved);
    return person;
  }

  const all = tables.map(({ name, stock, id, ports }) => ({ name, stock, people: ports.map((port, number) => sit(stock, id, port, number)) }));
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await pause(150)) {
    for (const { people } of all) for (const person of people) person.type();
  }
  await fetch('/over');
  const from = performance.now();
  const equal = ({ people }) => new Set(people.map(({ text }) => text.toString())).size === 1;
  const settled = (table) => table.people.every((person) => person.isDone()) && equal(table);
  while (!all.every(settled) && performance.now() - from < settling * 1_000) await pause(100);
  window.result = {
    troubles,
    settled: Math.round(performance.now() - from),
    tables: all.map((table) => {
      const { name, stock, people } = table;
      const typed = new Set(people.flatMap((person) => [...person.typed]));
      const text = [...people[0].text.toString()];
      const have = new Set(text);
      return {
        name,
        equal: equal(table),
        done: people.filter((person) => person.isDone()).length,
        seen: people.map(({ provider }) => [...provider.awareness.getStates().values()].map((state) => state.name).sort().join()),
        typed: typed.size,
        deleted: people.reduce((sum, person) => sum + person.deleted, 0),
        lost: [...typed].filter((letter) => !have.has(letter)).length,
        ghosts: text.filter((letter) => !typed.has(letter)).length,
        doubled: text.length - have.size,
        connects: people.reduce((sum, { opened, provider }) => sum + (stock ? opened : provider.client.snapshot().connects), 0),
        lies: people.reduce((sum, person) => sum + person.lies, 0),
      };
    }),
  };
`;

/** Breaks one way in one way or another, again and again, until it is over. @param {Proxy} proxy @param {() => boolean} isOver */
async function meddle(proxy, isOver) {
  const random = (/** @type {number} */ below) => Math.floor(Math.random() * below);
  const faults = [
    () => proxy.cut('rst'),
    () => proxy.cut('fin'),
    () => proxy.tear(random(2) === 0 ? 'up' : 'down'),
    () => proxy.stall('both'),
    () => proxy.stall('up'),
    () => proxy.slow(),
    () => {
      proxy.refusing = true;
      proxy.cut('rst');
      proxy.refusing = true;
    },
  ];
  while (!isOver()) {
    for (const end = Date.now() + SOONEST + random(LATEST - SOONEST); Date.now() < end && !isOver(); ) await pause(50);
    if (isOver()) break;
    faults[random(faults.length)]?.();
    await pause(300 + random(2_500));
    // What a stall held back is lost with the connection, as often as not.
    if (random(2) === 0) proxy.cut('rst');
    proxy.heal();
  }
  proxy.heal();
}

describe(`five people at a document for ${SECONDS} s`, { concurrency: true }, () => {
  for (const engine of LONG ? engines : engines.slice(0, 1)) {
    test(`${engine}: through cuts, a kill and a server that forgets, all have the same and no character is lost`, async (t) => {
      /** @type {Table[]} */
      const tables = [];
      const script = await bundled(page);
      const { origin, over } = await lab(t, script, () => ({ tables, seconds: SECONDS, settling: SETTLING }));
      const server = await startServer(t, ['--allow-origin', origin]);
      const stock = await new StockServer().start();
      t.after(() => stock.stop());
      /** @type {Proxy[]} */
      const proxies = [];
      for (const { name, client, to } of [
        { name: 'our provider, our server', client: false, to: server },
        { name: 'stock client, our server', client: true, to: server },
        { name: 'our provider, stock server', client: false, to: stock },
      ]) {
        const ways = await Promise.all(Array.from({ length: PEOPLE }, () => new Proxy(() => to.port).start()));
        proxies.push(...ways);
        tables.push({ name, stock: client, id: `${engine}-${tables.length}`, ports: ways.map(({ port }) => port) });
      }
      t.after(() => proxies.forEach((proxy) => proxy.stop()));
      const outages = async () => {
        await pause(SECONDS * 400);
        await server.crash();
        await pause(500);
        await server.start();
        await pause(SECONDS * 200);
        await stock.stop();
        await pause(500);
        await stock.start();
      };
      const [result] = await Promise.all([resultOfPage(engine, origin, SECONDS + SETTLING + 30), ...proxies.map((proxy) => meddle(proxy, over)), outages()]);
      const broken = proxies.reduce((sum, proxy) => sum + proxy.broken, 0);
      t.diagnostic(`${engine}: ${broken} connections broken, settled ${result.settled} ms after the last fault`);
      for (const { name, typed, deleted, connects } of result.tables) t.diagnostic(`${engine}, ${name}: ${typed} characters and ${deleted} deleted, ${connects} connections`);
      for (const { name, equal, lost, ghosts, doubled, done, lies } of result.tables) {
        assert.deepEqual({ name, equal, lost, ghosts, doubled, done, lies }, { name, equal: true, lost: 0, ghosts: 0, doubled: 0, done: PEOPLE, lies: 0 });
      }
      assert.deepEqual(result.troubles, []);
      // That there was something to lose.
      assert.ok(result.tables.every((/** @type {any} */ { typed }) => typed > SECONDS * 10), 'they typed');
      assert.ok(broken > 10 && result.tables.every((/** @type {any} */ { connects }) => connects > PEOPLE), `${broken} broken`);
      // Of themselves and each other. Where both sides are stock, one who returns is unseen for up to 15 s.
      for (const { name, seen } of result.tables.filter((/** @type {any} */ { name }) => name === 'our provider, our server')) {
        assert.deepEqual(seen, Array(PEOPLE).fill('0,1,2,3,4'), name);
      }
    });
  }
});

/** The page, what it asks for, and whether it said that it is over. @param {import('node:test').TestContext} t @param {string} script @param {() => unknown} tables */
async function lab(t, script, tables) {
  let isOver = false;
  const { origin } = await serveLab(t, {
    script,
    answer: (path) => {
      if (path === '/over') isOver = true;
      return path === '/tables' ? JSON.stringify(tables()) : path === '/over' ? '{}' : undefined;
    },
  });
  t.after(() => (isOver = true));
  return { origin, over: () => isOver };
}
