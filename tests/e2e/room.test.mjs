// @ts-check
// The page of the room, and the same people on the dashboard: who comes, points, writes, is cut, comes back and leaves.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertNoErrors, openPage } from './support/browser.mjs';
import { Dashboard } from './support/dashboard.mjs';
import { startServer } from './support/server.mjs';
import { pause, stopwatch, until } from './support/until.mjs';
import { enter, Visitor } from './support/visitor.mjs';

/** @typedef {import('node:test').TestContext} TestContext */

/** How long who is gone is not said to have left. */
const GRACE = 5_000;
/** Less than that, and more. */
const [BLIP, LOSS] = [3_000, 8_000];
/** What is told may take so long. */
const LATE = 1_500;

/** @param {TestContext} t */
async function two(t) {
  const server = await startServer(t, ['--memory']);
  const one = await enter(t, server);
  const idOfOne = await one.joined();
  const other = await enter(t, server);
  const idOfOther = await other.joined();
  await one.sees(idOfOther, 'here');
  await other.sees(idOfOne, 'here');
  return { server, one, other, idOfOne, idOfOther };
}

describe('the room', () => {
  test('who comes is seen, under the name that they wrote, and who was there is no news', async (t) => {
    const { one, other, idOfOne, idOfOther } = await two(t);
    await until('it is told', async () => (await one.comings(idOfOther)).length > 0);
    assert.deepEqual(await one.comings(idOfOther), ['joined']);
    assert.deepEqual(await other.comings(idOfOne), []);
    await other.part('name').fill('Ada Lovelace');
    await until('the name is there', async () => (await one.part('people').textContent())?.includes('Ada Lovelace'));
    await until('a reader is told once', async () => (await one.page.locator('[aria-live]').allTextContents()).some((text) => / joined\.$/.test(text)), { within: 5_000 });
    assert.equal(await one.part('people-count').textContent(), '2');
    assertNoErrors([...one.errors, ...other.errors]);
  });

  test('a pointer is where it points, in a window of another size too', async (t) => {
    const { one, other } = await two(t);
    await one.page.setViewportSize({ width: 1600, height: 900 });
    const notes = await other.page.locator('[data-place="room notes"]').boundingBox();
    assert.ok(notes);
    await other.page.mouse.move(notes.x + notes.width * 0.2, notes.y + notes.height * 0.2);
    await other.page.mouse.move(notes.x + notes.width * 0.5, notes.y + notes.height * 0.4, { steps: 8 });
    const pointer = one.part('pointer');
    await pointer.waitFor({ timeout: 10_000 });
    const there = await one.page.locator('[data-place="room notes"]').boundingBox();
    assert.ok(there);
    await until('it is at the same part of the notes', async () => {
      const box = await pointer.locator('svg').boundingBox();
      return box !== null && Math.abs(box.x - there.x - there.width * 0.5) < 3 && Math.abs(box.y - there.y - there.height * 0.4) < 3;
    });
    assert.equal(await other.part('pointer').count(), 0, 'who does not point has none');
    assertNoErrors([...one.errors, ...other.errors]);
  });

  test('what two write at once is merged, through a cut too, and is saved only when it is', async (t) => {
    const { one, other } = await two(t);
    await one.notesAre('Saved');
    await other.notesAre('Saved');
    // Who writes where another is writing may be woven into it, so each has letters of its own.
    const [digits, letters] = ['0123456789', 'abcdefghij'];
    await Promise.all([one.write(digits), other.write(letters)]);
    await until('both have both, each in its order', async () => {
      const [here, there] = [await one.notes(), await other.notes()];
      return here === there && here.replace(/\D/g, '') === digits && here.replace(/\d/g, '') === letters;
    });
    await one.notesAre('Saved');
    await until('the other is seen in the text', async () => (await one.page.locator('.cm-ySelectionInfo').count()) === 1);
    await one.network(false);
    await one.notesAre('Offline');
    await one.write('CUT');
    await one.notesAre('Not saved');
    await other.write('MEANWHILE');
    await one.network(true);
    await one.notesAre('Saved');
    await until('nothing was lost', async () => {
      const [here, there] = [await one.notes(), await other.notes()];
      return here === there && here.includes('CUT') && here.includes('MEANWHILE');
    });
    await one.page.reload();
    await one.notesAre('Saved');
    assert.equal(await one.notes(), await other.notes());
    assertNoErrors([...one.errors, ...other.errors]);
  });

  test('a cut shorter than the grace is no leave, a longer one is one leave and one join, a reload is nothing', async (t) => {
    const { one, other, idOfOne, idOfOther } = await two(t);
    await until('it is told', async () => (await one.comings(idOfOther)).length === 1);

    let told = 0;
    const blip = async () => {
      told = (await one.comings(idOfOther)).length;
      const absence = stopwatch();
      await other.network(false);
      await one.sees(idOfOther, 'offline', GRACE);
      await other.sees(idOfOne, 'stale');
      assert.equal(await other.part('network-note').getAttribute('data-seen'), 'offline');
      await pause(BLIP - LATE);
      await other.network(true);
      await one.sees(idOfOther, 'here');
      return absence();
    };
    // One that a machine which stood still made longer than the grace is none.
    for (let tries = 0; (await blip()) > GRACE && tries < 2; tries++);
    await other.sees(idOfOne, 'here');
    await pause(LOSS - BLIP);
    assert.deepEqual((await one.comings(idOfOther)).slice(told), ['lost', 'back']);
    assert.deepEqual(await other.comings(idOfOne), []);
    told += 2;

    await other.network(false);
    await one.sees(idOfOther, null, LOSS);
    await until('the page knows', async () => (await other.part('network-note').getAttribute('data-seen')) === 'gone');
    await pause(1_000);
    await other.network(true);
    await one.sees(idOfOther, 'here');
    await pause(LATE);
    assert.deepEqual((await one.comings(idOfOther)).slice(told), ['lost', 'left', 'joined']);
    told += 3;

    await other.page.reload();
    assert.equal(await other.joined(), idOfOther);
    await pause(GRACE + LATE);
    const since = (await one.comings(idOfOther)).slice(told);
    assert.ok(!since.includes('left') && !since.includes('joined'), String(since));
    assert.equal(await one.part('people-count').textContent(), '2');
    assertNoErrors([...one.errors, ...other.errors]);
  });

  test('the dashboard shows the same people, their pointers on the same node, and the same notes', async (t) => {
    const server = await startServer(t, ['--memory']);
    const room = await enter(t, server);
    await room.joined();
    await server.startRun('quick');
    await until('the run is over', async () => (await server.state('quick')).status === 'succeeded');
    const open = async () => {
      const { page, errors } = await openPage(t);
      await page.goto(`${server.origin}/?dag=quick`);
      const dashboard = new Dashboard(page, errors);
      await dashboard.isLive();
      return dashboard;
    };
    const [here, there] = [await open(), await open()];
    for (const dashboard of [here, there]) {
      await until('three are here', async () => (await dashboard.part('to-room').getAttribute('data-count')) === '3');
      await dashboard.part('complete-close').click();
    }
    await until('the run is drawn', async () => (await here.part('node-b').count()) === 1 && (await there.part('node-b').count()) === 1);
    await until('it says at which', async () => {
      // Until it has its place it moves.
      const node = await there.part('node-b').boundingBox();
      assert.ok(node);
      await there.page.mouse.move(node.x + 5, node.y + 5);
      await there.page.mouse.move(node.x + node.width / 2, node.y + node.height / 2, { steps: 5 });
      return (await here.part('pointer').allTextContents()).some((text) => text.includes('Second'));
    }, { every: 200 });
    await there.part('node-b').click();
    await until('the room says it too', async () => (await room.part('people').textContent())?.includes('On the dashboard, at “Second”'));
    await here.part('notes-open').click();
    const notes = new Visitor(here.page, here.errors);
    await notes.notesAre('Saved', 20_000);
    await notes.write('on this run');
    await until('the room has it', async () => (await room.notes()).includes('on this run'));
    await here.page.keyboard.press('Escape');
    await until('the panel is closed', async () => (await here.part('notes-panel').count()) === 0);
    assertNoErrors([...room.errors, ...here.errors, ...there.errors]);
  });

  test('on a phone nothing is wider than the window, and the switch can be used without a mouse', async (t) => {
    const server = await startServer(t, ['--memory']);
    const visitor = await enter(t, server, { viewport: { width: 390, height: 844 }, hasTouch: true });
    await visitor.joined();
    await visitor.notesAre('Saved');
    assert.ok((await visitor.page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await visitor.part('network').focus();
    await visitor.page.keyboard.press('Space');
    await until('it is cut', async () => (await visitor.part('network').getAttribute('aria-checked')) === 'false');
    await visitor.notesAre('Offline');
    await visitor.page.goto(`${server.origin}/?dag=quick`);
    await visitor.part('to-room').waitFor();
    assert.ok((await visitor.page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    assertNoErrors(visitor.errors);
  });
});
