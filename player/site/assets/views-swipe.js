// A finger that goes sideways over the picture goes to the next view.

import { tileUnder } from "./views-dom.js";

// A finger that has gone less far, in px, or more upwards than sideways, has not swiped.
const LEAST = 40;

/** What a finger that has gone so far, in px, means: 1 the next view, -1 the one before, 0 nothing. */
export function swipeOf(right, down) {
  if (Math.abs(right) < LEAST || Math.abs(right) < 1.5 * Math.abs(down)) {
    return 0;
  }
  return right < 0 ? 1 : -1;
}

/** Listens within `box`; calls onSwipe(1 | -1) if `isFree()` when the finger is lifted. */
export function setUpSwipe(box, { isFree, onSwipe }) {
  let start = null;

  box.addEventListener("pointerdown", (event) => {
    start = event.pointerType === "touch" && event.isPrimary && tileUnder(event) ? event : null;
  });
  box.addEventListener("pointerup", (event) => {
    const by = start && isFree() ? swipeOf(event.clientX - start.clientX, event.clientY - start.clientY) : 0;
    start = null;
    if (by !== 0) {
      onSwipe(by);
    }
  });
  box.addEventListener("pointercancel", () => (start = null));
}
