// @ts-check
// Owns one run of chaos in one engine: server, proxy, page, what goes wrong, and what both sides wrote down. Must not know
// what of it is right.

import { build } from 'esbuild';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { resultOfPage } from '../../../tools/webdriver.mjs';
import { writeGates } from '../support/gates.mjs';
import { startProxy } from '../support/proxy.mjs';
import { startServer } from '../support/server.mjs';
import { pause, until } from '../support/until.mjs';
import { startWitness } from '../support/witness.mjs';
import { plan } from './plan.mjs';

/** @typedef {import('node:test').TestContext} TestContext */
/** @typedef {import('../../../tools/webdriver.mjs').Engine} Engine */
/** @typedef {import('./ledger.mjs').Book} Book */
/** @typedef {import('./plan.mjs').Fault} Fault */
/** What a page wrote down; `settling` is null where it was not settled in time. @typedef {{ kept: Book, plain: Book, settling: number | null, connects: number, warnings: string[], troubles: string[], last: unknown }} Report */
/** @typedef {import('../support/proxy.mjs').Proxy} Proxy */
/** @typedef {import('../support/server.mjs').Server} Server */
/** @typedef {import('../support/witness.mjs').Witness} Witness */

/** A message of the page every so many milliseconds, and of another person one every … */
const EVERY = 50;
const OTHERS_EVERY = 100;
/** A run lasts about ten seconds; then the next one is started. */
const GATES = { p: { count: 200, open: 40 }, o: { count: 80, open: 40 } };
/** As many as a definition may have; the client without numbers has done its part long before. */
const PLAIN_GATES = 400;
/** How long a fault waits for the page to be connected, so that it hits somebody. */
const CONNECTED = 2_000;
/** How long the first connection of a page may take, in milliseconds: three browsers start beside each other. */
const BEGINNING = 180_000;
/** How long a page may take beside the faults, in seconds: to start, and to have everything settled. */
const ASIDE = 240;

/**
 * @param {TestContext} t
 * @param {Engine} engine
 * @param {{ seed: number, seconds: number }} options
 */
export async function chaos(t, engine, { seed, seconds }) {
  const stage = await openStage(t);
  const dags = writeGates(t, { kept: GATES, plain: { p: { count: PLAIN_GATES } } });
  const server = await startServer(t, ['--dags', dags, '--allow-origin', stage.origin]);
  const proxy = await startProxy(t, server);
  const [witness, ofPlain] = [startWitness(t, server.stream('kept')), startWitness(t, server.stream('plain'))];
  stage.tell({ kept: proxy.stream('kept'), plain: `${proxy.stream('plain')}?withhold`, gates: GATES.p.count, plainGates: PLAIN_GATES, every: EVERY });
  stage.head = () => witness.head;

  const faults = /** @type {Map<Fault['kind'], number>} */ (new Map());
  const play = async () => {
    await until('the page is connected', () => stage.begun, { within: BEGINNING });
    await Promise.all(['kept', 'plain'].map((dag) => server.startRun(dag)));
    const others = setInterval(() => decideNext(witness), OTHERS_EVERY);
    const runs = nextRuns(server, witness, () => stage.over);
    try {
      const end = performance.now() + seconds * 1_000;
      for (const { quiet, fault } of plan(seed)) {
        await pause(quiet);
        if (performance.now() >= end) break;
        await until('the page is connected', () => proxy.pairs.size >= 2, { within: CONNECTED }).catch(() => {});
        await happen(fault, proxy, server);
        faults.set(fault.kind, (faults.get(fault.kind) ?? 0) + 1);
      }
    } finally {
      proxy.heal();
      clearInterval(others);
      stage.over = true;
    }
    await runs;
  };
  // A page that ends early ends by itself; without a page there is nobody to wait for.
  const page = resultOfPage(engine, stage.origin, seconds + ASIDE);
  const [result] = await Promise.all([page, Promise.race([play(), page])]).finally(() => (stage.over = true));
  if (result !== 'done' || !stage.report) throw new Error(`${engine}: the page ended with ${result}`);
  const { report } = stage;
  await until('the witness has seen it all', async () => witness.head >= Number((await server.metrics())['log_head{dag="kept"}']));
  return { report, log: witness.log, plainLog: ofPlain.log, epochs: witness.epochs, faults, broken: proxy.broken };
}

