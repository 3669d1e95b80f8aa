// The page's elements: shows what the other modules found out. Knows nothing of streams.

import { clockText } from "./format.js";
import { text } from "./text.js";

// Further behind the live edge than this, in s, is called behind: a segment's length is not.
const LIVE_WITHIN_S = 3;

/** Fills in the words of all elements with data-text="NAME", and as an accessible name those with data-label. */
export function fillWords(root = document) {
  root.querySelectorAll("[data-text]").forEach((element) => {
    element.textContent = text.labels[element.dataset.text];
  });
  root.querySelectorAll("[data-label]").forEach((element) => {
    element.setAttribute("aria-label", text.labels[element.dataset.label]);
  });
}

/** Changes an element's words only if they differ: a live region speaks at every change. */
export function say(element, words) {
  if (element.textContent !== words) {
    element.textContent = words;
  }
}

/** The elements of the player's page by id. */
export function findElements() {
  const ids = [
    "badge",
    "controller",
    "copy",
    "from-start",
    "help",
    "hint",
    "link-field",
    "live",
    "log-in",
    "mark",
    "message",
    "preview",
    "review-button",
    "sheet",
    "sound",
    "speed",
    "speeds",
    "switch",
    "times",
    "title",
  ];
  return Object.fromEntries(ids.map((id) => [id, document.getElementById(id)]));
}

/** The live button: pressed at the live edge, else it says how far behind it one is. `behind` in s, or null. */
export function showLiveButton(button, behind) {
  button.hidden = behind === null;
  if (behind === null) {
    return;
  }
  const late = behind > LIVE_WITHIN_S;
  const words = late ? `−${clockText(behind)}` : text.labels.live;
  say(button, words);
  button.classList.toggle("late", late);
  button.setAttribute("aria-label", late ? `${text.behind(clockText(behind))}. ${text.labels.goLive}` : words);
}
