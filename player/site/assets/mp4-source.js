// Plays a finished replay as a plain file, where its playlist cannot be played.

import { replayPosition, replaySpans, replayWall } from "./clock.js";
import { backOff } from "./poll.js";

function placeOf(replay, wall) {
  return wall === Infinity ? Infinity : replayPosition(replay, wall) || 0;
}

/**
 * Attaches a replay to the video element. `wall` is the wall-clock time to begin at, in ms; null begins at the
 * start, Infinity at the end. `play` tells whether it is to play. Calls onTrouble(true | false) when it stops and
 * begins to load.
 */
export function openMp4(video, { target, wall, play, onTrouble }) {
  const { replay } = target;
  let playing = play;
  let failures = 0;
  let retry = 0;
  let position = wall === null ? 0 : placeOf(replay, wall);

  function load() {
    clearTimeout(retry);
    video.src = replay.url;
    // Before the file is known this is where it begins: no frame of another place is shown first.
    video.currentTime = position === Infinity ? 0 : position;
  }

  function measured() {
    if (position === Infinity) {
      video.currentTime = video.duration;
    }
  }

  function loaded() {
    failures = 0;
    onTrouble(false);
  }

  function moved() {
    if (!video.error) {
      position = video.currentTime;
    }
  }

  // A source that fails pauses the element, and so does the next try: only in between it is the viewer's doing.
  function paused() {
    playing = playing && failures > 0;
  }

  function failed() {
    failures += 1;
    onTrouble(true);
    clearTimeout(retry);
    retry = setTimeout(() => {
      load();
      if (playing) {
        video.play().catch(() => {});
      }
    }, backOff(failures));
  }

  const listeners = { loadedmetadata: measured, loadeddata: loaded, timeupdate: moved, error: failed, pause: paused };
  listeners.play = () => (playing = true);
  Object.keys(listeners).forEach((name) => video.addEventListener(name, listeners[name]));
  load();

  return {
    target,
    wall: () => replayWall(replay, video.currentTime),
    wallOf: (at) => replayWall(replay, at),
    spans: () => replaySpans(replay),
    position: (at) => replayPosition(replay, at),
    isGone: () => false,
    isFresh: () => false,
    edge: () => null,
    follow() {},
    expectGrowth() {},
    setSpeed() {},
    retryNow() {
      if (failures > 0) {
        load();
      }
    },
    close() {
      clearTimeout(retry);
      Object.keys(listeners).forEach((name) => video.removeEventListener(name, listeners[name]));
      video.removeAttribute("src");
      video.load();
    },
  };
}
