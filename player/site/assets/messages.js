// What the page says in each situation. Pure functions.

import { text } from "./text.js";

/** Problems that leave nothing to play until the viewer or the operator does something. */
const FINAL = ["missing", "malformed", "unsupported"];

/**
 * The message for a situation: {id, problem, state, source, hasReplay, ended, offer, trouble}.
 * problem: null, "missing", "malformed", "unsupported", "unknown", "login" or "connection"; source: "none",
 * "hls", "dvr" or "mp4"; trouble: the source does not load; notice: what the page’s own link asked for and did not get,
 * "recording" or "moment", or what was just done, "copied" or "copy", else null; soundOnly: what plays has no picture.
 * "" when there is nothing to say.
 */
export function messageFor(view) {
  const { messages } = text;
  if (view.problem === "unknown") {
    return messages.unknown(view.id);
  }
  if (view.problem) {
    return messages[view.problem];
  }
  if (view.trouble && view.state !== "interrupted") {
    return view.source === "hls" && !view.played ? messages.starting : messages.video;
  }
  if (view.notice) {
    return messages[view.notice];
  }
  if (view.offer === "live") {
    return messages.liveAgain;
  }
  if (view.offer === "newest") {
    return messages.newer;
  }
  return sourceMessage(view, messages);
}

function sourceMessage({ source, state, ended, soundOnly }, messages) {
  const quiet = soundOnly ? messages.soundOnly : "";
  if (source === "none") {
    return { loading: messages.loading, processing: messages.preparing }[state] || messages.waiting;
  }
  if (source === "hls") {
    return state === "interrupted" ? messages.interrupted : quiet;
  }
  if (source === "dvr") {
    return state === "replay" ? messages.dvrReady : messages.dvr;
  }
  return ended ? messages.ended : quiet;
}

/** What viewers notice of the streamer's settings, by the stream's state while it is watched live; "" if nothing. */
export function adviceFor(source, state) {
  const told = (source === "hls" && state && state.ingest && state.ingest.advice) || [];
  const noticed = told.find(({ level }) => level === "warn");
  return noticed ? noticed.text : "";
}

/** The word beside the title. */
export function badgeFor({ problem, source, state }) {
  const { badges } = text;
  if (state === "loading" || FINAL.includes(problem) || problem === "unknown") {
    return badges.loading;
  }
  return source === "hls" && state === "interrupted" ? badges.interrupted : badges[source];
}
