// Keeps what memory.js says in the browser's storage. Where storage is forbidden, the page works and forgets.

import { replayWall } from "./clock.js";
import { NOTHING, parse, recall, remember } from "./memory.js";

const NAME = "scrimbox";
const SAVE_MS = 5000;

/** The storage is asked for anew each time: another tab may have written, and the mere question may be refused. */
function load() {
  try {
    return parse(window.localStorage.getItem(NAME));
  } catch {
    return NOTHING;
  }
}

function store(memory) {
  try {
    window.localStorage.setItem(NAME, JSON.stringify(memory));
  } catch {
    // Refused or full: nothing is remembered.
  }
}

/**
 * Remembers what is watched within `stage`: `video()` is the media element on screen, `replay()` the replay that it
 * shows or null, `speed()` what the viewer chose.
 */
export function setUpMemory(stage, { video, replay, speed }) {
  const { volume, muted } = load();
  let savedAt = 0;
  video().volume = volume;
  video().muted = muted;

  function save() {
    const shown = replay();
    const { currentTime, duration, readyState, ended } = video();
    if (shown && readyState > 0) {
      savedAt = performance.now();
      store(remember(load(), shown.file, { place: ended ? 0 : currentTime, duration, speed: speed() }, Date.now()));
    }
  }

  function saveNowAndThen() {
    if (performance.now() - savedAt > SAVE_MS) {
      save();
    }
  }

  function saveVolume({ target }) {
    if (target === video() && target.volume !== load().volume) {
      store({ ...load(), volume: target.volume });
    }
  }

  stage.addEventListener("timeupdate", saveNowAndThen, true);
  stage.addEventListener("volumechange", saveVolume, true);
  ["pause", "seeked"].forEach((name) => stage.addEventListener(name, save, true));
  window.addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());

  return {
    /** Remembers that the viewer wants no sound; that a browser starts without it says nothing of the viewer. */
    setMuted: (wanted) => store({ ...load(), muted: wanted }),
    /** Where a replay goes on: {wall, place, speed}, the wall clock in ms or null for its start. */
    recall(shown) {
      const { place, speed: chosen } = recall(load(), shown.file);
      const wall = place > 0 && place < shown.duration ? replayWall(shown, place) : null;
      return { place, speed: chosen, wall };
    },
  };
}
