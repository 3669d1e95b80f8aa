// The time bar: one row for each stream, with its name; where it has no pictures there is a gap.

import { make } from "./dom.js";
import { clockText, secondText } from "./format.js";
import { text } from "./text.js";
import { icon } from "./views-dom.js";
import { piecesOf, placeOf, timeAt } from "./views-rows.js";

// More rows than this are lower.
const MANY = 6;

const percent = (part) => `${(part * 100).toFixed(3)}%`;

function showPieces(track, pieces) {
  while (track.children.length > pieces.length) {
    track.lastElementChild.remove();
  }
  while (track.children.length < pieces.length) {
    track.append(make("i"));
  }
  pieces.forEach(({ left, width }, i) => {
    Object.assign(track.children[i].style, { left: percent(left), width: percent(width) });
  });
}

function makeRow({ id, number }, { onFocus, onHear }) {
  const name = make("button", { type: "button", class: "row-name" });
  const ear = make("button", { type: "button", class: "row-ear" }, icon("sound"));
  const title = make("span");
  name.append(make("kbd", { text: String(number) }), " ", title);
  name.addEventListener("click", () => onFocus(id));
  ear.addEventListener("click", () => onHear(id));
  const track = make("div", { class: "track" });
  return { id, head: make("div", { class: "row-head" }, name, ear), track, name, ear, title };
}

/**
 * Makes the bar: onFocus(id) and onHear(id) for its names, onScrub(time) while it is dragged, onRelease() afterwards.
 * Returns {element, over: an element exactly over the track, setViews(views), show({…})}. Its keys are the page's.
 */
export function makeBar({ onFocus, onHear, onScrub, onRelease }) {
  const heads = make("div", { class: "names", role: "group", "aria-label": text.views.streams });
  const tracks = make("div", { class: "tracks", "aria-hidden": "true" });
  const loop = make("div", { class: "loop", hidden: true });
  const head = make("div", { class: "head" });
  const tip = make("div", { class: "tip", "aria-hidden": "true", hidden: true });
  const over = make("div", { class: "over-bar" });
  const slider = make("div", { class: "slider", role: "slider", tabindex: "0" }, loop, head);
  slider.setAttribute("aria-label", text.views.time);
  const field = make("div", { class: "field" }, tracks, slider, over, tip);
  const element = make("div", { class: "rows" }, heads, field);
  let rows = [];
  let range = null;
  let dragging = false;

  function timeUnder({ clientX }) {
    const { left, width } = field.getBoundingClientRect();
    return timeAt((clientX - left) / Math.max(1, width), range);
  }

  function showTip(event) {
    const time = timeUnder(event);
    tip.hidden = false;
    tip.textContent = `${clockText((time - range.from) / 1000)} · ${secondText(time)}`;
    tip.style.left = percent(placeOf(time, range) || 0);
  }

  function down(event) {
    if (event.button === 0 && range) {
      dragging = true;
      slider.setPointerCapture(event.pointerId);
      onScrub(timeUnder(event));
    }
  }

  function move(event) {
    if (range && (dragging || event.pointerType === "mouse")) {
      showTip(event);
    }
    if (range && dragging) {
      onScrub(timeUnder(event));
    }
  }

  function up() {
    tip.hidden = true;
    if (dragging) {
      dragging = false;
      onRelease();
    }
  }

  slider.addEventListener("pointerdown", down);
  slider.addEventListener("pointermove", move);
  slider.addEventListener("pointerup", up);
  slider.addEventListener("pointercancel", up);
  slider.addEventListener("pointerleave", () => !dragging && up());

  return {
    element,
    over,
    setViews(views) {
      rows = views.map((view) => makeRow(view, { onFocus, onHear }));
      heads.textContent = "";
      tracks.textContent = "";
      heads.append(...rows.map((row) => row.head));
      tracks.append(...rows.map((row) => row.track));
      element.classList.toggle("many", rows.length > MANY);
    },
    /** Shows where things are: `time` and `shown` {from, to} in ms, `lines` {id: {title, spans, focused, heard}}. */
    show({ time, shown, lines, looped }) {
      range = shown;
      rows.forEach((row) => {
        const { title, spans, focused, heard } = lines[row.id];
        if (row.title.textContent !== title) {
          row.title.textContent = title;
          row.ear.setAttribute("aria-label", text.views.hear(title));
        }
        row.name.setAttribute("aria-pressed", String(focused));
        row.ear.setAttribute("aria-pressed", String(heard));
        showPieces(row.track, range ? piecesOf(spans, range) : []);
      });
      const at = range && time !== null ? placeOf(Math.min(Math.max(time, range.from), range.to), range) : null;
      head.hidden = at === null;
      head.style.left = percent(at || 0);
      showLoop(looped);
      if (at !== null) {
        slider.setAttribute("aria-valuemin", "0");
        slider.setAttribute("aria-valuemax", String(Math.round((range.to - range.from) / 1000)));
        slider.setAttribute("aria-valuenow", String(Math.round((time - range.from) / 1000)));
        slider.setAttribute("aria-valuetext", clockText((time - range.from) / 1000));
      }
    },
  };

  function showLoop({ from, to }) {
    loop.hidden = from === null || range === null;
    if (!loop.hidden) {
      const [piece] = piecesOf([[from, to === null ? from + (range.to - range.from) / 400 : to]], range);
      loop.hidden = !piece;
      Object.assign(loop.style, piece ? { left: percent(piece.left), width: percent(piece.width) } : {});
    }
  }
}
