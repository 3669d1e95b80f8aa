// Choosing a clip: where it begins and ends, how long and how large it is, what it is called.

import { make, makeButton } from "./dom.js";
import { clipNote, LONGEST } from "./review-notes.js";
import { beginAt, endAt, lackOf, lengthOf, NO_CLIP, sizeOf, uploadOf } from "./review-clip.js";
import { createStrip } from "./review-strip.js";
import { bytesWords, lengthWords } from "./review-times.js";
import { words } from "./review-words.js";

/** What is said of a clip’s size: its length, about how large it is, and what takes a file of that size. */
export function sizeWords(clip, rates) {
  const length = lengthOf(clip);
  if (length === null) {
    return "";
  }
  const size = sizeOf(clip, rates);
  const upload = size === null ? null : uploadOf(clip, rates);
  const total = size === null ? "" : words.about(bytesWords(size));
  return [
    [lengthWords(length), rates.length > 1 && total ? words.each(total) : total].filter(Boolean).join(", "),
    upload && (upload.fits === "chat" ? words.fits.chat : words.fits[upload.fits || "none"](upload.seconds)),
  ]
    .filter(Boolean)
    .join(". ");
}

/** Makes it; returns {open(), begin(), end(), cut()}. */
export function setUpClipBar(review) {
  const { timeline } = review;
  let clip = NO_CLIP;
  let view = null;

  const span = make("span", { class: "clock" });
  const facts = make("p", { class: "facts", role: "status", "aria-live": "polite" });
  const title = make("input", {
    type: "text",
    maxlength: String(LONGEST.title),
    placeholder: words.clipTitle,
    "aria-label": words.clipTitle,
    autocomplete: "off",
  });
  const which = make("select", { "aria-label": words.clipViews, on: { change: show } });
  const look = makeButton(words.clipLook, () => clip.from !== null && timeline.seek(clip.from, view));
  const form = make(
    "form",
    { class: "row" },
    span,
    title,
    which,
    make("button", { type: "submit", class: "main", text: words.clipCut }),
    makeButton(words.cancel, cancel, { class: "plain" }),
  );
  const marks = make(
    "div",
    { class: "row" },
    makeButton(words.clipBegin, () => begin()),
    makeButton(words.clipEnd, () => end()),
    look,
    facts,
  );
  const strip = createStrip(timeline, words.clipBar, form, marks);
  const shade = make("span", { class: "shade", hidden: true });
  review.marks.prepend(shade);

  const views = () => (which.value === "all" ? [view, ...timeline.views().filter((id) => id !== view)] : [view]);
  const clockAt = (wall) => (wall === null ? "…" : review.clock(timeline.common(wall, view)));

  function offerViews() {
    const count = timeline.views().length;
    const chosen = which.value;
    which.textContent = "";
    which.append(make("option", { value: "one", text: words.thisView }));
    if (count > 1) {
      which.append(make("option", { value: "all", text: words.allViews(count) }));
      which.value = chosen || "one";
    }
    which.hidden = count < 2;
  }

  function showShade() {
    const [from, to] = [clip.from, clip.to].map((wall) => (wall === null ? null : timeline.place(wall, view)));
    const start = from === null ? to : from;
    shade.hidden = start === null;
    if (start !== null) {
      shade.style.left = `${start * 100}%`;
      shade.style.width = `${Math.max(0, (to === null ? start : to) - start) * 100}%`;
    }
  }

  function show() {
    const lack = lackOf(clip);
    span.textContent = words.clipSpan(clockAt(clip.from), clockAt(clip.to));
    facts.textContent = lack ? words.clipLack[lack] : sizeWords(clip, views().map(review.rates.rate));
    look.disabled = clip.from === null;
    showShade();
  }

  /** A beginning and an end are of one view: another one begins anew. */
  async function take(choose, told) {
    const moment = await review.moment();
    if (!moment) {
      return;
    }
    clip = choose(view === moment.view ? clip : NO_CLIP, moment.wall);
    ({ view } = moment);
    offerViews();
    strip.open();
    show();
    review.hint(told());
  }

  const begin = () => take(beginAt, () => words.clipFrom(clockAt(clip.from)));

  const end = () =>
    take(endAt, () => {
      const size = sizeOf(clip, views().map(review.rates.rate));
      return lackOf(clip)
        ? words.clipTo(clockAt(clip.to))
        : words.clipChosen(lengthWords(lengthOf(clip)), size === null ? "" : words.about(bytesWords(size)));
    });

  function cancel() {
    clip = NO_CLIP;
    title.value = "";
    showShade();
    strip.close();
  }

  /** Cuts what is chosen; says what it lacks otherwise. */
  async function cut() {
    const lack = lackOf(clip);
    if (lack) {
      review.hint(words.clipLack[lack]);
      return;
    }
    const name = title.value.trim() || `${timeline.title(view)} ${clockAt(clip.from)}`;
    const note = clipNote({ views: views(), ...clip, title: name });
    cancel();
    const { ok } = await review.write(note);
    if (ok) {
      review.hint(words.clipOrdered);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    cut();
  });
  timeline.onChange(showShade);

  return {
    open() {
      if (strip.isOpen()) {
        cancel();
      } else if (clip.from === null && clip.to === null) {
        begin();
      } else {
        strip.open();
        show();
      }
    },
    begin,
    end,
    cut,
  };
}
