// What the page's own address asks for, and the addresses of moments.

const STREAM_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const MATCH = /^[a-z0-9][a-z0-9_-]{0,63}(?:-\d{8}T\d{6}Z)?$/;
const FILE = /^([a-z0-9][a-z0-9_-]{0,63}-\d{8}T\d{6}Z)(?:\.mp4)?$/;
const WALL_CLOCK = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;
const OFFSET = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/;

/**
 * Reads "&t=": {wall} in ms since 1970 of a wall clock "2026-11-22T19:00:00.000Z", {offset} in s of "1h2m3s" or "90",
 * null where there is none or it is neither.
 */
export function readMoment(words) {
  // A plus sign of an offset from UTC arrives as a space.
  const clock = (words || "").replace(" ", "+");
  if (WALL_CLOCK.test(clock)) {
    const wall = Date.parse(clock);
    return Number.isNaN(wall) ? null : { wall };
  }
  const found = OFFSET.exec(words || "");
  if (!found) {
    return null;
  }
  const [hours, minutes, seconds] = found.slice(1).map((part) => Number(part || 0));
  return { offset: hours * 3600 + minutes * 60 + seconds };
}

/**
 * Reads "?id=ID&rec=FILE&t=MOMENT": {id, recording, moment}, the last two null where they are not given, or
 * {problem: "missing" | "malformed"}. A recording that can be none is kept as "": there is no such file.
 */
export function readLink(search) {
  const given = new URLSearchParams(search);
  const id = given.get("id");
  if (!id) {
    return { problem: "missing" };
  }
  if (!STREAM_ID.test(id)) {
    return { problem: "malformed" };
  }
  const file = FILE.exec(given.get("rec") || "");
  const recording = file ? file[1] : null;
  return { id, recording: given.get("rec") ? recording || "" : null, moment: readMoment(given.get("t")) };
}

/** The streams that "?id=alice,bob" or the match that "?match=NAME" names, or null: the link is one stream’s. */
export function readViews(search) {
  const given = new URLSearchParams(search);
  const match = given.get("match");
  const ids = (given.get("id") || "").split(",").filter(Boolean);
  const moment = readMoment(given.get("t"));
  if (match !== null) {
    return MATCH.test(match) ? { match, ids: [], moment } : { problem: "malformedMatch" };
  }
  const several = ids.filter((id, i) => ids.indexOf(id) === i);
  if (several.length < 2) {
    return null;
  }
  return several.every((id) => STREAM_ID.test(id)) ? { match: null, ids: several, moment } : { problem: "malformed" };
}

/** The link of a match, or of several streams side by side, at a moment: `wall` in ms, or null. */
export function viewsLink({ match, ids }, wall = null) {
  const what = match === null ? `id=${ids.map(encodeURIComponent).join(",")}` : `match=${encodeURIComponent(match)}`;
  return Number.isFinite(wall) && wall !== null ? `/player?${what}&t=${isoOf(wall)}` : `/player?${what}`;
}

/** A wall clock, in ms, as links have it. */
function isoOf(wall) {
  return new Date(Math.round(wall)).toISOString();
}

/** The stable link of a stream. */
export function playerLink(id) {
  return `/player?id=${encodeURIComponent(id)}`;
}

/** The page of a stream's streamer. */
export function studioLink(id) {
  return `/studio?id=${encodeURIComponent(id)}`;
}

/** The link of a moment of a stream: live, later, and in its replay. `wall` in ms, or null for the stream itself. */
export function momentLink(id, wall) {
  return Number.isFinite(wall) ? `${playerLink(id)}&t=${isoOf(wall)}` : playerLink(id);
}
