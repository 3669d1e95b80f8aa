// Makes the elements of the page with several views. Knows nothing of streams.

import { make } from "./dom.js";
import { text } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
// Drawn on a field of 24 by 24.
const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M6 5h4v14H6zM14 5h4v14h-4z",
  sound: "M4 9v6h4l5 5V4L8 9zM16 8a5 5 0 0 1 0 8v-2a3 3 0 0 0 0-4z",
  silent: "M4 9v6h4l5 5V4L8 9zM15 9l2-1 2 3 2-3 2 1-3 3 3 3-2 1-2-3-2 3-2-1 3-3z",
  grid: "M3 5h8v6H3zM13 5h8v6h-8zM3 13h8v6H3zM13 13h8v6h-8z",
  large: "M3 5h13v14H3zM18 5h3v4h-3zM18 10h3v4h-3zM18 15h3v4h-3z",
  full: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
  align: "M11 3h2v18h-2zM3 8h6v3H3zM15 13h6v3h-6z",
  loop: "M7 7h8V4l5 4-5 4V9H7v4H5V9a2 2 0 0 1 2-2zM17 17H9v3l-5-4 5-4v3h8v-4h2v4a2 2 0 0 1-2 2z",
  back: "M11 6v12l-8-6zM21 6v12l-8-6z",
  on: "M13 6v12l8-6zM3 6v12l8-6z",
};

/** An icon, which says nothing to who listens. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The tile of a picture that an event is on, or null: what lies over it has its own pointers. */
export function tileUnder({ target }) {
  return target.closest(".picture") || target.matches(".tile") ? target.closest(".tile") : null;
}

/** Changes the icon of an element that has one. */
export function setIcon(element, name) {
  element.querySelector("path").setAttribute("d", ICONS[name]);
}

/** A button with an icon; its name for who listens, and the hint for who points at it, is text.views[label]. */
export function iconButton(id, name, label = id) {
  const words = text.views[label];
  return make("button", { id, type: "button", class: "icon", "aria-label": words, title: words }, icon(name));
}

/** A tile: {element, picture: what holds the videos, change({…})}. `number` counts from 1. */
export function makeTile(id, number) {
  const videos = ["raised", "standby"].map((name) => {
    const video = make("video", { class: name, playsinline: "", "aria-hidden": "true", tabindex: "-1" });
    video.muted = true;
    return video;
  });
  const picture = make("div", { class: "picture" }, ...videos);
  const name = make("span", { class: "who" });
  const ear = make("span", { class: "ear" }, icon("sound"));
  const label = make("p", { class: "label" }, make("kbd", { text: String(number) }), name, ear);
  const why = make("p", { class: "why" });
  const element = make("section", { class: "tile", "data-view": id }, picture, label, why);
  return {
    element,
    picture,
    change({ title, reason, dim, focused, heard, absent }) {
      if (name.textContent !== title) {
        name.textContent = title;
        element.setAttribute("aria-label", text.views.view(number, title));
      }
      if (why.textContent !== reason) {
        why.textContent = reason;
      }
      Object.entries({ dim, focused, heard, absent }).forEach(([key, on]) => element.classList.toggle(key, on));
    },
  };
}
