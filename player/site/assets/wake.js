// Notices that the machine has slept: its timers stood still.

const TICK_MS = 2000;
// Browsers call the timers of hidden pages once a minute.
const SLEPT_MS = 10000;
const SLEPT_HIDDEN_MS = 90000;

/** Whether so long between two ticks, in ms, was sleep. */
export function isSleep(gap, hidden) {
  return gap > (hidden ? SLEPT_HIDDEN_MS : SLEPT_MS);
}

/** Calls onWake() after the machine has slept. */
export function watchSleep(onWake) {
  let last = Date.now();
  setInterval(() => {
    const gap = Date.now() - last;
    last = Date.now();
    if (isSleep(gap, document.hidden)) {
      onWake();
    }
  }, TICK_MS);
}
