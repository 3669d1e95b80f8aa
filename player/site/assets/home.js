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

function liveRow({ id, title, started }) {
  return row(playerLink(id), title || id, text.startedAt(timeText(started)));
}

function replayRow({ id, title, url, started, duration }) {
  return row(url, title || id, `${dateText(started)} · ${text.home.length(clockText(duration))}`);
}

function onDocument({ streams, replays }) {
  say(message, "");
  // The lists are left alone while they stay the same: whoever tabs through them keeps the place.
  const now = JSON.stringify([streams, replays]);
  if (now === shown) {
    return;
  }
  shown = now;
  const live = streams.filter(({ state }) => state === "live" || state === "interrupted");
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
