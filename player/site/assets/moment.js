// Finds what shows a moment. Pure functions over the state document and the index.

import { replayTarget, targetOf } from "./choice.js";
import { replayWall } from "./clock.js";

// A link from the present moment is not called wrong for so little, in ms.
const NEAR_MS = 5000;
// The viewer's clock may be as much behind the server's, in ms.
const CLOCKS_APART_MS = 60000;
// Who comes for a moment after the end sees so much of the end, in ms.
const LAST_MS = 1000;

function liveCandidate(state, now) {
  const target = targetOf(state);
  if (!target || target.kind === "mp4") {
    return [];
  }
  const window = (state.live.window || Infinity) * 1000;
  const end = target.kind === "hls" ? now : Date.parse(state.updated);
  const from = Math.max(Date.parse(target.started), end - window);
  return [{ target, from, to: target.kind === "hls" ? end + CLOCKS_APART_MS : end }];
}

function replayCandidate(replay) {
  const { parts = [], started, duration } = replay;
  const last = parts.length > 0 ? parts[parts.length - 1] : { offset: 0, duration };
  const to = replayWall(replay, last.offset + last.duration);
  return { target: replayTarget(replay), from: Date.parse(started), to };
}

/** The nearest wall clock, in ms; at the end of a recording there is no frame any more. */
function within({ target, from, to }, wall) {
  if (wall <= to) {
    return Math.max(wall, from);
  }
  return target.replay ? Math.max(from, to - LAST_MS) : to;
}

function distance({ from, to }, wall) {
  return Math.max(from - wall, wall - to, 0);
}

/**
 * The target that shows a wall clock, in ms, of a stream: {target, wall, exact}, or null when there is nothing at all.
 * Where nothing shows it, the nearest moment that there is. `older`: the stream’s replays that the state document does
 * not list any more; `now` in ms.
 */
export function targetAt(state, wall, { older = [], now }) {
  const listed = state.replays.map(({ file }) => file);
  const replays = state.replays.concat(older.filter(({ file }) => !listed.includes(file)));
  const candidates = [...liveCandidate(state, now), ...replays.map(replayCandidate)];
  const best = candidates.reduce(
    (found, one) => (found === null || distance(one, wall) < distance(found, wall) ? one : found),
    null,
  );
  if (!best) {
    return null;
  }
  const off = distance(best, wall);
  return { target: best.target, wall: within(best, wall), exact: off <= NEAR_MS };
}

/** The wall clock, in ms, of a position in s of a target, and whether the target is as long as that. */
export function wallAt(target, offset) {
  if (!target.replay) {
    return { wall: Date.parse(target.started) + offset * 1000, exact: true };
  }
  const { replay } = target;
  const exact = offset < replay.duration;
  return { wall: replayWall(replay, exact ? offset : Math.max(0, replay.duration - LAST_MS / 1000)), exact };
}

/** The stream’s replay of that file name among several, or null. */
export function recordingOf(replays, id, file) {
  return replays.find((replay) => replay.file === file && (replay.id || id) === id) || null;
}
