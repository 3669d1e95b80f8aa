// What a card says, as plain values that are compared to find out what has changed. Pure.

import { clockText } from "./format.js";
import { downloadName, fateText, sinceText, sizeText, spokenLength, whenText } from "./home-words.js";
import { viewsLink } from "./link.js";
import { text } from "./text.js";

const MARKS = { live: text.home.now, interrupted: text.home.interrupted, processing: text.home.ended, replay: "" };

function recordedView(replay, when, now) {
  const { duration, size, url } = replay;
  return {
    length: clockText(duration),
    spoken: text.home.length(spokenLength(duration)),
    facts: fateText(replay, now),
    download: {
      url,
      name: downloadName(replay),
      words: text.home.download(sizeText(size)),
      label: text.home.downloadOf(replay.title || replay.id, when, sizeText(size)),
    },
  };
}

/**
 * What a session says: {key, state, title, href, poster, mark, started, when, length, spoken, facts, download}; the
 * last is null where there is nothing to download.
 */
export function sessionView(session, now, formats) {
  const { key, state, title, href, poster, started, replay } = session;
  const worded = replay || state === "processing" ? whenText : sinceText;
  const when = started ? worded(started, now, formats) : "";
  const view = { key, state, title, href, poster, mark: MARKS[state], started: started || "", when };
  if (replay) {
    return { ...view, ...recordedView(replay, when, now) };
  }
  const facts = state === "processing" ? text.home.preparing : "";
  return { ...view, length: "", spoken: "", facts, download: null };
}

/** What a card says of its labels: [{label: what to filter by, words, title}, …]. */
function chipsOf(labels) {
  const { labels: names, opponent, patch } = text.home;
  const worded = { opponent, patch, tag: (value) => `#${value}` };
  return labels.map(([name, value]) => ({
    label: `${name}:${value}`,
    words: worded[name] ? worded[name](value) : value,
    title: `${names[name]}: ${value}`,
  }));
}

/** What a card says: {key, kind, title, href (a match's), started, when, label, chips, sessions: [what each says]}. */
export function cardView(card, now, formats) {
  const { key, kind, title, started, sessions } = card;
  return {
    key,
    kind,
    title,
    started: started || "",
    when: started ? whenText(started, now, formats) : "",
    href: kind === "match" ? viewsLink({ match: card.match, ids: [] }) : "",
    label: kind === "match" ? text.home.match(sessions.length) : "",
    chips: chipsOf(card.labels),
    sessions: sessions.map((session) => sessionView(session, now, formats)),
  };
}
