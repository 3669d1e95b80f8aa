// How far behind the live edge one watches. Pure functions.

// Segments up to this long, in s, arrive often enough for one of them to be distance enough.
const SHORT_S = 1.3;
// After a stall the greater distance is kept for so long, in ms.
const CAREFUL_MS = 5 * 60 * 1000;
// The average is taken over so many of the newest segments.
const NEWEST = 10;

/** The mean length, in s, of the newest segments {duration}. */
export function segmentLength(fragments) {
  const newest = fragments.slice(-NEWEST);
  return newest.reduce((sum, { duration }) => sum + duration, 0) / Math.max(1, newest.length);
}

/**
 * The distance to the live edge, in s, for segments of a length in s: one of them if they are short, two if they are
 * long or if the picture has stood still not long ago; `sinceStall` in ms, Infinity for never.
 */
export function liveDistance(length, sinceStall) {
  return length <= SHORT_S && sinceStall > CAREFUL_MS ? length : 2 * length;
}
