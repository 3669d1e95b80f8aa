// Keeps a view in step with the clock that all views share. Pure: where it is and where it should be go in, one move
// comes out. The figures are those of FACTS 20c; positions and distances in s of the view's own recording.

// So little off is in step.
const DEAD_S = 0.015;
// Another speed mends what is off by less than this; a seek is quicker beyond, if what is wanted is there already or
// if it is further still.
const NEAR_S = 0.25;
const FAR_S = 1;
// A tenth quicker or slower at the most, and so much for each second that a view is off.
const MOST = 0.1;
const GAIN = 2;
// A video begins to move so much later than it is told to.
const START_S = 0.06;
// Who has missed its turn by more than this begins a little later, and then in step.
const MISSED_S = 0.12;
// Who is heard is not re-timed: in step within this, or it seeks.
const HEARD_S = 0.15;
// Who stands ahead of its turn by no more than this waits for it.
const PATIENCE_S = 4;
// A paused video stands where it was told to.
const STILL_S = 0.012;

function clamp(value, most) {
  return Math.max(-most, Math.min(most, value));
}

/** Speeds differ by a hundredth at least: a browser may stutter at each change. */
function rounded(rate) {
  return Math.round(rate * 100) / 100;
}

/**
 * The next move of a view while the clock runs: {do: "wait" | "play" | "pause" | "seek" | "rate", to}.
 * `clock`: {position: where the view should be now, rate}; `view`: {position, paused, busy: it seeks or has no picture
 * to go on with, error: its mean distance ahead of where it should be, settled: whether that mean can be relied on,
 * near: whether what is wanted is loaded, lead: how long its last seek took}. `heard`: its speed is left alone.
 */
export function nextMove(clock, view, { heard = false } = {}) {
  if (view.busy) {
    return { do: "wait" };
  }
  const scale = Math.max(1, clock.rate);
  const off = view.position - clock.position;
  const limit = heard ? HEARD_S : view.near ? NEAR_S : FAR_S;
  if (view.paused) {
    return started(off, (view.near ? MISSED_S : limit) * scale, clock, view);
  }
  if (Math.abs(off) > limit * scale) {
    return off > 0 && off < PATIENCE_S ? { do: "pause" } : seek(clock, view);
  }
  if (heard || !view.settled) {
    return { do: "wait" };
  }
  const wrong = Math.abs(view.error) > DEAD_S * scale ? clamp(view.error * GAIN, MOST) : 0;
  return { do: "rate", to: rounded(clock.rate * (1 - wrong)) };
}

function started(off, limit, clock, view) {
  if (off < -limit || off > PATIENCE_S * Math.max(1, clock.rate)) {
    return seek(clock, view);
  }
  return off <= START_S * clock.rate ? { do: "play" } : { do: "wait" };
}

/** To where the clock will be when the seek is done; there it waits for its turn. */
function seek({ position, rate }, { lead }) {
  return { do: "seek", to: position + lead * rate };
}

/**
 * The next move of a view while the clock stands: `wanted` is where it is to stand, in s. `played`: it has come here by
 * playing, so that the picture on screen may be one beside its position until it is sought.
 */
export function restMove(wanted, { position, paused, busy, played }) {
  if (!paused) {
    return { do: "pause" };
  }
  return !busy && (played || Math.abs(position - wanted) > STILL_S) ? { do: "seek", to: wanted } : { do: "wait" };
}
