// The clip that is being chosen: where it begins and ends, how long and how large it will be. Pure.

/** The longest and the shortest clip, in ms. */
export const LONGEST_MS = 600000;
export const SHORTEST_MS = 100;
// What chats take of somebody who does not pay, and what mail servers usually take, in bytes.
const UPLOADS = [
  ["chat", 10e6],
  ["mail", 25e6],
];

export const NO_CLIP = { from: null, to: null };

/** The choice after `[` at a wall clock in ms: an end that is not later goes. */
export function beginAt({ to }, wall) {
  return { from: wall, to: to !== null && to - wall >= SHORTEST_MS ? to : null };
}

/** The choice after `]`: a beginning that is not earlier goes. */
export function endAt({ from }, wall) {
  return { from: from !== null && wall - from >= SHORTEST_MS ? from : null, to: wall };
}

/** null when the clip can be cut; else what it lacks: "nothing", "from", "to" or "tooLong". */
export function lackOf({ from, to }) {
  if (from === null || to === null) {
    return from === to ? "nothing" : from === null ? "from" : "to";
  }
  return to - from > LONGEST_MS ? "tooLong" : null;
}

/** Its length in s, or null. */
export function lengthOf({ from, to }) {
  return from === null || to === null ? null : (to - from) / 1000;
}

/** About how large it will be, in bytes, from the bytes per second of its views; null where one is not known. */
export function sizeOf(clip, rates) {
  const length = lengthOf(clip);
  if (length === null || rates.length === 0 || rates.some((rate) => !rate)) {
    return null;
  }
  return rates.reduce((sum, rate) => sum + rate * length, 0);
}

/**
 * What is too small for the largest file of a clip: {fits: the first of "chat" and "mail" that takes it, or null,
 * seconds: how much of it a chat would take}.
 */
export function uploadOf(clip, rates) {
  const largest = Math.max(...rates);
  const size = sizeOf(clip, [largest]);
  if (size === null) {
    return null;
  }
  const found = UPLOADS.find(([, limit]) => size <= limit);
  return { fits: found ? found[0] : null, seconds: Math.floor(UPLOADS[0][1] / largest) };
}

const SEGMENT = /\/hls\/([a-z0-9][a-z0-9_-]{0,63})-(\d+)\.ts(?:$|\?)/;
// Segments further apart than this, in ms, do not follow one another.
const APART_MS = 30000;

/**
 * The bytes per second of a stream that is live, from its segments that a browser has loaded: [[url, bytes], …].
 * They are named by the time of their beginning, in ms; null as long as there are no two in a row.
 */
export function liveRate(view, loaded) {
  const segments = loaded
    .map(([url, bytes]) => [SEGMENT.exec(url), bytes])
    .filter(([found, bytes]) => found && found[1] === view && bytes > 0)
    .map(([found, bytes]) => ({ from: Number(found[2]), bytes }))
    .sort((one, other) => one.from - other.from);
  const pairs = segments
    .slice(1)
    .map(({ from }, i) => ({ ms: from - segments[i].from, bytes: segments[i].bytes }))
    .filter(({ ms }) => ms > 0 && ms < APART_MS);
  const ms = pairs.reduce((sum, pair) => sum + pair.ms, 0);
  return ms > 0 ? (pairs.reduce((sum, pair) => sum + pair.bytes, 0) / ms) * 1000 : null;
}
