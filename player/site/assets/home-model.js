// What the home page lists, from the server's index. Pure.
//
// A card is {key, kind, title, group, started, match, labels, sessions}. Its kind is "live", "ending" (over, and its
// replay is being prepared), "replay" or "match". A session is {key, id, title, state, started, href, poster, replay}.
// Its state is "live", "interrupted", "processing" or "replay"; `replay` is its entry in the index, null while there is
// none. Labels are what the team noted of it: [[name, value], …], their names those of LABELS.

import { playerLink } from "./link.js";

const LIVE = ["live", "interrupted"];
/** By what a recording can be found besides its title, in the order in which it is said. */
export const LABELS = ["opponent", "map", "result", "patch", "tag"];

/** The labels {opponent, …, tags} of an entry of the index, as a list. */
export function labelsOf({ labels }) {
  const { tags = [], ...single } = labels || {};
  const own = LABELS.filter((name) => single[name]).map((name) => [name, String(single[name])]);
  return [...own, ...tags.map((tag) => ["tag", String(tag)])];
}

/** The link to one particular replay. */
export function replayLink({ id, file }) {
  return `${playerLink(id)}&rec=${encodeURIComponent(file)}`;
}

function replaySession(replay) {
  return {
    key: replay.file,
    id: replay.id,
    title: replay.title || replay.id,
    state: "replay",
    started: replay.started,
    href: replayLink(replay),
    poster: replay.poster || null,
    replay,
  };
}

function streamSession(stream, posters) {
  return {
    key: stream.id,
    id: stream.id,
    title: stream.title || stream.id,
    state: stream.state,
    started: stream.started,
    href: playerLink(stream.id),
    poster: posters.get(stream.id) || null,
    replay: null,
  };
}

function card(kind, key, group, sessions, entry = {}) {
  const [{ title, started }] = sessions;
  const labels = labelsOf(entry);
  return { key: `${kind}:${key}`, kind, title, group: group || "", started, match: "", labels, sessions };
}

/** A match's session by the replay that it became, or by its stream while it goes on or is being prepared. */
function matchSession({ id, file, started, ended }, { files, streams, posters }) {
  if (files.has(file)) {
    return replaySession(files.get(file));
  }
  const known = streams.get(id) || { id, title: id };
  const state = ended === null && LIVE.includes(known.state) ? known.state : "processing";
  return streamSession({ ...known, state, started }, posters);
}

function matchCard(match, lookup) {
  const sessions = match.sessions.map((session) => ({ ...matchSession(session, lookup), key: session.file }));
  const { id, group, started } = match;
  return { ...card("match", id, group, sessions, match), title: group, started, match: id };
}

/** The poster of each stream's newest replay that has one, by stream id. */
function newestPosters(replays) {
  const found = new Map();
  replays.forEach(({ id, poster }) => poster && !found.has(id) && found.set(id, poster));
  return found;
}

const isLive = ({ state }) => LIVE.includes(state);

/** The sessions among the cards that are live. */
export function liveSessions(cards) {
  return [].concat(...cards.map(({ sessions }) => sessions.filter(isLive)));
}

/** The index as {live, recorded}: two lists of cards, the newest first. What is in a match is in its card alone. */
export function cardsOf({ streams, matches, replays }) {
  const posters = newestPosters(replays);
  const files = new Map(replays.map((replay) => [replay.file, replay]));
  const lookup = { posters, files, streams: new Map(streams.map((stream) => [stream.id, stream])) };
  const matchCards = matches.map((match) => matchCard(match, lookup));
  const matched = [].concat(...matchCards.map(({ sessions }) => sessions));
  const matchedFiles = new Set(matched.map(({ key }) => key));
  const matchedStreams = new Set(matched.filter(({ replay }) => !replay).map(({ id, state }) => `${id} ${state}`));
  const alone = streams.filter(({ id, state }) => !matchedStreams.has(`${id} ${state}`));
  const ofStream = (kind) => (stream) => card(kind, stream.id, stream.group, [streamSession(stream, posters)]);
  const goesOn = ({ sessions }) => sessions.some(isLive);
  const newestFirst = (one, other) => Date.parse(other.started) - Date.parse(one.started);
  return {
    live: [...matchCards.filter(goesOn), ...alone.filter(isLive).map(ofStream("live"))].sort(newestFirst),
    recorded: [
      ...matchCards.filter((match) => !goesOn(match)),
      ...alone.filter(({ state }) => state === "processing").map(ofStream("ending")),
      ...replays
        .filter(({ file }) => !matchedFiles.has(file))
        .map((replay) => card("replay", replay.file, replay.group, [replaySession(replay)], replay)),
    ].sort(newestFirst),
  };
}

/** The values of one label in use, in alphabetical order. */
function valuesOf(name, entries) {
  const all = [].concat(...entries.map(labelsOf)).filter(([one]) => one === name);
  return [...new Set(all.map(([, value]) => value))].sort((one, other) => one.localeCompare(other));
}

/**
 * What can be filtered by, in alphabetical order: {streams: [[id, title], …], groups: [name, …], labels: [[name,
 * [value, …]], …]}, of the labels those that are in use.
 */
export function choicesOf({ streams, matches, replays }) {
  const titles = new Map();
  // The newest title of a stream that is declared no more.
  [...replays].reverse().forEach(({ id }) => titles.set(id, id));
  streams.forEach(({ id, title }) => titles.set(id, title || id));
  const groups = new Set([...streams, ...matches, ...replays].map(({ group }) => group).filter(Boolean));
  return {
    streams: [...titles].sort((one, other) => one[1].localeCompare(other[1])),
    groups: [...groups].sort((one, other) => one.localeCompare(other)),
    labels: LABELS.map((name) => [name, valuesOf(name, [...matches, ...replays])]).filter(([, values]) => values[0]),
  };
}
