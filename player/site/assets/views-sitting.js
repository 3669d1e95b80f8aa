// What belongs together: the recordings of several streams that one looks at side by side. Pure.
//
// An item is {id, target, from, to}: one recording of a stream, live or finished, with its time on the clock that all
// views share, in ms; `to` is Infinity while it grows. `from` and `to` include the view's alignment.

import { replayTarget, targetOf } from "./choice.js";
import { replaySpans } from "./clock.js";

/** A match by its own name, or by its group’s: then the newest one. Null if there is none. */
export function findMatch(matches, name) {
  const newestFirst = [...matches].sort((one, other) => Date.parse(other.started) - Date.parse(one.started));
  return newestFirst.find(({ id }) => id === name) || newestFirst.find(({ group }) => group === name) || null;
}

/** The streams of a match, or of a group that has none yet, in the order in which the server lists its streams. */
export function streamsOf({ streams, matches }, name) {
  const match = findMatch(matches, name);
  const members = match ? match.sessions.map(({ id }) => id) : [];
  const wanted = (stream) => (match ? members.includes(stream.id) : stream.group === name);
  const listed = streams.filter(wanted).map(({ id }) => id);
  return [...listed, ...members.filter((id, i) => !listed.includes(id) && members.indexOf(id) === i)];
}

/** The time [from, to] of a match in ms; `to` is Infinity while one of its sessions goes on. Null for no match. */
export function matchRange(match) {
  if (!match) {
    return null;
  }
  const ends = match.sessions.map(({ ended }) => (ended === null ? Infinity : Date.parse(ended)));
  return [Date.parse(match.started), Math.max(...ends)];
}

/** The replays of a stream in a match that its own document does not list any more, from the index; without clocks. */
export function olderReplays({ replays }, match, id, listed) {
  const sessions = match ? match.sessions.filter((session) => session.id === id && !listed.includes(session.file)) : [];
  const found = sessions.map((session) => {
    const replay = replays.find(({ file }) => file === session.file);
    return replay && { ...replay, alignment_ms: session.alignment_ms };
  });
  return found.filter(Boolean);
}

/** By how much a target of a stream's state is moved on the clock of the match, in ms. */
export function alignmentOf(state, { replay }) {
  const session = replay || (state && state.live) || {};
  return session.alignment_ms || 0;
}

/** A stream's items: `older` are replays that its document does not list, `moved(target)` is its alignment in ms. */
export function itemsOf(state, { older = [], moved = () => 0 } = {}) {
  const { id, live, replays } = state;
  const now = live ? targetOf(state) : null;
  const own = now && now.kind !== "mp4" ? [liveItem(id, now, state, moved(now))] : [];
  const known = replays.map(({ file }) => file);
  const all = replays.concat(older.filter(({ file }) => !known.includes(file)));
  return [...own, ...all.map((replay) => replayItem(id, replayTarget(replay), moved(replayTarget(replay))))];
}

function liveItem(id, target, { updated }, by) {
  const to = target.kind === "hls" ? Infinity : Date.parse(updated);
  return { id, target, from: Date.parse(target.started) + by, to: to + by };
}

function replayItem(id, target, by) {
  const spans = replaySpans(target.replay);
  return { id, target, from: spans[0][0] + by, to: spans[spans.length - 1][1] + by };
}

const overlap = (one, other) => one.from < other.to && other.from < one.to;

/**
 * The time {from, to} in ms of what overlaps: of the item that holds `wall`, or, for null, of what is live, else of the
 * newest; widened by all that overlap it. Null where there are no items.
 */
export function sittingRange(items, wall = null) {
  const distance = ({ from, to }) => Math.max(from - wall, wall - to, 0);
  const order = wall === null
    ? (one, other) => other.to - one.to || other.from - one.from
    : (one, other) => distance(one) - distance(other);
  const [first] = [...items].sort((one, other) => order(one, other) || 0);
  if (!first) {
    return null;
  }
  let found = { from: first.from, to: first.to };
  for (;;) {
    const wider = items.filter((item) => overlap(item, found));
    const next = { from: Math.min(...wider.map(({ from }) => from)), to: Math.max(...wider.map(({ to }) => to)) };
    if (wider.length === 0 || (next.from === found.from && next.to === found.to)) {
      return found;
    }
    found = next;
  }
}

/** The items that overlap a time {from, to}. */
export function within(items, range) {
  return range === null ? [] : items.filter((item) => overlap(item, range));
}

/** The item that shows a time in ms, or the nearest; what is shown now is left only for a better one. Null for none. */
export function itemAt(items, wall, shown = null) {
  const distance = ({ from, to }) => Math.max(from - wall, wall - to, 0);
  const same = ({ target }) => shown !== null && target.url === shown.url;
  const rank = (item) => distance(item) - (same(item) ? 1 : 0);
  return [...items].sort((one, other) => rank(one) - rank(other))[0] || null;
}
