// Enlarges the same part of the picture in every view: wheel and drag on a tile, two fingers, keys.

import { tileUnder } from "./views-dom.js";
import { moved, STEP, transformOf, WHOLE, zoomed } from "./zoom.js";

/** Sets it up within `box`; `pictures()` are the elements to enlarge. Returns {by(steps), off(), scale}. */
export function setUpZoom(box, pictures) {
  let zoom = WHOLE;
  const fingers = new Map();
  let apart = 0;

  function apply(next) {
    zoom = next;
    pictures().forEach((picture) => {
      picture.style.transform = transformOf(zoom);
    });
  }

  function pointIn(tile, { clientX, clientY }) {
    const { left, top, width, height } = tile.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  function wheel(event) {
    const tile = tileUnder(event);
    if (tile && event.deltaY !== 0) {
      event.preventDefault();
      apply(zoomed(zoom, event.deltaY < 0 ? STEP : 1 / STEP, ...pointIn(tile, event)));
    }
  }

  function down(event) {
    if (tileUnder(event) && event.button === 0) {
      fingers.set(event.pointerId, event);
      apart = 0;
    }
  }

  function move(event) {
    const before = fingers.get(event.pointerId);
    const tile = tileUnder(event);
    if (!before || !tile) {
      return;
    }
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) {
      pinch(tile);
    } else if (zoom.scale > 1) {
      const { width, height } = tile.getBoundingClientRect();
      apply(moved(zoom, (event.clientX - before.clientX) / width, (event.clientY - before.clientY) / height));
    }
  }

  function pinch(tile) {
    const [one, other] = [...fingers.values()];
    const distance = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    const middle = { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
    if (apart > 0) {
      apply(zoomed(zoom, distance / apart, ...pointIn(tile, middle)));
    }
    apart = distance;
  }

  function up({ pointerId }) {
    fingers.delete(pointerId);
    apart = 0;
  }

  box.addEventListener("wheel", wheel, { passive: false });
  box.addEventListener("pointerdown", down);
  box.addEventListener("pointermove", move);
  ["pointerup", "pointercancel", "pointerleave"].forEach((name) => box.addEventListener(name, up));

  return {
    by: (steps) => apply(zoomed(zoom, STEP ** steps)),
    off: () => apply(WHOLE),
    /** For a picture that has just come. */
    again: () => apply(zoom),
    get scale() {
      return zoom.scale;
    },
  };
}
