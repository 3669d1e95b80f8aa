// Writing a marker: a line over the picture, or below it where there is no room.

import { make, makeButton } from "./dom.js";
import { LONGEST, markerNote, roundNote } from "./review-notes.js";
import { createStrip } from "./review-strip.js";
import { words } from "./review-words.js";

const CHIPS = 5;

/** The tags that are offered: the ones in use, the most frequent first, then the usual ones. */
export function tagsOffered(notes) {
  const counts = new Map();
  notes.forEach(({ tag }) => tag && counts.set(tag, (counts.get(tag) || 0) + 1));
  const used = [...counts].sort((one, other) => other[1] - one[1]).map(([tag]) => tag);
  return [...new Set([...used, ...words.tags])].slice(0, CHIPS);
}

/** Makes it; returns {open(), round()}: a new marker, or “0:00 is here”, at the moment that is on screen. */
export function setUpComposer(review) {
  const { timeline } = review;
  let moment = null;

  const clock = make("span", { class: "clock" });
  const field = make("input", {
    type: "text",
    maxlength: String(LONGEST.text),
    placeholder: words.composeField,
    "aria-label": words.composeField,
    autocomplete: "off",
    enterkeyhint: "send",
  });
  const chips = make("div", { class: "chips" });
  const form = make(
    "form",
    { class: "row" },
    clock,
    field,
    make("button", { type: "submit", class: "main", text: words.save }),
    makeButton(words.round, () => finish(writeRound)),
    makeButton(words.cancel, () => strip.close(), { class: "plain" }),
  );
  const strip = createStrip(timeline, words.compose, form, chips);

  function chip(tag) {
    return makeButton(`#${tag}`, () => {
      field.value = `${field.value.replace(/(^|\s)#[^\s#]*/g, "").trim()} #${tag}`.trimStart();
      field.focus();
    });
  }

  async function writeMarker({ wall, view }, said) {
    const clockThere = review.clock(timeline.common(wall, view));
    if (await review.add(markerNote({ view, wall, words: said }))) {
      review.hint(words.marked(clockThere));
    }
  }

  async function writeRound({ wall, view }, said) {
    if (await review.add(roundNote({ view, wall, words: said }))) {
      review.hint(words.roundHere(review.clock(timeline.common(wall, view)).replace(/ 0:00$/, "")));
    }
  }

  async function finish(write) {
    const said = field.value;
    strip.close();
    write(await moment, said);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    finish(writeMarker);
  });

  return {
    open() {
      // At once, so that the next key is a letter already.
      moment = review.moment();
      if (timeline.now() !== null) {
        field.value = "";
        clock.textContent = review.clockNow();
        chips.textContent = "";
        chips.append(...tagsOffered(review.view.notes).map(chip));
        strip.open();
        field.focus();
      }
    },
    async round() {
      const found = await review.moment();
      if (found) {
        writeRound(found, "");
      }
    },
  };
}
