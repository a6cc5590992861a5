// @ts-check
// Owns the time of a page: `performance.now`, `Date`, timers and the times of events, faster than real time or jumping.
// Must not know what the page does with it.

/**
 * Runs in the page, before its scripts. Time flows as it does, until it is told otherwise:
 *
 *   __time.speed = 40                      a second of the page takes 25 ms
 *   __time.jump({ mono: 0, wall: 8e6 })    a sleep during which `performance.now` stood still
 *
 * A timer fires exactly when it is due however busy the machine is, since time stands still while the page works: only
 * a jump makes timers late. And where it flows faster it stands still while the peer may be about to answer, or a busy
 * machine would make a peer that answers look like one that does not.
 */
export function installClock() {
  const now = performance.now.bind(performance);
  const every = setInterval.bind(window);
  const RealDate = Date;
  /** How much real time counts between two ticks: a machine that hangs must not make the page's time leap. */
  const LONGEST_TICK = 20;
  /**
   * How long, in real time that counts, a peer may take to answer an attempt, or what was sent, before the page's time
   * goes on without. Far more than it needs: on a busy machine the peer is another process that waits for its turn.
   */
  const LONGEST_ANSWER = 2_000;

  let mono = Math.ceil(now());
  let ahead = RealDate.now() - mono;
  let last = now();
  let ids = 1e6;
  /** What is left of that. */
  let patience = 0;
  /** @type {Map<number, { due: number, run: () => void, every: number | null }>} */
  const timers = new Map();

  const time = {
    speed: 1,
    now: () => mono,
    jump: (/** @type {{ mono?: number, wall?: number }} */ { mono: forward = 0, wall = forward } = {}) => {
      mono += forward;
      ahead += wall - forward;
    },
    timers: () => timers.size,
  };

  /** @param {number} target */
  const advance = (target) => {
    for (;;) {
      let next = null;
      for (const timer of timers) if (timer[1].due <= target && (next === null || timer[1].due < next[1].due)) next = timer;
      if (next === null) break;
      const [id, timer] = next;
      if (timer.due > mono) mono = timer.due;
      if (timer.every === null) timers.delete(id);
      else timer.due = mono + timer.every;
      try {
        timer.run();
      } catch (error) {
        reportError(error);
      }
    }
    if (target > mono) mono = target;
  };
  every(() => {
    const elapsed = Math.min(now() - last, LONGEST_TICK);
    last = now();
    patience -= elapsed;
    if (time.speed > 1 && patience > 0) return;
    advance(mono + Math.round(elapsed * time.speed));
  }, 4);

  /** @param {boolean} repeats */
  const timer = (repeats) => (/** @type {any} */ run, delay = 0, /** @type {any[]} */ ...args) => {
    const id = ids++;
    const wait = Math.max(Number(delay) || 0, repeats ? 1 : 0);
    timers.set(id, { due: mono + wait, run: () => run(...args), every: repeats ? wait : null });
    return id;
  };
  const clear = (/** @type {number} */ id) => void timers.delete(id);

  class PageDate extends RealDate {
    constructor(/** @type {any[]} */ ...args) {
      // @ts-expect-error The arguments of Date's constructor are overloads.
      super(...(args.length > 0 ? args : [mono + ahead]));
    }
    static now() {
      return mono + ahead;
    }
  }
  const times = new WeakMap();
  performance.now = () => mono;
  Object.defineProperty(Event.prototype, 'timeStamp', {
    get() {
      if (!times.has(this)) times.set(this, mono);
      return times.get(this);
    },
  });
  class PageWebSocket extends WebSocket {
    constructor(/** @type {ConstructorParameters<typeof WebSocket>} */ ...args) {
      super(...args);
      patience = LONGEST_ANSWER;
      this.addEventListener('open', () => void (patience = LONGEST_ANSWER));
      for (const answer of ['message', 'close']) this.addEventListener(answer, () => void (patience = 0));
    }
    /** @param {Parameters<WebSocket['send']>} data */
    send(...data) {
      patience = LONGEST_ANSWER;
      super.send(...data);
    }
  }
  Object.assign(window, {
    __time: time,
    WebSocket: PageWebSocket,
    Date: PageDate,
    setTimeout: timer(false),
    setInterval: timer(true),
    clearTimeout: clear,
    clearInterval: clear,
  });
}

/** @param {import('playwright-core').Page} page @param {number} speed */
export const setSpeed = (page, speed) => page.evaluate((value) => void (Reflect.get(window, '__time').speed = value), speed);

/**
 * A sleep: both clocks jump, or the wall alone where the engine's monotonic clock stops meanwhile.
 *
 * @param {import('playwright-core').Page} page
 * @param {{ mono?: number, wall?: number }} by
 */
export const jump = (page, by) => page.evaluate((value) => Reflect.get(window, '__time').jump(value), by);

/** The page's monotonic time. @param {import('playwright-core').Page} page @returns {Promise<number>} */
export const pageNow = (page) => page.evaluate(() => performance.now());

/** Lets so much of the page's time pass. @param {import('playwright-core').Page} page @param {number} ms @param {number} speed */
export async function passTime(page, ms, speed) {
  const end = (await pageNow(page)) + ms;
  await setSpeed(page, speed);
  await page.waitForFunction((at) => performance.now() >= at, end, { polling: 50, timeout: ms / speed + 60_000 });
  await setSpeed(page, 1);
}
