// The home page: what is live now, then matches and replays, which can be searched.

import { cardsOf, choicesOf, liveSessions } from "./home-model.js";
import { makeCard } from "./home-cards.js";
import { setUpClips } from "./home-clips.js";
import { haystack, matcher } from "./home-filter.js";
import { watchFilter } from "./home-form.js";
import { cardView } from "./home-views.js";
import { daysBetween, makeFormats, searchDates } from "./home-words.js";
import { keepList } from "./keep-list.js";
import { fillWords, say } from "./page.js";
import { watchDocument } from "./poll.js";
import { text } from "./text.js";

const POLL_MS = 5000;
const HIDDEN_MS = 60000;

const ids = [
  "content",
  "count",
  "disk",
  "live-list",
  "live-list-empty",
  "log-in",
  "message",
  "news",
  "recorded-list",
  "recorded-list-empty",
  "show-all",
];
const page = Object.fromEntries(ids.map((id) => [id, document.getElementById(id)]));
const formats = makeFormats();
const lists = { live: { known: new Map(), cards: [] }, recorded: { known: new Map(), cards: [] } };
const hays = new Map();
let shown = null;

/** What a search looks at, of one card; worked out when it is first needed. */
function hayOf(card) {
  const parts = card.sessions.map(({ key, title, started }) => `${key} ${started} ${title}`).join("\n");
  const kept = hays.get(card.key);
  if (kept && kept.parts === parts) {
    return kept.hay;
  }
  const hay = haystack(card, (iso) => (iso ? searchDates(iso, formats) : []));
  hays.set(card.key, { parts, hay });
  return hay;
}

/** Hides the cards of a list that are not wanted; returns how many are left. */
function sift({ cards, known }, wanted) {
  return cards.filter((card) => {
    const { element } = known.get(card.key);
    element.hidden = !wanted(card);
    return !element.hidden;
  }).length;
}

function showFilter(filter) {
  const filtering = Object.values(filter).some((value) => value.trim());
  const wanted = matcher(filter, hayOf);
  const { live, recorded } = lists;
  const [liveFound, found] = [sift(live, wanted), sift(recorded, wanted)];
  const { nothingLive, nothingLiveFound, noReplays, nothingFound, count, countOf } = text.home;
  const all = recorded.cards.length;
  say(page["live-list-empty"], liveFound > 0 ? "" : live.cards.length > 0 ? nothingLiveFound : nothingLive);
  say(page["recorded-list-empty"], found > 0 ? "" : all > 0 ? nothingFound : noReplays);
  say(page.count, all === 0 ? "" : filtering ? countOf(found, all) : count(all));
  page["show-all"].hidden = !filtering;
  clips.sift(filter, filtering);
}

/** Tells who listens what has begun since the last look at the server. */
function announce(before, cards) {
  const known = new Set(liveSessions(before).map(({ id }) => id));
  const begun = liveSessions(cards).filter(({ id }) => !known.has(id)).map(({ title }) => title);
  say(page.news, begun.length > 0 ? text.home.isLive(begun) : "");
}

function showDisk(disk) {
  const refusing = Boolean(disk && disk.refusing);
  page.disk.hidden = !refusing;
  say(page.disk, refusing ? text.home.refusing(disk.message) : "");
}

function showDocument(index, now) {
  const cards = cardsOf(index);
  if (shown) {
    announce(lists.live.cards, cards.live);
  }
  Object.entries(lists).forEach(([name, list]) => {
    list.cards = cards[name];
    keepList(page[`${name}-list`], list.cards.map((card) => cardView(card, now, formats)), list.known, makeCard);
  });
  clips.show(index.clips || [], choicesOf(index).streams, now);
  showDisk(index.disk);
  form.offer(choicesOf(index));
  page.content.hidden = false;
  document.body.classList.remove("loading");
}

function onDocument(index) {
  const now = Date.now();
  say(page.message, "");
  page["log-in"].hidden = true;
  // "updated" changes with anything that the index says; the words for its days change at midnight.
  if (!shown || shown.updated !== index.updated || daysBetween(shown.now, now) !== 0) {
    showDocument(index, now);
    shown = { updated: index.updated, now };
    showFilter(form.filter());
  }
}

fillWords();
const form = watchFilter(showFilter);
const clips = setUpClips(formats);
document.getElementById("content").addEventListener("click", (event) => {
  const chip = event.target.closest(".chip");
  if (chip && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    form.choose(chip.dataset.label);
  }
});
say(page.message, text.messages.loading);
watchDocument("/streams/index.json", {
  delay: () => (document.hidden ? HIDDEN_MS : POLL_MS),
  onDocument,
  onProblem(problem) {
    say(page.message, text.messages[problem === "login" ? "login" : "connection"]);
    // What is searched now; with a fragment the browser would stay on the page.
    page["log-in"].href = window.location.pathname + window.location.search;
    page["log-in"].hidden = problem !== "login";
  },
});
