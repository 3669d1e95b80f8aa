// What the page with several views says in each situation. Pure functions.

import { text } from "./text.js";

/**
 * Why a view shows nothing, or not the present moment: {problem, state: its stream's or null, recorded: whether it has
 * anything to show of what is watched, begun: whether the page has, due: whether there are pictures of this moment,
 * kind: of what plays, opening, awaited: its pictures may still come, failing}.
 */
export function reasonFor({ problem, state, recorded, begun, due, kind, opening, awaited, failing }) {
  const words = text.views;
  if (problem === "unknown") {
    return words.unknown;
  }
  if (state === "offline" && !recorded) {
    return words.offline;
  }
  if (state === null || !begun) {
    return words.loading;
  }
  if (due) {
    return failing ? words.trouble : words.late;
  }
  if (kind === "hls" && state === "interrupted") {
    return words.interrupted;
  }
  if (opening) {
    return words.loading;
  }
  return awaited ? words.late : words.none;
}

/** The word beside the title: `kinds` of what plays; `waiting`: nothing has been recorded yet. */
export function badgeFor(kinds, waiting) {
  const different = kinds.filter((kind, i) => kind !== "none" && kinds.indexOf(kind) === i);
  if (different.length === 0) {
    return waiting ? text.badges.none : "";
  }
  return different.length > 1 ? text.views.mixed : text.badges[different[0]];
}

/**
 * What is said below the pictures: {problem, name: what the link calls the match, login: whether somebody has to log in
 * again, aligning, notice: what was just done or null, waiting: nothing has been recorded yet}.
 */
export function messageFor({ problem, name, login, aligning, notice, waiting }) {
  const { messages } = text;
  if (problem) {
    return problem === "unknownMatch" ? messages.unknownMatch(name) : messages[problem];
  }
  if (login) {
    return messages.login;
  }
  if (aligning) {
    return text.views.aligning;
  }
  return notice || (waiting ? messages.noViews : "");
}
