// The streamer's page: whether one is on air, what arrives, what to change, and the link to hand out.

import { copyWords } from "./copy.js";
import { make } from "./dom.js";
import { playerLink, readLink } from "./link.js";
import { fillWords, say } from "./page.js";
import { stateDelay, watchDocument } from "./poll.js";
import { viewOf } from "./studio-model.js";
import { words } from "./studio-words.js";
import { text } from "./text.js";

const INDEX_MS = 10000;

const ids = [
  "advice",
  "advice-part",
  "air",
  "badge",
  "content",
  "copied",
  "copy",
  "disk",
  "facts",
  "facts-part",
  "link",
  "link-field",
  "log-in",
  "message",
  "refused",
  "title",
  "trial",
];
const page = Object.fromEntries(ids.map((id) => [id, document.getElementById(id)]));
const shown = { advice: "", facts: "" };
let state = null;
let index = null;

/** Says something where there is something to say. */
function note(element, said) {
  element.hidden = said === "";
  say(element, said);
}

/** Makes a list anew, if it says something else than before: nothing is spoken or moved for nothing. */
function fill(name, items, makeItems) {
  const key = JSON.stringify(items);
  page[`${name}-part`].hidden = items.length === 0;
  if (shown[name] === key) {
    return;
  }
  shown[name] = key;
  while (page[name].firstChild) {
    page[name].firstChild.remove();
  }
  items.forEach((item) => page[name].append(...makeItems(item)));
}

function adviceItem({ level, text: said, setting }) {
  const mark = make("strong", { text: words.level[level] || "" });
  const [what, how] = [make("p", { text: said }), make("p", { class: "quiet", text: setting })];
  return [make("li", { "data-level": level }, mark, what, how)];
}

function show() {
  if (!state) {
    return;
  }
  const view = viewOf(state, index, Date.now());
  document.title = words.page(view.title);
  document.body.dataset.state = view.state;
  say(page.title, view.title);
  say(page.badge, view.badge);
  say(page.air, view.air);
  note(page.trial, view.trial);
  note(page.refused, view.refused);
  note(page.disk, view.disk);
  fill("advice", view.advice, adviceItem);
  fill("facts", view.facts, ([name, said]) => [make("dt", { text: name }), make("dd", { text: said })]);
  page.content.hidden = false;
}

function showProblem(problem, id) {
  const { login, connection, unknown } = text.messages;
  say(page.message, problem === "login" ? login : problem === "unknown" ? unknown(id) : connection);
  page["log-in"].href = window.location.pathname + window.location.search;
  page["log-in"].hidden = problem !== "login";
}

function begin(id) {
  const address = new URL(playerLink(id), window.location.href).href;
  page.link.href = address;
  say(page.link, address);
  page.copy.addEventListener("click", async () => {
    say(page.copied, text.messages[(await copyWords(address, page["link-field"])) ? "copied" : "copy"]);
  });
  say(page.message, text.messages.loading);
  watchDocument(`/streams/${id}.json`, {
    delay: ({ state: now }) => stateDelay(now, document.hidden),
    onDocument(found) {
      state = found;
      say(page.message, "");
      page["log-in"].hidden = true;
      show();
    },
    onProblem: (problem) => showProblem(problem, id),
  });
  watchDocument("/streams/index.json", {
    delay: () => (document.hidden ? 6 * INDEX_MS : INDEX_MS),
    onDocument(found) {
      index = found;
      show();
    },
    // What goes wrong with it goes wrong with the stream's own state as well, which says so.
    onProblem: () => undefined,
  });
}

fillWords();
document.querySelectorAll("[data-studio]").forEach((element) => say(element, words.parts[element.dataset.studio]));
page["link-field"].setAttribute("aria-label", words.linkField);
const asked = readLink(window.location.search);
if (asked.id) {
  begin(asked.id);
} else {
  say(page.message, text.messages[asked.problem || "missing"]);
}
