// A strip with a form: over the picture where there is room, or in full screen; else below the picture.

import { make } from "./dom.js";

// A picture that is narrower than this, in px, is hidden by what lies upon it.
const ROOM = 560;

/** Whether a video has room for more than its picture. In full screen there is no other place. */
export function isRoomy(video) {
  return Boolean(document.fullscreenElement) || video.clientWidth >= ROOM;
}

/** Makes a strip of elements; returns {open(), close(), isOpen()}. Escape closes it. */
export function createStrip(timeline, label, ...children) {
  const strip = make("div", { class: "strip", role: "group", "aria-label": label }, ...children);
  let before = null;

  function place() {
    const over = isRoomy(timeline.video());
    strip.classList.toggle("over", over);
    if (over) {
      timeline.over(strip);
    } else {
      strip.removeAttribute("slot");
      document.querySelector("main .line").before(strip);
    }
  }

  function close() {
    if (strip.isConnected) {
      const focused = strip.contains(document.activeElement);
      strip.remove();
      window.removeEventListener("keydown", pressed, true);
      if (focused && before && before.isConnected) {
        before.focus();
      }
    }
  }

  function pressed(event) {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  }

  // The picture below does not hear of clicks that are meant for the strip.
  ["pointerdown", "pointerup", "click"].forEach((name) => {
    strip.addEventListener(name, (event) => event.stopPropagation());
  });

  return {
    open() {
      if (!strip.isConnected) {
        before = document.activeElement;
        place();
        window.addEventListener("keydown", pressed, true);
      }
    },
    close,
    isOpen: () => strip.isConnected,
  };
}
