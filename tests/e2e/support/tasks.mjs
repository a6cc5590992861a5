// @ts-check
// Owns how long each task of a page's main thread had the processor; must not know what they did. What others took of the
// processor meanwhile is not counted, as it is in an entry of type `longtask`.

/** In milliseconds: of the processor, and by the clock. @typedef {{ own: number, took: number }} Task */
/** @typedef {{ ph: string, name: string, pid: number, tid: number, dur?: number, tdur?: number, args?: { name?: string } }} Event */

/**
 * Watches the page in Chromium until what is returned is called, which gives each task.
 *
 * @param {import('playwright-core').Page} page
 * @returns {Promise<() => Promise<Task[]>>}
 */
export async function watchTasks(page) {
  const browser = /** @type {import('playwright-core').Browser} */ (page.context().browser());
  await browser.startTracing(page, { categories: ['toplevel', 'disabled-by-default-devtools.timeline'] });
  return async () => {
    const { traceEvents } = /** @type {{ traceEvents: Event[] }} */ (JSON.parse((await browser.stopTracing()).toString()));
    const mains = new Set(traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(threadOf));
    const tasks = traceEvents.filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && mains.has(threadOf(event)));
    // Of one that is over before that is counted, the clock alone is told.
    if (!tasks.some(({ tdur }) => tdur !== undefined)) throw new Error('this browser does not say how long its tasks had the processor');
    return tasks.map(({ dur = 0, tdur = dur }) => ({ own: tdur / 1_000, took: dur / 1_000 }));
  };
}

/** @param {Event} event */
const threadOf = ({ pid, tid }) => `${pid} ${tid}`;
