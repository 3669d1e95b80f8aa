// Brings a second video in step with the one on screen. Pure functions: where both are goes in, one move comes out.

// In step within this much, in s, when moving: a frame of 30 a second lasts 0.033.
const CLOSE_S = 0.02;
// A paused video stands where it was told to.
const STILL_S = 0.012;
// Nobody sees a hidden page, whose timers come once a second.
const HIDDEN_S = 0.3;
const HIDDEN_TICK_S = 1;
// Further off than this, in s, a seek is quicker than another speed.
const SEEK_S = 0.6;
// A video starts to move so much later than it is told to, in s.
const START_S = 0.06;
const LEADS_S = [0.8, 1.6, 3];
// What is left to play of a video that is to stand at its end, in s.
const LAST_S = 0.05;
const GAIN = 1.5;
const MOST = 0.1;

/** Where to seek, in s, so that the other arrives when this one is ready; further ahead after each miss. */
function ahead({ position, rate, misses }) {
  return position + LEADS_S[Math.min(misses, LEADS_S.length - 1)] * rate;
}

function clamp(value, most) {
  return Math.max(-most, Math.min(most, value));
}

/**
 * The next move of the standby: {do: "wait" | "pause" | "seek" | "play" | "rate" | "raise", to}.
 * `main`: {position: where the standby should be now in s, moving, ended, seeking, rate}; `standby`: {position, paused,
 * seeking, ready, error: mean distance ahead of where it should be in s, settled: whether that mean can be relied on,
 * ended, end: its length in s, misses: seeks so far that came too late}; `hidden`: nobody looks.
 */
export function nextMove(main, standby, { hidden = false } = {}) {
  if (main.seeking || standby.seeking || !standby.ready) {
    return { do: "wait" };
  }
  if (main.ended) {
    return ending(standby);
  }
  if (!main.moving) {
    return still(main, standby);
  }
  return hidden ? unseen(main, standby) : moving(main, standby);
}

/** Chromium shows no frame after a seek to the very end: what is to stand there plays there from just before. */
function ending({ position, paused, ended, end, misses: played }) {
  if (ended && played) {
    return { do: "raise" };
  }
  if (!paused && !ended) {
    return { do: "wait" };
  }
  const to = end - LAST_S;
  return Math.abs(position - to) > STILL_S ? { do: "seek", to } : { do: "play" };
}

function still(main, standby) {
  if (!standby.paused) {
    return { do: "pause" };
  }
  const off = Math.abs(standby.position - main.position);
  return off > STILL_S ? { do: "seek", to: main.position } : { do: "raise" };
}

/** On a hidden page this is asked once a second, and only the sound is noticed. */
function unseen(main, { position, paused }) {
  const lead = position - main.position;
  if (Math.abs(lead) <= HIDDEN_S) {
    return { do: paused ? "play" : "raise" };
  }
  if (!paused) {
    return { do: "pause" };
  }
  return lead > 0 && lead < 2 * HIDDEN_TICK_S ? { do: "wait" } : { do: "seek", to: main.position + HIDDEN_TICK_S };
}

function moving(main, standby) {
  const lead = standby.position - main.position;
  if (standby.paused) {
    const late = lead < -CLOSE_S || lead > 2 * LEADS_S[LEADS_S.length - 1] * main.rate;
    if (late) {
      return { do: "seek", to: ahead({ ...main, misses: standby.misses }) };
    }
    return lead <= START_S * main.rate ? { do: "play" } : { do: "wait" };
  }
  if (Math.abs(lead) > SEEK_S * Math.max(1, main.rate)) {
    return { do: "pause" };
  }
  if (!standby.settled) {
    return { do: "wait" };
  }
  if (Math.abs(standby.error) <= CLOSE_S * Math.max(1, main.rate)) {
    return { do: "raise" };
  }
  return { do: "rate", to: main.rate * (1 - clamp(standby.error * GAIN, MOST)) };
}
