// @ts-check
// A page in each engine, twenty messages a second each way, and everything between it and its server fails: nothing that is
// acknowledged or numbered is lost, doubled or out of order. A client without these loses some.
//
//     make chaos DURATION=180 SEED=7 ONLY=firefox

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { engines } from '../../../tools/webdriver.mjs';
import { accountOfEvents, accountOfMessages, missed } from './ledger.mjs';
import { chaos } from './stage.mjs';

const seconds = Number(process.env['CHAOS_SECONDS'] || 20);
const seed = Number(process.env['CHAOS_SEED'] || Date.now() % 1_000_000);
const only = (process.env['CHAOS_ENGINES'] || engines.join()).toLowerCase().split(',');
/** Of the messages that were due, as many must have been sent at least: a page waits for each run of the DAG to begin. */
const MOST_OF_THEM = 0.6;

/** @param {import('./ledger.mjs').Account} account */
const counts = ({ lost, doubled, disordered }) => ({ lost: lost.length, doubled: doubled.length, disordered: disordered.length });
const none = { lost: 0, doubled: 0, disordered: 0 };

describe(`chaos for ${seconds} s, SEED=${seed}`, { concurrency: true }, () => {
  for (const engine of engines) {
    if (!only.includes(engine.toLowerCase())) continue;
    test(`in ${engine} nothing acknowledged or numbered is lost, doubled or out of order, and what is neither is`, async (t) => {
      const { report, log, plainLog, epochs, faults, broken } = await chaos(t, engine, { seed, seconds });
      const { kept, plain, settling, connects, warnings, troubles, last } = report;
      const messages = accountOfMessages(kept, log);
      const events = accountOfEvents(kept, log);
      const without = missed(plain, plainLog);
      t.diagnostic(`${engine}, SEED=${seed}: ${[...faults].map(([kind, count]) => `${count} × ${kind}`).join(', ')}; ${broken} connections broken, ${connects} of the page's opened`);
      t.diagnostic(`${engine}: ${kept.sent.length} messages, ${JSON.stringify(counts(messages))}; ${log.length} events, ${JSON.stringify(counts(events))}; settled ${Math.round(settling ?? NaN)} ms after the last fault`);
      t.diagnostic(`${engine}, without: ${without.messages} of ${plain.sent.length} messages and ${without.events} of ${plainLog.length} events lost`);
      if (kept.continuity.some((word) => word !== 'unknown' && word !== 'kept')) {
        t.diagnostic(`${engine}: a state stood for events (${kept.continuity.join(', ')}): those are counted as lost`);
      }
      const words = (/** @type {string[]} */ all) => all.slice(0, 20);
      const found = { ...messages, lost: words(messages.lost), doubled: words(messages.doubled), disordered: words(messages.disordered) };
      const told = { ...events, lost: words(events.lost), doubled: words(events.doubled), disordered: words(events.disordered) };
      assert.deepEqual({ messages: counts(messages), events: counts(events) }, { messages: none, events: none }, JSON.stringify({ seed, found, told, last }, null, 1));
      assert.notEqual(settling, null, `everything is settled in time: ${JSON.stringify(last)}`);
      assert.deepEqual(troubles, []);
      assert.equal(epochs.size, 1, 'the log is one through all crashes');
      assert.deepEqual(warnings.filter((code) => code !== 'thrashing' && code !== 'ack_unsupported'), []);

      // That there was something to lose.
      assert.ok(kept.sent.length >= MOST_OF_THEM * seconds * 20, `${kept.sent.length} messages in ${seconds} s`);
      assert.ok(log.length >= seconds * 20, `${log.length} events in ${seconds} s`);
      assert.ok(connects >= Math.min(6, seconds / 4), `${connects} connections`);
      assert.ok(without.messages > 0, 'without acknowledgements some messages are lost');
      assert.ok(without.events > 0, 'without numbers some events are lost');
    });
  }
});
