// What the match was: opponent, map, result, patch, tags; what the recording is called, and whether it is kept.

import { make } from "./dom.js";
import { isoTime, LABELS, labelNote, LONGEST, readTags } from "./review-notes.js";
import { words } from "./review-words.js";

const FIELDS = ["title", ...LABELS, "tags"];

function makeField(name) {
  const note = { title: words.titleNote, tags: words.tagsNote }[name];
  const most = { title: LONGEST.title, tags: LONGEST.tags * (LONGEST.tag + 2) }[name] || LONGEST.label;
  const input = make("input", { type: "text", name, maxlength: String(most), autocomplete: "off", placeholder: note });
  const label = make("label", {}, make("span", { text: words.labels[name] || words.title }), input);
  return { input, label };
}

/** What is known, in the words of the form. */
function wordsOf({ title, labels }) {
  const values = LABELS.map((name) => [name, labels[name] || ""]);
  return { title: title || "", ...Object.fromEntries(values), tags: (labels.tags || []).join(", ") };
}

function makeForm(review, say) {
  const { timeline } = review;
  const fields = Object.fromEntries(FIELDS.map((name) => [name, makeField(name)]));
  const pin = make("input", { type: "checkbox", name: "pinned" });
  const form = make(
    "form",
    { class: "match-form" },
    ...FIELDS.map((name) => fields[name].label),
    make("label", { class: "pin" }, pin, make("span", { text: words.pin })),
    make("button", { type: "submit", class: "main", text: words.saveMatch }),
  );
  let before = { title: null, labels: {}, pinned: false };
  let touched = false;

  function notesOf(view, wall) {
    const values = Object.fromEntries(FIELDS.map((name) => [name, fields[name].input.value.trim()]));
    const after = { ...values, tags: readTags(values.tags) };
    const time = isoTime(wall);
    return [
      labelNote({ view, wall, before: before.labels, after }),
      after.title !== (before.title || "") ? { kind: "title", view, time, title: after.title } : null,
      pin.checked !== before.pinned ? { kind: "pin", view, time, pinned: pin.checked } : null,
    ].filter(Boolean);
  }

  async function save() {
    const wall = timeline.now();
    const notes = wall === null ? [] : notesOf(timeline.view(), wall);
    if (notes.length === 0) {
      say(words.unchanged);
      return;
    }
    const answers = await Promise.all(notes.map((note) => review.write(note)));
    const failed = answers.find(({ ok }) => !ok);
    touched = Boolean(failed);
    say(failed ? words.problems[failed.problem] : words.saved);
  }

  form.addEventListener("input", () => (touched = true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  return {
    element: form,
    /** What others change does not disturb who is writing. */
    show(known) {
      if (!touched && JSON.stringify(known) !== JSON.stringify(before)) {
        before = known;
        const told = wordsOf(known);
        FIELDS.forEach((name) => {
          fields[name].input.value = told[name];
        });
        pin.checked = known.pinned;
      }
    },
  };
}

function makeReading() {
  const list = make("dl", {});
  const pinned = make("p", { text: words.pinned, hidden: true });
  const empty = make("p", { class: "empty", text: words.matchNone });
  return {
    element: make("div", {}, list, pinned, empty),
    show(known) {
      const told = wordsOf(known);
      const rows = FIELDS.filter((name) => told[name]);
      list.textContent = "";
      rows.forEach((name) => {
        const term = make("dt", { text: words.labels[name] || words.title });
        list.append(make("div", {}, term, make("dd", { text: told[name] })));
      });
      pinned.hidden = !known.pinned;
      empty.hidden = rows.length > 0 || known.pinned;
    },
  };
}

/** Makes it; `say(words)` tells what has been done. Returns {element, render()}. */
export function setUpMatch(review, say) {
  const part = review.who.write ? makeForm(review, say) : makeReading();
  return {
    element: make("section", {}, part.element),
    render() {
      const { title, labels, pinned } = review.view;
      part.show({ title, labels, pinned });
    },
  };
}
