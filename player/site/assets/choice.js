// Decides what the page plays. Pure functions: the state document and what is shown now go in, a step comes out.
//
// A target is {kind, url, started, replay, offsetMs}. Its kind is "hls" (a playlist that still grows), "dvr" (the
// closed playlist of a session that has just ended) or "mp4" (a finished replay, by either of its doors). offsetMs is
// the encoder's delay, by which the segments' names are late.

import { replayPosition } from "./clock.js";

// A session's start is known better and better: first by a file's name, in the end by its clock. Two sessions are
// further apart than this.
const SAME_START_MS = 5000;

/** A finished replay as a target. */
export function replayTarget(replay) {
  return { kind: "mp4", url: replay.url, started: replay.started, replay, offsetMs: 0 };
}

/** What a newcomer is shown in this state: a target, or null when there is nothing to play. */
export function targetOf({ state, live, replays }) {
  if (live && live.playlist) {
    const { playlist, started, offset_ms: offsetMs = 0 } = live;
    return { kind: state === "processing" ? "dvr" : "hls", url: playlist, started, replay: null, offsetMs };
  }
  return replays.length > 0 ? replayTarget(replays[0]) : null;
}

/**
 * By which door a target is opened: "playlist" or "file". A replay's playlist starts at once, however long the
 * recording is; `failed` says that it did not play here.
 */
export function doorOf({ kind, replay }, { canPlayHls, failed = false }) {
  return kind !== "mp4" || (replay.playlist && canPlayHls && !failed) ? "playlist" : "file";
}

function startsBefore(one, other) {
  return Date.parse(one.started) < Date.parse(other.started) - SAME_START_MS;
}

function sameSession(one, other) {
  return !startsBefore(one, other) && !startsBefore(other, one);
}

/** The replays of the session that is shown, newest first: several where its parts could not be joined. */
function replaysOfSession({ live, replays }, shown) {
  const next = live && !sameSession(live, shown) ? live : null;
  return replays.filter((replay) => !startsBefore(replay, shown) && (!next || startsBefore(replay, next)));
}

/** The one of these replays that holds the wall clock `wall`, in ms, or the first of them; null if there is none. */
function replayAt(own, wall) {
  const found = own.find((replay) => wall !== null && replayPosition(replay, wall) !== null) || own[own.length - 1];
  return found ? replayTarget(found) : null;
}

/** The closed playlist of the session that is shown, which is called as the first of its replays is. */
function closedTarget(id, own, shown) {
  const stamp = own[own.length - 1].file.slice(id.length + 1);
  return { ...shown, kind: "dvr", url: `/hls/${id}.${stamp}.m3u8` };
}

/**
 * The step from what is shown now (a target or null) to what the state asks for: {open: target} starts another
 * source, {follow: target} changes the address of the same one, {replace: target} is the same moments by a better
 * source, to change to when nobody would notice, {} leaves everything. `offer` is "live",
 * "newest" or null: what the viewer may change to by a button. Nobody is taken away from what they watch,
 * unless it is gone: `failing` says that what is shown does not load. `wall` is its wall clock, in ms, or null.
 */
export function step(shown, state, { failing = false, wall = null } = {}) {
  const target = targetOf(state);
  if (!shown || (failing && shown.kind === "mp4" && !state.replays.some(({ url }) => url === shown.url))) {
    return { open: target, offer: null };
  }
  if (!target || (shown.url === target.url && sameSession(shown, target))) {
    return { offer: null };
  }
  if (shown.kind === "mp4") {
    return { offer: offerOf(target) };
  }
  if (target.kind !== "mp4" && sameSession(shown, target)) {
    return { ...withinSession(shown, target), offer: null };
  }
  const own = replaysOfSession(state, shown);
  if (own.length > 0 && shown.kind === "hls" && !state.live && !failing) {
    // The replay was made so quickly that this page never heard of the closed playlist.
    return { follow: closedTarget(state.id, own, shown), offer: null };
  }
  const replay = replayAt(own, wall);
  if (replay) {
    return { replace: replay, offer: replay.url === target.url ? null : offerOf(target) };
  }
  // The address of a growing playlist belongs to whoever is live now: it cannot be kept for the session before.
  return shown.kind === "hls" ? { open: target, offer: null } : { offer: offerOf(target) };
}

/** What a button calls a target that is offered. */
export function offerOf(target) {
  return target.kind === "hls" ? "live" : "newest";
}

/** A closed playlist stands still: a session that goes on after all needs a source that grows. */
function withinSession(shown, target) {
  return shown.kind === "hls" && target.kind === "dvr" ? { follow: target } : { open: target };
}