/** @param {Fault} fault @param {Proxy} proxy @param {Server} server */
async function happen(fault, proxy, server) {
  if (fault.kind === 'cut') proxy.cut(fault.by);
  if (fault.kind === 'tear') {
    proxy.tear(fault.way);
    const { broken } = proxy;
    // It takes somebody who speaks.
    await until('it is torn', () => proxy.broken > broken, { within: 2_000, every: 5 }).catch(() => proxy.heal());
  }
  if (fault.kind === 'stall') {
    proxy.stall(fault.way);
    await pause(fault.lasts);
    if (fault.then === 'go on') proxy.heal();
    else proxy.cut(fault.then);
  }
  if (fault.kind === 'slow') {
    proxy.slow();
    await pause(fault.lasts);
    proxy.heal();
  }
  if (fault.kind === 'away') {
    proxy.cut(fault.by);
    proxy.refusing = true;
    await pause(fault.lasts);
    proxy.heal();
  }
  if (fault.kind === 'crash' || fault.kind === 'stop') {
    await (fault.kind === 'crash' ? server.crash() : server.stop());
    await pause(fault.lasts);
    await server.start();
  }
}

/** Another person decides what has waited longest, whoever is connected. @param {Witness} witness */
function decideNext(witness) {
  const begin = witness.log.findLastIndex(({ type }) => type === 'dag_mutated');
  /** @type {Set<string>} */
  const waiting = new Set();
  for (const { type, node_id: node, status } of witness.log.slice(begin)) {
    if (type !== 'node_state' || !node.startsWith('o')) continue;
    if (status === 'waiting') waiting.add(node);
    else waiting.delete(node);
  }
  const [next] = waiting;
  if (next !== undefined) witness.decide(next);
}

/** Starts a run after each that has ended. @param {Server} server @param {Witness} witness @param {() => boolean} isOver */
async function nextRuns(server, witness, isOver) {
  let started = 1;
  while (!isOver()) {
    await pause(50);
    const ended = witness.log.filter(({ type }) => type === 'execution_complete').length;
    // A server that is away, or that started the run and died before it said so, is asked again.
    if (ended >= started) await server.startRun('kept').then(() => started++, () => {});
    started = Math.max(started, witness.log.filter(({ type, mutation }) => type === 'dag_mutated' && mutation.op === 'start').length);
  }
}

/** The page and what it asks. @param {TestContext} t */
async function openStage(t) {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('page.mjs', import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'silent',
  });
  const script = bundle.outputFiles[0]?.text ?? '';
  let plan = {};
  const stage = {
    origin: '',
    begun: false,
    over: false,
    head: () => 0,
    report: /** @type {Report | null} */ (null),
    tell: (/** @type {object} */ told) => void (plan = told),
  };
  /** @type {Record<string, (body: string) => [type: string, answer: string]>} */
  const answers = {
    '/': () => ['text/html', '<!doctype html><title>chaos</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'],
    '/page.js': () => ['text/javascript', script],
    '/plan': () => ['application/json', JSON.stringify(plan)],
    '/stand': () => ['application/json', JSON.stringify({ over: stage.over, head: stage.head() })],
    '/begin': () => ((stage.begun = true), ['text/plain', '']),
    '/book': (body) => ((stage.report = JSON.parse(body)), ['text/plain', '']),
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const answer = answers[request.url ?? ''];
    if (!answer) return response.writeHead(404).end();
    const [type, text] = answer(body);
    return response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', () => listening(null)));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  stage.origin = `http://127.0.0.1:${port}`;
  return stage;
}
