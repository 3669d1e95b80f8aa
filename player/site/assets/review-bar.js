// Markers, rounds and clips on the time bar. For eyes and pointers: the list says the same to everybody else.

import { make } from "./dom.js";
import { keepList } from "./keep-list.js";
import { hueOf } from "./review-times.js";
import { words } from "./review-words.js";

function makeMark(go) {
  let shown = null;
  const bubble = make("span", { class: "bubble" });
  const element = make("button", { type: "button", tabindex: "-1", on: { click: () => go(shown) } }, bubble);
  return {
    element,
    change(view) {
      shown = view;
      element.className = `mark ${view.kind}`;
      element.style.setProperty("--hue", String(view.hue));
      element.style.left = `${(view.place * 100).toFixed(3)}%`;
      // The bubble stays within the bar.
      bubble.style.transform = `translateX(${(-view.place * 100).toFixed(1)}%)`;
      bubble.textContent = view.told;
    },
  };
}

/** Makes the layer; returns {tick()}, which follows a window that moves on. */
export function setUpBar(review) {
  const { timeline } = review;
  const known = new Map();
  const layer = make("div", { class: "layer" });
  review.marks.append(layer);

  function toldOf(note) {
    const clock = review.clock(note.wall);
    if (note.kind === "round") {
      return clock.replace(/ 0:00$/, "");
    }
    const said = [note.text || words.unnamed, note.tag && `#${note.tag}`].filter(Boolean).join(" ");
    return `${clock} · ${said} · ${note.author}`;
  }

  function render() {
    const views = review.view.notes
      .map((note) => ({ note, place: timeline.place(Date.parse(note.time), note.view) }))
      .filter(({ place }) => place !== null)
      .map(({ note, place }) => ({
        key: note.id,
        kind: note.kind,
        place: Math.round(place * 1e5) / 1e5,
        told: toldOf(note),
        hue: hueOf(note.author),
        wall: Date.parse(note.time),
        view: note.view,
      }));
    keepList(layer, views, known, () => makeMark(({ wall, view }) => timeline.seek(wall, view)));
  }

  review.onChange(render);
  render();
  return { tick: () => timeline.live() && render() };
}
