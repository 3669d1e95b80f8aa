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

/** What a card says: {key, kind, title, href, started, when, label, sessions: [what each says]}; a match has a link. */
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
    sessions: sessions.map((session) => sessionView(session, now, formats)),
  };
}
