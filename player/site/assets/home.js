// The home page: what is live now, and the replays.

import { clockText, dateText, timeText } from "./format.js";
import { playerLink } from "./link.js";
import { fillWords, say } from "./page.js";
import { watchDocument } from "./poll.js";
import { text } from "./text.js";

const POLL_MS = 5000;
const HIDDEN_MS = 60000;

const message = document.getElementById("message");
let shown = "";

function row(href, title, details) {
  const item = document.createElement("li");
  const anchor = document.createElement("a");
  const name = document.createElement("strong");
  const small = document.createElement("span");
  anchor.href = href;
  name.textContent = title;
  small.textContent = details;
  anchor.append(name, small);
  item.append(anchor);
  return item;
}

function fill(id, rows, emptyText) {
  const list = document.getElementById(id);
  while (list.firstChild) {
    list.firstChild.remove();
  }
  list.append(...rows);
  document.getElementById(`${id}-empty`).textContent = rows.length > 0 ? "" : emptyText;
}

function liveRow({ id, title, live }) {
  return row(playerLink(id), title || id, text.startedAt(timeText(live.started)));
}

function replayRow({ id, title, replay }) {
  const details = `${dateText(replay.started)} · ${text.home.length(clockText(replay.duration))}`;
  return row(replay.url, title || id, details);
}

function onDocument({ streams }) {
  say(message, "");
  // The list is left alone while it stays the same: whoever tabs through it keeps the place.
  const now = JSON.stringify(streams);
  if (now === shown) {
    return;
  }
  shown = now;
  const live = streams.filter((stream) => stream.live && stream.state !== "processing");
  const replays = streams
    .flatMap(({ id, title, replays: own }) => own.map((replay) => ({ id, title, replay })))
    .sort((one, other) => Date.parse(other.replay.started) - Date.parse(one.replay.started));
  fill("live-list", live.map(liveRow), text.home.nothingLive);
  fill("replay-list", replays.map(replayRow), text.home.noReplays);
}

fillWords();
document.getElementById("log-in").href = window.location.pathname;
watchDocument("/streams/index.json", {
  delay: () => (document.hidden ? HIDDEN_MS : POLL_MS),
  onDocument,
  onProblem(problem) {
    say(message, text.messages[problem === "login" ? "login" : "connection"]);
    document.getElementById("log-in").hidden = problem !== "login";
  },
});
