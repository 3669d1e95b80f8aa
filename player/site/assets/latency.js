// How far behind the live edge one watches. Pure functions.

// In segments: what is in hand when the next one is due, half of one or a whole one, must do until it is loaded.
const CALM = 1.5;
const CAREFUL = 2;
// After a stall the greater distance is kept for so long, in ms.
const CAREFUL_MS = 5 * 60 * 1000;
// A distance that is too short by less, in s, is not worth another speed.
const NEARLY_S = 0.2;
// The average is taken over so many of the newest segments.
const NEWEST = 10;

/** The mean length, in s, of the newest segments {duration}. */
export function segmentLength(fragments) {
  const newest = fragments.slice(-NEWEST);
  return newest.reduce((sum, { duration }) => sum + duration, 0) / Math.max(1, newest.length);
}

/**
 * The distance to the live edge, in s, for segments of a length in s: one and a half of them, or two if the picture has
 * stood still not long ago; `sinceStall` in ms, Infinity for never.
 */
export function liveDistance(length, sinceStall) {
  return (sinceStall > CAREFUL_MS ? CALM : CAREFUL) * length;
}

/**
 * Whether the picture, `latency` s behind the live edge, is too near to it after a stall, which has cost less than the
 * greater distance `target`; `slower` says that it is on its way there.
 */
export function isTooNear({ latency, target, sinceStall }, slower) {
  return sinceStall < CAREFUL_MS && latency > 0 && latency < target - (slower ? 0 : NEARLY_S);
}
