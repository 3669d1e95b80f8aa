// The list of markers and rounds: filtered, jumped to, taken along.

import { copyWords } from "./copy.js";
import { make, makeButton } from "./dom.js";
import { keepList } from "./keep-list.js";
import { setUpFilter } from "./review-filter.js";
import { asCsv, asJson, asText } from "./review-export.js";
import { filterNotes } from "./review-notes.js";
import { saveFile } from "./review-picture.js";
import { roundAt } from "./review-rounds.js";
import { dayClock, fileName, hueOf } from "./review-times.js";
import { words } from "./review-words.js";

// A moment that is at most so far ahead, in ms, counts as reached.
const REACHED_MS = 250;

/** The last of some notes in order of time that a moment has reached; null before the first. */
export function reached(notes, at) {
  return notes.filter((note) => note.wall <= at + REACHED_MS).pop() || null;
}

/** The list’s own places for words and buttons; `act` has go, link and remove, each called with the note’s ID. */
function makeItem(act) {
  let id = "";
  const clock = make("span", { class: "clock" });
  const said = make("span", { class: "said" });
  const tag = make("span", { class: "tag" });
  const by = make("span", { class: "by" });
  const go = make("button", { type: "button", class: "go", on: { click: () => act.go(id) } });
  // The spaces are for who hears it: a grid shows none.
  go.append(clock, " ", said, " ", tag, " ", by);
  const link = makeButton(words.link, () => act.link(id), { class: "plain" });
  const remove = makeButton(words.remove, () => act.remove(id), { class: "plain" });
  const element = make("li", {}, go, make("span", { class: "acts" }, link, remove));
  return {
    element,
    change(view) {
      ({ id } = view);
      element.className = view.kind;
      element.style.setProperty("--hue", String(view.hue));
      clock.textContent = view.clock;
      said.textContent = view.said;
      tag.textContent = view.tag;
      by.textContent = view.by;
      link.setAttribute("aria-label", words.linkOf(view.clock));
      remove.setAttribute("aria-label", words.removeOf(`${view.clock} ${view.said}`));
      remove.hidden = !view.own;
    },
  };
}

/** Makes the list; `say(words)` tells what has been done. Returns {element, render(), tick()}. */
export function setUpNoteList(review, say) {
  const { timeline, who } = review;
  const known = new Map();
  const list = make("ol", { class: "notes", tabindex: "-1" });
  const empty = make("p", { class: "empty" });
  // A list taken along has lines.
  const field = make("textarea", { rows: "2", readonly: true, hidden: true, "aria-label": words.linkField });
  const filter = setUpFilter(timeline, render);
  let shown = [];

  const find = (id) => review.view.notes.find((note) => note.id === id);
  const several = () => timeline.views().length > 1 || new Set(review.view.notes.map(({ view }) => view)).size > 1;

  function wordsOf(note, rounds) {
    if (note.kind === "round") {
      const round = rounds.find(({ id }) => id === note.id);
      return { clock: round ? round.name : "", said: dayClock(note.wall) };
    }
    return { clock: review.clock(note.wall), said: note.text || words.unnamed };
  }

  function viewOf(note, rounds, isSeveral) {
    const { id, kind, author, tag = "" } = note;
    return {
      key: id,
      id,
      kind,
      ...wordsOf(note, rounds),
      tag: tag && `#${tag}`,
      by: words.by(author, isSeveral && kind === "marker" ? timeline.title(note.view) : ""),
      own: who.write && author === who.name,
      hue: hueOf(author),
    };
  }

  async function copyLink(id) {
    const note = find(id);
    const clock = review.clock(note.wall);
    if (await copyWords(review.linkTo(note.view, Date.parse(note.time)), field)) {
      say(words.linkCopied(clock));
    }
  }

  const act = {
    go(id) {
      const note = find(id);
      timeline.seek(Date.parse(note.time), note.view);
      known.forEach(({ element: item }, one) => item.toggleAttribute("data-chosen", one === id));
    },
    link: copyLink,
    remove: (id) => review.remove(id),
  };

  /** What is taken along is what is shown, and the rounds that its clock is reckoned by. */
  function rows() {
    return shown.map((note) => ({
      note,
      clock: review.clock(note.wall).replace(/ 0:00$/, note.kind === "round" ? "" : " 0:00"),
      link: review.linkTo(note.view, Date.parse(note.time)),
    }));
  }

  function heading() {
    const [first] = shown;
    const date = new Date(first ? first.wall : timeline.now() || Date.now()).toLocaleDateString(undefined, {
      dateStyle: "medium",
    });
    return words.markersOf(timeline.title(timeline.view()), date);
  }

  async function copyText() {
    if (await copyWords(asText(heading(), rows()), field)) {
      say(words.textCopied(shown.filter(({ kind }) => kind === "marker").length));
    }
  }

  function save(ending, type, content) {
    const from = shown.length > 0 ? shown[0].wall : Date.now();
    saveFile(new window.Blob([content], { type }), fileName(timeline.title(timeline.view()), from, ending));
  }

  const exports = make(
    "div",
    { class: "exports", role: "group", "aria-label": words.export },
    makeButton(words.copyText, copyText),
    makeButton(words.json, () => save("json", "application/json", asJson(heading(), rows()))),
    makeButton(words.csv, () => save("csv", "text/csv", asCsv(rows()))),
  );

  function render() {
    const { notes, rounds } = review.view;
    filter.offer(notes);
    shown = filterNotes(notes, filter.value());
    const isSeveral = several();
    keepList(list, shown.map((note) => viewOf(note, rounds, isSeveral)), known, () => makeItem(act));
    empty.textContent = notes.length > 0 ? words.noneFound : who.write ? words.noNotesWrite : words.noNotes;
    empty.hidden = shown.length > 0;
    exports.hidden = shown.length === 0;
    filter.element.hidden = notes.length === 0;
    tick();
  }

  /** Shows which markers are around what is on screen. */
  function tick() {
    const now = timeline.now();
    const marker = now === null ? null : reached(shown.filter(({ kind }) => kind === "marker"), now);
    const round = now === null ? null : roundAt(review.view.rounds, now + REACHED_MS);
    known.forEach(({ element }, id) => {
      const current = (marker !== null && marker.id === id) || (round !== null && round.id === id);
      if (!current) {
        element.removeAttribute("aria-current");
      } else if (!element.hasAttribute("aria-current")) {
        element.setAttribute("aria-current", "true");
      }
    });
  }

  const element = make("section", {}, filter.element, list, empty, field, exports);
  return { element, render, tick };
}
