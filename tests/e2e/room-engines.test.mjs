// @ts-check
// Two people in one room, in browsers of different engines: one looks in Chromium; the other comes, points, types, loses the
// connection and reloads in Firefox (with EVERWIRE_LONG=1, in WebKit too).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RemotePage } from '../../tools/webdriver.mjs';
import { assertNoErrors } from './support/browser.mjs';
import { startBehindProxy } from './support/proxy.mjs';
import { LONG, pause, stopwatch, until } from './support/until.mjs';
import { enter } from './support/visitor.mjs';

/** @typedef {import('../../tools/webdriver.mjs').Engine} Engine */

/** How long who is gone is not said to have left. */
const GRACE = 5_000;
/** How long a connection is away: less than that, and more. */
const [BLIP, LOSS] = [3_000, 8_000];
/** What is told may take so long, the longest wait of a client that tries again included. */
const LATE = 20_000;
/** @type {Engine[]} */
const others = LONG ? ['Firefox', 'WebKit'] : ['Firefox'];

describe('two engines in one room', () => {
  for (const engine of others) {
    test(`${engine} comes to Chromium: join, move, type; 3 s without a connection are no leave, 8 s are one, a reload is nothing`, async (t) => {
      const { server, proxy, origin } = await startBehindProxy(t);
      const one = await enter(t, server);
      await one.joined();
      const other = await RemotePage.open(engine, `${origin}/room/?dag=quick`);
      t.after(() => other.end());
      const joined = () => until('the other is synced', () => other.run(
        'return document.querySelector(`[data-testid="room-state"]`)?.dataset.statusWord === "synced" && document.querySelector(`[data-testid="me"]`).dataset.user',
      ), { within: 30_000 });

      const id = await joined();
      await one.sees(id, 'here');
      await until('it is told', async () => (await one.comings(id)).length === 1);

      const [x, y] = await other.run(
        'const box = document.querySelector(`[data-place="room notes"]`).getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height * 0.4]',
      );
      await other.move([[x - 40, y - 20], [x - 20, y - 10], [x, y]]);
      const pointer = one.part('pointer');
      await pointer.waitFor({ timeout: 10_000 });
      const notes = await one.page.locator('[data-place="room notes"]').boundingBox();
      assert.ok(notes);
      await until('the pointer is at the same part of the notes', async () => {
        const box = await pointer.locator('svg').boundingBox();
        return box !== null && Math.abs(box.x - notes.x - notes.width / 2) < 4 && Math.abs(box.y - notes.y - notes.height * 0.4) < 4;
      });

      await other.type('[data-testid="notes-text"]', `from ${engine}`);
      await until('what was typed is read', async () => (await one.notes()) === `from ${engine}`, { within: 10_000 });

      let told = 1;
      const away = async (/** @type {number} */ time) => {
        told = (await one.comings(id)).length;
        const absence = stopwatch();
        proxy.cut('rst');
        proxy.refusing = true;
        await pause(time);
        proxy.heal();
        await one.sees(id, 'here', LATE);
        return absence();
      };
      // The next attempt of the client may be later than that by a second, and what is longer than the grace is another thing.
      for (let tries = 0; (await away(BLIP)) > GRACE - 300 && tries < 3; tries++);
      assert.deepEqual((await one.comings(id)).slice(told), ['lost', 'back'], 'a reset and 3 s are no leave');
      await away(LOSS);
      assert.deepEqual((await one.comings(id)).slice(told), ['lost', 'left', 'joined'], 'a reset and 8 s are one leave and one join');
      told += 3;

      await one.write(', and back');
      await other.reload();
      assert.equal(await joined(), id, 'a reload keeps the name');
      await pause(6_000);
      const since = (await one.comings(id)).slice(told);
      assert.ok(!since.includes('left') && !since.includes('joined'), `a reload is nothing: ${since}`);
      assert.equal(await one.standing(id), 'here');
      await until('the other reads the notes', () => other.run('return document.querySelector(`[data-testid="notes-text"]`)?.textContent.includes(`from ${arguments[0]}, and back`)', engine));
      assert.equal(await one.part('people-count').textContent(), '2');
      assertNoErrors(one.errors);
    });
  }
});
