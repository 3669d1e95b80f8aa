// Who watches live stays live: what an outage, sleep or a stall has cost is passed over. Who looks back is left alone.

// Further behind the live edge than this, in s, is not live any more.
const LIVE_WITHIN_S = 3;
const TOO_LATE_S = 4;
// A jump back by less, in s, is none of the viewer’s.
const BACK_S = 0.5;
const AGAIN_MS = 5000;

/**
 * Whether the viewer wants to be at the live edge, from whether that was so before: `behind` is the distance to it in
 * s, null where there is none.
 */
export function wantsLive(before, { behind, paused, speed }) {
  if (behind === null || paused || speed !== 1) {
    return false;
  }
  return before || behind <= LIVE_WITHIN_S;
}

/** Whether a seek was back, and so the viewer’s: what a player passes over lies ahead. */
export function isBack(from, to) {
  return to < from - BACK_S;
}

/**
 * Keeps the viewer of `stage` at the live edge. `view()` is {behind, paused, speed, failing}; `goLive()` goes there.
 * Returns {tick()}, to be called again and again.
 */
export function stayLive(stage, { view, goLive }) {
  let wanted = false;
  let position = 0;
  let wentAt = -Infinity;

  stage.on("timeupdate", () => {
    position = stage.video.seeking ? position : stage.video.currentTime;
  });
  stage.on("seeking", () => {
    wanted = wanted && !isBack(position, stage.video.currentTime);
  });

  return {
    tick() {
      const now = view();
      // A seek is told a little later than it is done.
      wanted = wantsLive(wanted && !isBack(position, stage.video.currentTime), now);
      if (wanted && !now.failing && now.behind > TOO_LATE_S && performance.now() - wentAt > AGAIN_MS) {
        wentAt = performance.now();
        goLive();
      }
    },
  };
}
