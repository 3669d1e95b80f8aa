// Decides what the page plays. Pure functions: the state document and what is shown now go in, a step comes out.
//
// A target is {kind, url, started, replay}. Its kind is "hls" (a playlist that still grows), "dvr" (the closed
// playlist of a session that has just ended) or "mp4" (a finished replay).

const SAME_SESSION_MS = 2000;

function replayTarget(replay) {
  return { kind: "mp4", url: replay.url, started: replay.started, replay };
}

/** What a newcomer is shown in this state: a target, or null when there is nothing to play. */
export function targetOf({ state, live, replays }) {
  if (live && live.playlist) {
    return { kind: state === "processing" ? "dvr" : "hls", url: live.playlist, started: live.started, replay: null };
  }
  return replays.length > 0 ? replayTarget(replays[0]) : null;
}

/** Whether two targets belong to the same sitting. */
export function sameSession(one, other) {
  return Math.abs(Date.parse(one.started) - Date.parse(other.started)) <= SAME_SESSION_MS;
}

/** The replay of a session as a target, or null while there is none. */
function replayOfSession(replays, target) {
  const replay = replays.find((candidate) => sameSession(candidate, target));
  return replay ? replayTarget(replay) : null;
}

/**
 * The step from what is shown now (a target or null) to what the state asks for: {open: target} starts another
 * source, {follow: target} changes the address of the same one, {} leaves everything. `offer` is "live",
 * "newest" or null: what the viewer may change to by a button. Nobody is taken away from what they watch,
 * unless it is gone: `failing` says that what is shown does not load.
 */
export function step(shown, state, failing = false) {
  const target = targetOf(state);
  if (!shown || (failing && shown.kind === "mp4" && !state.replays.some(({ url }) => url === shown.url))) {
    return { open: target, offer: null };
  }
  if (!target) {
    return { offer: null };
  }
  if (sameSession(shown, target)) {
    return { ...within(shown, target), offer: null };
  }
  const offer = target.kind === "hls" ? "live" : "newest";
  if (shown.kind === "mp4") {
    return { offer };
  }
  const replay = replayOfSession(state.replays, shown);
  if (replay) {
    return { open: replay, offer };
  }
  // The address of a growing playlist belongs to whoever is live now: it cannot be kept for the session before.
  return shown.kind === "hls" ? { open: target, offer: null } : { offer };
}

/** The step within one session. */
function within(shown, target) {
  if (shown.url === target.url && shown.kind === target.kind) {
    return {};
  }
  if (shown.kind === "mp4") {
    return {};
  }
  // A closed playlist stands still; a session that goes on after all needs a source that grows.
  return shown.kind === "hls" && target.kind === "dvr" ? { follow: target } : { open: target };
}
