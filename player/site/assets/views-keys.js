// What each key does with several views: the keys of one stream, and some more. Pure.

import { actionOf, KEYS } from "./keys.js";

// A digit means a view here, and a picture of its own is for one video.
const NOT_HERE = ["seekToTenth", "pictureInPicture"];

export const VIEW_KEYS = [
  { group: "views", keys: [], shown: ["1 – 9"], does: "focusView" },
  { group: "views", keys: [], shown: ["shift", "1 – 9"], does: "hearView" },
  { group: "views", keys: ["g"], shown: ["G"], does: "layout" },
  { group: "views", keys: ["+", "="], shown: ["+"], does: "zoomBy", by: 1 },
  { group: "views", keys: ["-"], shown: ["−"], does: "zoomBy", by: -1 },
  { group: "views", keys: ["z"], shown: ["Z"], does: "zoomOff" },
  { group: "views", keys: ["a"], shown: ["A"], does: "align" },
  ...KEYS.filter(({ does }) => !NOT_HERE.includes(does)),
];

/** The number of the digit key, wherever the layout has put its sign; null for other keys. */
function digitOf({ code, key }) {
  const found = /^(?:Digit|Numpad)([1-9])$/.exec(code || "") || /^([1-9])$/.exec(key);
  return found ? Number(found[1]) : null;
}

/** The action {does, by} for a key press, as `actionOf` of keys.js, or null. */
export function viewActionOf(event, focus = "") {
  const digit = digitOf(event);
  const { ctrlKey, altKey, metaKey, shiftKey, repeat } = event;
  if (digit !== null && !ctrlKey && !altKey && !metaKey && focus !== "field") {
    return repeat ? null : { does: shiftKey ? "hearView" : "focusView", by: digit };
  }
  return actionOf(event, focus, VIEW_KEYS);
}
