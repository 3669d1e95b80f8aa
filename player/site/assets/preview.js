// What the time range says under the pointer.

import { clockText } from "./format.js";
import { say } from "./page.js";

/**
 * The position under the pointer, in s: media-chrome reckons as if what can be sought began at 0, but the window of a
 * live stream moves on.
 */
export function previewPosition(told, [start, end]) {
  return end > 0 ? start + (told / end) * (end - start) : told;
}

/** "1:02:03" into a recording, or "−0:42" behind the live `edge`, a position in s or null. */
export function previewText(position, edge) {
  return edge === null ? clockText(position) : `−${clockText(Math.max(0, edge - position))}`;
}

/** Puts the preview right: `range()` is what can be sought in s, `edge()` the live position in s or null. */
export function setUpPreview(controller, element, { range, edge }) {
  let own = false;
  controller.addEventListener(
    "mediapreviewrequest",
    (event) => {
      if (own || event.detail === null) {
        return;
      }
      const detail = previewPosition(Number(event.detail), range());
      say(element, previewText(detail, edge()));
      if (detail !== event.detail) {
        event.stopPropagation();
        own = true;
        event.target.dispatchEvent(new window.CustomEvent(event.type, { bubbles: true, composed: true, detail }));
        own = false;
      }
    },
    true,
  );
}
