// What a browser remembers of its viewer: volume for all, place and speed for each recording. Pure functions over one
// plain object {volume, muted, recordings: {FILE: {place, speed, seen}}}; places in s, `seen` in ms since 1970.

import { knownSpeed } from "./speeds.js";

export const NOTHING = { volume: 1, muted: false, recordings: {} };
export const MOST_RECORDINGS = 200;
// Who leaves within this, in s, of the start or of the end begins at the start the next time.
const EDGE_S = 10;

function isPlain(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function readObject(words) {
  try {
    const read = JSON.parse(words);
    return isPlain(read) ? read : {};
  } catch {
    return {};
  }
}

/** Reads what was stored, whatever it is: what makes no sense is as if it had never been. */
export function parse(words) {
  const { volume, muted, recordings } = readObject(words);
  return {
    volume: volume >= 0 && volume <= 1 ? Number(volume) : NOTHING.volume,
    muted: muted === true,
    recordings: isPlain(recordings) ? recordings : {},
  };
}

/** With the place and speed at which a recording of so many seconds was left; the longest unseen one is forgotten. */
export function remember(memory, file, { place, duration, speed }, now) {
  const others = { ...memory.recordings };
  delete others[file];
  const inside = place >= EDGE_S && place <= duration - EDGE_S;
  if (!inside && speed === 1) {
    return { ...memory, recordings: others };
  }
  const newest = Object.entries(others)
    .sort(([, one], [, other]) => (other.seen || 0) - (one.seen || 0))
    .slice(0, MOST_RECORDINGS - 1);
  const own = { place: inside ? Math.round(place * 1000) / 1000 : 0, speed, seen: now };
  return { ...memory, recordings: { ...Object.fromEntries(newest), [file]: own } };
}

/** Where and how fast a recording is to go on: {place, speed}. */
export function recall({ recordings }, file) {
  const own = Object.prototype.hasOwnProperty.call(recordings, file) ? recordings[file] : null;
  if (!isPlain(own)) {
    return { place: 0, speed: 1 };
  }
  const { place, speed } = own;
  return { place: place >= EDGE_S && Number.isFinite(place) ? place : 0, speed: knownSpeed(speed) };
}
