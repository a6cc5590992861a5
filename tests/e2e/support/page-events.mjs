// @ts-check
// Owns what a browser tells a page of itself, told by the test: a headless page is never hidden by itself. Must not know
// what follows from it.

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page @param {boolean} hidden */
export const setHidden = (page, hidden) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    Object.defineProperty(document, 'visibilityState', { value: value ? 'hidden' : 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);

/** @param {Page} page @param {'online' | 'offline' | 'focus'} event */
export const tellWindow = (page, event) => page.evaluate((name) => void window.dispatchEvent(new Event(name)), event);
